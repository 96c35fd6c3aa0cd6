import AddressSpaces
public import ArgumentParser
public import Replay
import SyscallABI
import TraceReading

/// What every command that reads traces takes.
struct TraceOptions: ParsableArguments {
  @Flag(help: "Make malformed lines an error (status 65).")
  var strict = false
}

/// What every command that replays takes.
struct ReplayArguments: ParsableArguments {
  @Option(help: "Restrict the output to one process, named by its pid in the log.")
  var pid: Int32?

  @Option(
    help: ArgumentHelp(
      "Whose rules to follow: linux2.6, linux6 (6.18) or a version such as 6.1. "
        + "Default: the kernel that the trace names, else linux6.", valueName: "kernel"))
  var kernel: KernelChoice?

  @Option(
    help: ArgumentHelp(
      "The index of VMAs: rbtree, list, btree or array. All give the same answers; commands other "
        + "than replay and bench take several times as long on any but btree."))
  var index: IndexKind = .fastest

  @Option(
    help: ArgumentHelp(
      "The address space that was there before the first event: a saved /proc/PID/maps or smaps. "
        + "Without PID it belongs to the first process of the log.", valueName: "[pid=]file"))
  var initialMaps: [InitialMaps] = []

  @Option(
    help: ArgumentHelp(
      "A folder with the files of the recorded machine (/ for this one): for an execve without a "
        + "recorded map, the segments of executable and interpreter are mapped as their ELF files "
        + "say, where the log shows them.", valueName: "folder"))
  var sysroot: String?

  @Option(
    help: ArgumentHelp(
      "Which pages the program is taken to have written, which no log shows: smart, never, lazy "
        + "or eager; or a list of page faults, by PID TIME|@LINE 0xADDRESS w|r or perf script.",
      valueName: "assumption|file"))
  var faults = FaultChoice(assumption: .smart)
}

/// Where mappings are put that the log places.
struct PlacementOptions: ParsableArguments {
  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case recorded, model
  }

  @Option(
    help: ArgumentHelp(
      "recorded, or model: also predict the address of each mmap without a fixed one, of each "
        + "mremap that moves and of each shmat, and report how many match (the log's address is "
        + "taken all the same).", valueName: "who"))
  var placement: Mode = .recorded

  var isPredicted: Bool { placement == .model }
}

extension IndexKind: ExpressibleByArgument {}

/// An assumption, or the file of a list.
struct FaultChoice: ExpressibleByArgument {
  var assumption: FaultAssumption
  /// The file of a list; nil for an assumption.
  var path: String?
  /// What messages call the list.
  private(set) var name = ""

  init(assumption: FaultAssumption) { self.assumption = assumption }

  init?(argument: String) {
    assumption = FaultAssumption(rawValue: argument) ?? .smart
    if FaultAssumption(rawValue: argument) == nil { path = argument }
    name = argument
    if argument.isEmpty { return nil }
  }

  var defaultValueDescription: String { assumption.rawValue }
}

/// A kernel as `--kernel` names it; for `explain` also two with a comma between.
struct KernelChoice: ExpressibleByArgument {
  let name: String
  let profile: KernelProfile
  /// The names after the comma.
  private let rest: String?

  /// The kernel before the comma.
  var first: KernelChoice { KernelChoice(name: name, profile: profile, rest: nil) }
  /// The kernel after the comma; nil if only one is named.
  var second: KernelChoice? { rest.flatMap { KernelChoice(argument: $0) } }

  private init(name: String, profile: KernelProfile, rest: String?) {
    self.name = name
    self.profile = profile
    self.rest = rest
  }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2 else { return nil }
    if parts.count == 2 && KernelChoice(argument: parts[1]) == nil { return nil }
    name = parts[0]
    rest = parts.count == 2 ? parts[1] : nil
    switch name {
    case "linux2.6": profile = .linux2_6
    case "linux6": profile = .linux6
    default:
      guard let version = KernelVersion(text: name) else { return nil }
      profile = KernelProfile(version: version)
    }
  }
}

extension KernelVersion {
  /// `6.1`, `6.18.44`, and what follows the numbers in a release name (`6.1.0-32-amd64`).
  init?(text: String) {
    let release = text.prefix { $0.isNumber || $0 == "." }
    let parts = release.split(separator: ".").prefix(3).map { UInt16($0) }
    guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.init(major, minor, parts.count > 2 ? parts[2] ?? 0 : 0)
  }
}

/// `[PID=]FILE`.
struct InitialMaps: ExpressibleByArgument {
  let pid: PID
  var path: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, let number = Int32(parts[0]) {
      pid = PID(number)
      path = String(parts[1])
    } else {
      pid = .none
      path = argument
    }
    if path.isEmpty { return nil }
  }
}
