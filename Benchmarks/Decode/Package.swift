// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Decode",
  dependencies: [.package(name: "vmareplay", path: "../..")],
  targets: [
    .executableTarget(
      name: "decode",
      dependencies: [
        .product(name: "TraceReading", package: "vmareplay"),
        .product(name: "Replay", package: "vmareplay"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
