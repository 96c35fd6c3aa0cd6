import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// Which error mremap gives in 2.6, where it is not that of newer kernels.
@Suite struct OldRemapTests {
  private func error(
    _ profile: KernelProfile, from: Int, _ count: Int, newCount: Int, _ flags: RemapFlags
  ) throws -> Errno? {
    var space = AddressSpace<RedBlackTreeIndex>(profile: profile)
    try space.mmap(
      at: column(0), length: pages(2), prot: .read | .write,
      flags: .private | .anonymous | .fixed)
    let predicted = space.predictMremap(
      column(from), oldSize: pages(count), newSize: pages(newCount), flags: flags)
    var thrown: Errno?
    do throws(Errno) {
      try space.mremap(
        column(from), oldSize: pages(count), newSize: pages(newCount), flags: flags,
        result: column(newCount > count ? 20 : from))
    } catch {
      thrown = error
    }
    #expect(predicted == thrown)
    return thrown
  }

  /// 2.6 only unmaps the tail, and never looks whether there is a VMA.
  @Test func whatShrinksInPlaceIsNotLookedFor() throws {
    for (count, newCount) in [(2, 1), (2, 2)] {
      #expect(try error(.linux2_6, from: 5, count, newCount: newCount, .none) == nil)
      #expect(try error(.linux6, from: 5, count, newCount: newCount, .none) == .badAddress)
    }
    #expect(try error(.linux2_6, from: 5, 1, newCount: 2, .mayMove) == .badAddress)
  }

  /// An old size of 0 copied private memory too, without its pages.
  @Test func privateMemoryIsCopied() throws {
    #expect(try error(.linux2_6, from: 0, 0, newCount: 2, .mayMove) == nil)
    #expect(try error(.linux6, from: 0, 0, newCount: 2, .mayMove) == .invalidArgument)
  }
}

/// In which order mremap asks and acts before 6.17: rows that tell the orders apart.
///
/// Under 2.6.32 they follow its source; for the kernels between, what is not asked here is not
/// known: where they look whether memory is sealed, and since when equal sizes pass any limit.
@Suite struct RemapOrderTests {
  /// One call on a drawing: `S` is where it begins, other letters are other VMAs.
  struct Row: CustomTestStringConvertible, Sendable {
    var what: String
    var before: String
    var from: Int
    var count: Int
    var newCount: Int
    var flags: RemapFlags
    var target = 20
    var limits: @Sendable (inout AddressSpaceLimits) -> Void = { _ in }
    var locked = false
    /// The error and the map afterwards.
    var old: (Errno?, String)
    var new: (Errno?, String)

    var testDescription: String { what }
  }

  private static let fixed: RemapFlags = .mayMove | .fixed

  static let table: [Row] = [
    Row(
      what: "the target goes before the source is missed", before: "    TTT", from: 0, count: 1,
      newCount: 1, flags: fixed, target: 4, old: (.badAddress, "     TT"),
      new: (.badAddress, "    TTT")),
    Row(
      what: "the target goes before the source is found too short", before: "SS  TTT", from: 0,
      count: 3, newCount: 4, flags: fixed, target: 4, old: (.badAddress, "SS"),
      new: (.badAddress, "SS  TTT")),
    Row(
      what: "the tail goes before the source is missed", before: "  TT", from: 0, count: 4,
      newCount: 2, flags: fixed, target: 8, old: (.badAddress, ""), new: (.badAddress, "  TT")),
    Row(
      what: "the target goes before RLIMIT_AS refuses growth", before: "SS  T", from: 0, count: 2,
      newCount: 4, flags: fixed, target: 4, limits: { $0.addressSpace = pages(3) },
      old: (.noMemory, "SS"), new: (.noMemory, "SS  T")),
    Row(
      what: "what the target frees is there again", before: "SS  TT", from: 0, count: 2,
      newCount: 4, flags: fixed, target: 4, limits: { $0.addressSpace = pages(5) },
      old: (nil, "    NNNN"), new: (.noMemory, "SS  TT")),
    Row(
      what: "memory that cannot be charged", before: "SS", from: 0, count: 2, newCount: 4,
      flags: .mayMove,
      limits: {
        $0.overcommit = .never
        $0.commitLimit = pages(3)
      }, old: (.badAddress, "SS"), new: (.noMemory, "SS")),
    Row(
      what: "memory that cannot be charged, of locked memory", before: "SS", from: 0, count: 2,
      newCount: 4, flags: .mayMove,
      limits: {
        $0.overcommit = .never
        $0.commitLimit = pages(3)
      }, locked: true, old: (.resourceTemporarilyUnavailable, "SS"), new: (.noMemory, "SS")),
    Row(
      what: "RLIMIT_MEMLOCK before RLIMIT_AS", before: "SS", from: 0, count: 2, newCount: 4,
      flags: .mayMove,
      limits: {
        $0.memLock = pages(3)
        $0.addressSpace = pages(3)
      }, locked: true, old: (.resourceTemporarilyUnavailable, "SS"),
      new: (.resourceTemporarilyUnavailable, "SS")),
    Row(
      what: "equal sizes above a limit that was lowered", before: "SS", from: 0, count: 2,
      newCount: 2, flags: fixed, target: 8, limits: { $0.addressSpace = pages(1) },
      old: (.noMemory, "SS"), new: (nil, "        SS")),
    Row(
      what: "larger than everything, to stay or move", before: "SS", from: 0, count: 2,
      newCount: 1 << 36, flags: .mayMove, old: (.noMemory, "SS"), new: (.invalidArgument, "SS")),
    Row(
      what: "larger than everything, of nothing", before: "  SS", from: 0, count: 2,
      newCount: 1 << 36, flags: .mayMove, old: (.badAddress, "  SS"),
      new: (.invalidArgument, "  SS")),
    Row(
      what: "larger than everything, to a target", before: "SS", from: 0, count: 2,
      newCount: 1 << 36, flags: fixed, old: (.invalidArgument, "SS"),
      new: (.invalidArgument, "SS")),
    Row(
      what: "nothing, to where it is", before: "SS", from: 0, count: 0, newCount: 1, flags: fixed,
      target: 0, old: (.invalidArgument, "SS"), new: (.invalidArgument, "SS")),
    Row(
      what: "an overlap", before: "SSS", from: 0, count: 2, newCount: 2, flags: fixed, target: 1,
      old: (.invalidArgument, "SSS"), new: (.invalidArgument, "SSS")),
    Row(
      what: "a target without leave to move", before: "SS TT", from: 0, count: 2, newCount: 2,
      flags: .fixed, target: 3, old: (.invalidArgument, "SS TT"), new: (.invalidArgument, "SS TT")),
    Row(
      what: "growth into a neighbour", before: "SSTT", from: 0, count: 2, newCount: 3,
      flags: .none, old: (.noMemory, "SSTT"), new: (.noMemory, "SSTT")),
    Row(
      what: "a move near the map limit", before: "SSTT", from: 0, count: 2, newCount: 3,
      flags: .mayMove, limits: { $0.maxMapCount = 5 }, old: (.noMemory, "SSTT"),
      new: (.noMemory, "SSTT")),
    Row(
      what: "a target whose cut exceeds the map limit", before: "SS TTT", from: 0, count: 2,
      newCount: 1, flags: fixed, target: 4, limits: { $0.maxMapCount = 2 },
      old: (.noMemory, "SS TTT"), new: (.noMemory, "SS TTT")),
  ]

