// swift-tools-version: 6.2

import Glibc
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .define("CHECKED", .when(configuration: .debug)),
]

// Generics over module borders stay unspecialised without it: four times the replay time.
let librarySettings: [SwiftSetting] =
  settings + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

// Inflates a log in a third of zlib's time. It is used where its headers are installed, unless the
// environment says INFLATE_BY=zlib.
let hasISAL =
  Context.environment["INFLATE_BY"] != "zlib"
  && access("/usr/include/isa-l/igzip_lib.h", R_OK) == 0
let inflateTargets: [Target] =
  hasISAL
  ? [.systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])])] : []
let inflateLibraries: [Target.Dependency] = hasISAL ? ["CZlib", "CISAL"] : ["CZlib"]

let package = Package(
  name: "vmareplay",
  products: [
    .executable(name: "vmareplay", targets: ["vmareplay"]),
    .library(name: "AddressSpaces", targets: ["AddressSpaces", "SyscallABI"]),
    .library(name: "TraceReading", targets: ["TraceReading", "SyscallABI"]),
    .library(name: "Replay", targets: ["Replay"]),
    .library(name: "Reports", targets: ["Reports"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    // A command of `swift package` alone, for `make docs`.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.3"),
  ],
  targets: inflateTargets + [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "SyscallABI", dependencies: [systemPackage], swiftSettings: librarySettings),
    .systemLibrary(name: "CPrefetch"),
    .target(
      name: "AddressSpaces", dependencies: ["CPrefetch", "SyscallABI", systemPackage],
      swiftSettings: librarySettings),
    .target(
      name: "TraceReading", dependencies: inflateLibraries + ["SyscallABI", systemPackage],
      swiftSettings: librarySettings),
    .target(
      name: "Replay", dependencies: ["SyscallABI", "AddressSpaces", systemPackage],
      swiftSettings: librarySettings),
    .target(
      name: "Reports", dependencies: ["Replay", "SyscallABI", "AddressSpaces", systemPackage],
      swiftSettings: librarySettings),
    .executableTarget(
      name: "vmareplay",
      dependencies: [
        "CZlib", "SyscallABI", "AddressSpaces", "TraceReading", "Replay", "Reports",
        argumentParser, histogram, systemPackage, subprocess,
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport",
      dependencies: ["SyscallABI", "AddressSpaces", systemPackage, subprocess],
      path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(
      name: "SyscallABITests", dependencies: ["SyscallABI", systemPackage],
      swiftSettings: settings),
    .testTarget(
      name: "AddressSpacesTests",
      dependencies: ["AddressSpaces", "SyscallABI", "TestSupport", systemPackage],
      swiftSettings: settings),
    .testTarget(
      name: "TraceReadingTests",
      dependencies: ["TraceReading", "CZlib", "SyscallABI", "TestSupport", systemPackage],
      swiftSettings: settings),
    .testTarget(
      name: "ReplayTests",
      dependencies: [
        "Replay", "AddressSpaces", "TraceReading", "SyscallABI", "TestSupport", systemPackage,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["Reports", "Replay", "AddressSpaces", "SyscallABI", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: ["vmareplay", "TestSupport", "CZlib", subprocess, systemPackage],
      swiftSettings: settings),
    // Performs memory calls for real, so that the model can be compared with the running kernel.
    .executableTarget(name: "KernelProbe", path: "Tests/KernelProbe"),
    .testTarget(
      name: "KernelTests",
      dependencies: [
        "KernelProbe", "AddressSpaces", "Replay", "TraceReading", "SyscallABI", "TestSupport",
        systemPackage,
        subprocess,
      ],
      exclude: ["Walker"], swiftSettings: settings),
    .testTarget(name: "TidyTests", dependencies: ["TestSupport"], swiftSettings: settings),
  ]
)
