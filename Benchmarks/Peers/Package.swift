// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Peers",
  dependencies: [.package(name: "vmareplay", path: "../..")],
  targets: [
    .target(
      name: "CPeers", cSettings: [.unsafeFlags(["-O2"])], cxxSettings: [.unsafeFlags(["-O2"])]),
    .executableTarget(
      name: "peers",
      dependencies: [
        "CPeers", .product(name: "AddressSpaces", package: "vmareplay"),
        .product(name: "Replay", package: "vmareplay"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-cross-module-optimization"])],
      linkerSettings: [.linkedLibrary("stdc++")]),
  ],
  cxxLanguageStandard: .cxx17
)