  @Test(arguments: table)
  func errorsAndWhatTheyLeave(_ row: Row) throws {
    for (profile, expected) in [(KernelProfile.linux2_6, row.old), (.linux6, row.new)] {
      var space = TreeSpace(profile: profile)
      for (letter, range) in Canvas.runs(row.before) {
        // Neighbours are kept apart, and the source is of its own.
        let prot: Protection = letter == "S" ? .read | .write : .read | .write | .exec
        try space.mmap(
          at: range.start, length: range.length, prot: prot,
          flags: .private | .anonymous | .fixed)
      }
      if row.locked { try space.mlock(column(row.from), length: pages(row.count)) }
      row.limits(&space.limits)
      let target = row.flags.contains(.fixed) ? column(row.target) : nil
      let foretold = space.predictMremap(
        column(row.from), oldSize: pages(row.count), newSize: pages(row.newCount),
        flags: row.flags, newAddress: target)
      var thrown: Errno?
      do throws(Errno) {
        try space.mremap(
          column(row.from), oldSize: pages(row.count), newSize: pages(row.newCount),
          flags: row.flags, newAddress: target, result: target ?? column(row.from))
      } catch {
        thrown = error
      }
      #expect(thrown == expected.0, "\(profile.version)")
      #expect(foretold == thrown, "\(profile.version)")
      #expect(borders(space) == borders(expected.1), "\(profile.version)")
      space.checkInvariants()
    }
  }

  /// Huge pages could not be moved at all, whatever else was wrong.
  @Test func hugePages() throws {
    for profile in [KernelProfile.linux2_6, .linux6] {
      let errno = profile == .linux6 ? Errno.badAddress : .invalidArgument
      var space = TreeSpace(profile: profile)
      try space.mmap(
        at: Address(0x7000_0000_0000), length: 2 << 20, prot: .read,
        flags: .private | .anonymous | .hugeTLB, file: FileDescriptionID(3))
      #expect(
        space.predictMremap(
          Address(0x7000_0000_0000), oldSize: 8 << 20, newSize: 16 << 20, flags: .mayMove)
          == errno)
    }
  }

  /// The rules come one by one.
  @Test(arguments: [
    (KernelVersion(2, 6, 32), Errno.badAddress, Errno.invalidArgument),
    (KernelVersion(4, 0), .badAddress, .invalidArgument),
    (KernelVersion(4, 1), .noMemory, .invalidArgument),
    (KernelVersion(4, 3), .noMemory, .badAddress), (KernelVersion(6, 16), .noMemory, .badAddress),
  ])
  func versions(_ version: KernelVersion, charge: Errno, empty: Errno) throws {
    var space = TreeSpace(profile: KernelProfile(version: version))
    try space.mmap(
      at: column(0), length: pages(2), prot: .read | .write,
      flags: .private | .anonymous | .fixed)
    #expect(
      space.predictMremap(
        column(0), oldSize: 0, newSize: pages(1), flags: Self.fixed, newAddress: column(0))
        == empty)
    space.limits.overcommit = .never
    space.limits.commitLimit = pages(3)
    #expect(
      space.predictMremap(column(0), oldSize: pages(2), newSize: pages(4), flags: .mayMove)
        == charge)
  }
}
