// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "vmareplay", path: "..")],
  targets: [
    // libFuzzer has the `main`. To be built with `swift build --sanitize fuzzer`.
    .executableTarget(
      name: "FuzzReader", dependencies: [.product(name: "TraceReading", package: "vmareplay")],
      swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
  ]
)
