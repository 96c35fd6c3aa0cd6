import SyscallABI
import Testing

@testable import AddressSpaces

/// Programs of which the log does not tell how many VMAs they have, and why.
@Suite struct CounterexampleTests {
  private static let rw: Protection = .read | .write
  private static let rwx: Protection = .read | .write | .exec

  /// What the runs reach, and what the reading says.
  private func read(
    _ program: [CertainCall]
  ) -> (reached: ClosedRange<Int>, said: ClosedRange<Int>, reading: CertainAddressSpace) {
    var runs = FaultSchedules()
    var reading = CertainAddressSpace(profile: .linux6)
    for call in program {
      let (result, after) = runs.applying(call)[0]
      call.perform(on: &reading, result: result, after: after.runs[0].space)
      runs = after
    }
    return (runs.mapCounts, reading.mapCountMin...reading.mapCountMax, reading)
  }

  /// Never written, it is what fresh memory is; written, it keeps VM_ACCOUNT.
  @Test func readWriteMadeReadOnlyNextToFreshReadOnly() {
    let (reached, said, reading) = read([
      .mmap(0, 1, Self.rw, populate: false), .mprotect(0, 1, .read),
      .mmap(1, 2, .read, populate: false),
    ])
    #expect(reached == 1...2)
    #expect(said == 1...2)
    #expect(reading.maybeBoundaries(.account) == 1)
  }

  /// Never written, it is as if made at its new place; written, it keeps its hidden offset.
  @Test func movedMemoryNextToFreshMemory() {
    let (reached, said, reading) = read([
      .mmap(0, 1, Self.rw, populate: false), .mmap(4, 5, Self.rw, populate: false),
      .move(0, 1, to: 3),
    ])
    #expect(reached == 1...2)
    #expect(said == 1...2)
    #expect(reading.maybeBoundaries(.offset) == 1)
  }

  /// Here writing more gives fewer VMAs: the page in the middle hands the anon_vma on.
  @Test func aWrittenPageBetweenWrittenRanges() {
    let (reached, said, reading) = read([
      .mmap(0, 1, Self.rw, populate: true), .mmap(1, 2, Self.rwx, populate: false),
      .mmap(2, 3, Self.rw, populate: true), .mmap(1, 2, Self.rw, populate: false),
    ])
    #expect(reached == 1...2)
    #expect(said == 1...2)
    #expect(reading.maybeBoundaries(.written) == 1)
  }

  @Test func whatNobodyWroteIsCertain() {
    let (reached, said, reading) = read([
      .mmap(0, 4, .read, populate: false), .mprotect(1, 2, Protection(rawValue: 0)),
      .mprotect(1, 2, .read), .munmap(3, 4),
    ])
    #expect(reached == 1...1)
    #expect(said == 1...1)
    #expect(reading.maybeBoundaries == 0)
  }

  /// Access that is given back leaves no doubt, although it may have been written before, after or
  /// never.
  @Test func accessTakenAndGivenBack() {
    let (reached, said, _) = read([
      .mmap(0, 4, Self.rw, populate: false), .mprotect(2, 4, Self.rwx), .mprotect(2, 4, Self.rw),
    ])
    #expect(reached == 1...1)
    #expect(said == 1...1)
  }

  /// In the parent the pieces merge again; in the child each has an anon_vma of its own.
  @Test func cutBeforeAFork() {
    let cut: [CertainCall] = [.mmap(0, 3, Self.rw, populate: true), .mprotect(1, 2, .read)]
    let parent = read(cut + [.mprotect(1, 2, Self.rw)])
    #expect(parent.reached == 1...1)
    #expect(parent.said == 1...1)
    let child = read(cut + [.fork, .mprotect(1, 2, Self.rw)])
    #expect(child.reached == 3...3)
    #expect(child.said.contains(3))
  }

  /// The kernel's own map settles it.
  @Test func aSnapshotNarrows() {
    var (_, said, reading) = read([
      .mmap(0, 1, Self.rw, populate: false), .mprotect(0, 1, .read),
      .mmap(1, 2, .read, populate: false),
    ])
    #expect(said == 1...2)
    let flags: VMAFlags = [.read, .mayRead, .mayWrite, .mayExec]
    reading.observe([
      ObservedVMA(range: CertainCall.range(0, 1), flags: flags.union(.account), isWritten: true),
      ObservedVMA(range: CertainCall.range(1, 2), flags: flags),
    ])
    #expect(reading.mapCountMin == 2)
    #expect(reading.mapCountMax == 2)
    reading.observe([ObservedVMA(range: CertainCall.range(0, 2), flags: flags)])
    said = reading.mapCountMin...reading.mapCountMax
    #expect(said == 1...1)
  }
}
