import AddressSpaces
import ArgumentParser

/// Limits other than those of the recording.
struct LimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("What if vm.max_map_count were N.", valueName: "max_map_count=n"))
  var limit: MapCountLimit?

  @Option(help: ArgumentHelp("What if RLIMIT_AS were so many bytes.", valueName: "bytes"))
  var rlimitAs: ByteCount?

  @Option(help: ArgumentHelp("What if RLIMIT_DATA were so many bytes.", valueName: "bytes"))
  var rlimitData: ByteCount?

  @Option(help: ArgumentHelp("What if RLIMIT_MEMLOCK were so many bytes.", valueName: "bytes"))
  var rlimitMemlock: ByteCount?

  var isGiven: Bool {
    limit != nil || rlimitAs != nil || rlimitData != nil || rlimitMemlock != nil
  }

  func apply(to limits: inout AddressSpaceLimits) {
    if let limit { limits.maxMapCount = limit.count }
    if let rlimitAs { limits.addressSpace = rlimitAs.bytes }
    if let rlimitData { limits.data = rlimitData.bytes }
    if let rlimitMemlock { limits.memLock = rlimitMemlock.bytes }
  }
}

/// `max_map_count=N`.
struct MapCountLimit: ExpressibleByArgument {
  let count: Int

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "max_map_count", let count = Int32(parts[1]), count >= 0
    else { return nil }
    self.count = Int(count)
  }
}
