import SyscallABI
import Testing

@testable import AddressSpaces

/// Programs whose interval once was too narrow: random ones, cut down to what matters.
@Suite struct EnclosedProgramTests {
  private static let none = Protection(rawValue: 0)
  private static let rw: Protection = .read | .write
  private static let rwx: Protection = .read | .write | .exec

  private static func map(_ a: Int, _ b: Int, _ prot: Protection) -> CertainCall {
    .mmap(a, b, prot, populate: false)
  }

  private static func write(_ a: Int, _ b: Int) -> CertainCall {
    .mmap(a, b, rw, populate: true)
  }

  private static let leavingLocks: [[CertainCall]] = [
    [
      map(3, 4, rw), .brk(from: 0, to: 2), .grow(3, 4, to: 5), .leave(0, 1, to: 1), .mlock(0, 4),
      .leave(0, 2, to: 2),
    ],
    [write(0, 4), write(0, 1), .move(2, 3, to: 0), .mlock(0, 2), .leave(0, 2, to: 2)],
    [.brk(from: 0, to: 2), .mlock(0, 2), .brk(from: 2, to: 3), .leave(1, 3, to: 3)],
    [map(0, 4, none), .mlock(0, 4), map(2, 3, rw), .leave(0, 4, to: 4)],
    [
      map(0, 4, rwx), .move(0, 4, to: 5), map(0, 4, rwx), .move(2, 3, to: 0), .mlock(0, 2),
      .leave(0, 2, to: 2),
    ],
  ]

  private static let handingOn: [[CertainCall]] = [
    [
      map(0, 2, rwx), .mprotect(1, 2, .read), .mprotect(0, 4, .read), .fork,
      .advise(1, 2, .guardInstall),
    ],
    [map(0, 2, rw), map(1, 2, .read), .mprotect(0, 2, .read), .fork, .advise(1, 3, .guardInstall)],
    [
      map(0, 4, rw), .mprotect(1, 3, rwx), .mprotect(0, 2, rwx), .leave(2, 3, to: 5),
      .mprotect(3, 4, rwx),
    ],
    [write(0, 1), .fork, .brk(from: 2, to: 3), .grow(0, 1, to: 2)],
  ]

  private static let copyingLocked: [[CertainCall]] = [
    [map(0, 4, none), .mlock(0, 2), .mprotect(1, 3, rw), .mprotect(0, 4, rwx)],
    [write(0, 4), .mlock(1, 3), map(0, 2, none), .mlock(1, 2), .mprotect(0, 4, rwx)],
    [
      map(2, 3, rw), map(0, 2, none), .move(1, 2, to: 0), map(1, 2, .read), .mlock(0, 4),
      .mprotect(0, 4, rw),
    ],
    [
      map(1, 3, .read), .advise(0, 4, .guardInstall), .mprotect(0, 1, rw), map(0, 2, none),
      .mlock(1, 3), .mprotect(0, 4, rwx),
    ],
    [
      map(0, 4, none), map(0, 1, none), .advise(1, 2, .guardInstall), map(0, 1, .read),
      .mlock(0, 2), .mprotect(0, 4, rw),
    ],
    [
      write(0, 4), map(0, 2, .read), .leave(2, 3, to: 0), .mlock(1, 2), .mprotect(0, 2, rw),
      .munlock(1, 2),
    ],
  ]

  private static let movingSeveral: [[CertainCall]] = [
    [
      .brk(from: 1, to: 3), .move(1, 3, to: 5), .fork, map(0, 1, .read), .advise(5, 6, .wipeOnFork),
      map(5, 6, rw), .move(0, 4, to: 4),
    ],
    [
      map(0, 2, rwx), .leave(1, 2, to: 2), .move(1, 3, to: 5), .move(2, 3, to: 1),
      .leave(0, 4, to: 4),
    ],
    [write(0, 4), .leave(0, 2, to: 3), .munmap(1, 3), .leave(0, 4, to: 4)],
    [write(0, 4), .mprotect(0, 2, none), .leave(1, 3, to: 3)],
    [map(0, 2, .read), .move(1, 2, to: 4), .fork, .move(0, 5, to: 8)],
  ]

  @Test(arguments: leavingLocks + handingOn + copyingLocked + movingSeveral)
  func isEnclosed(program: [CertainCall]) {
    for profile in EnclosureTests.otherProfiles + [.linux6] {
      var search = ProgramSearch(program)
      search.follow(
        program[...], FaultSchedules(profile: profile), CertainAddressSpace(profile: profile))
      #expect(search.failure == nil, "\(program)")
      #expect(search.states >= program.count)
    }
  }
}
