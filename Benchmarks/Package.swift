// swift-tools-version: 6.1

// The benchmarks under ordo-one/benchmark. A package of its own, so that nobody who uses or builds
// vmareplay resolves what only they need.

import PackageDescription

func benchmark(_ name: String, _ products: String...) -> Target {
  .executableTarget(
    name: "\(name)Benchmark",
    dependencies: ["Workload", .product(name: "Benchmark", package: "benchmark")]
      + products.map { .product(name: $0, package: "vmareplay") },
    path: "Benchmarks/\(name)",
    swiftSettings: [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))],
    plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "vmareplay", path: ".."),
    // Without its traits: the interposers would count mallocs, which callgrind does here.
    .package(url: "https://github.com/ordo-one/benchmark.git", exact: "1.38.1", traits: []),
  ],
  targets: [
    .target(
      name: "Workload",
      dependencies: [
        .product(name: "AddressSpaces", package: "vmareplay"),
        .product(name: "TraceReading", package: "vmareplay"),
        .product(name: "Replay", package: "vmareplay"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Workload",
      swiftSettings: [
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))
      ]),
    benchmark("FindVMA", "AddressSpaces", "Replay"),
    benchmark("MergeVMA", "AddressSpaces", "Replay"),
    benchmark("Decode", "TraceReading"),
    benchmark("Replay", "AddressSpaces", "Replay"),
  ]
)
