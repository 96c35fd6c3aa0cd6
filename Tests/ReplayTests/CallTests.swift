import AddressSpaces
import Replay
import SyscallABI
import Testing

/// Results of calls: what the kernel did is done, and where the model disagrees that is counted.
@Suite struct CallTests {
  static let map = """
    7f0000000000-7f0000004000 rw-p 00000000 00:00 0
    7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]

    """

  @Test func failedCallsChangeWhatTheKernelChanges() throws {
    let replay = try LogReplay(
      "10001 mprotect(0x7f0000003000, 8192, PROT_READ) = -1 ENOMEM (Cannot allocate memory)\n",
      initialMaps: Self.map)
    #expect(
      replay.map(of: 10001) == [
        "7f0000000000-7f0000003000 rw-p", "7f0000003000-7f0000004000 r--p",
        "7ffc00000000-7ffc00021000 rw-p [stack]",
      ])
    #expect(replay.total.divergences == 0)
  }

  @Test func anUnexpectedFailureChangesNothingAndIsCounted() throws {
    let replay = try LogReplay(
      "10001 munmap(0x7f0000001000, 4096) = -1 ENOMEM (Cannot allocate memory)\n",
      initialMaps: Self.map)
    #expect(replay.map(of: 10001).count == 2)
    #expect(replay.total.divergences == 1)
    guard case .failed(recorded: 12)? = replay.verifier.divergences.first?.kind else {
      Issue.record("\(replay.verifier.divergences)")
      return
    }
  }

  @Test func anUnexpectedSuccessIsDoneAndCounted() throws {
    let replay = try LogReplay(
      "10001 mprotect(0x7f0000003000, 8192, PROT_READ) = 0\n", initialMaps: Self.map)
    #expect(replay.map(of: 10001)[1] == "7f0000003000-7f0000004000 r--p")
    #expect(replay.total.divergences == 1)
  }

  @Test func injectedResultsDidNotHappen() throws {
    let replay = try LogReplay(
      "10001 munmap(0x7f0000000000, 16384) = 0 (INJECTED)\n", initialMaps: Self.map)
    #expect(replay.map(of: 10001).count == 2)
    #expect(replay.total.divergences == 0)
  }

  /// Two vectors, of which the call did as many bytes as it returned.
  @Test(arguments: [
    ("MADV_DONTDUMP", "8192", ["0000-1000", "1000-2000", "2000-3000", "3000-4000"]),
    ("MADV_DONTDUMP", "4096", ["0000-1000", "1000-4000"]),
    ("MADV_DONTDUMP", "-1 ENOMEM (Cannot allocate memory)", ["0000-1000", "1000-4000"]),
    ("MADV_DONTDUMP", "-1 EINVAL (Invalid argument)", ["0000-4000"]),
    // That may be about another process, and leaves no trace either way.
    ("MADV_COLD", "8192", ["0000-4000"]),
  ])
  func processMadviseIsAboutTheCaller(
    advice: String, result: String, ranges: [String]
  ) throws {
    let second = result == "8192" ? "0x7f0000002000" : "0x7e0000000000"
    let replay = try LogReplay(
      "10001 process_madvise(3<anon_inode:[pidfd]>, [{iov_base=0x7f0000000000, iov_len=4096}, "
        + "{iov_base=\(second), iov_len=4096}], 2, \(advice), 0) = \(result)\n",
      initialMaps: Self.map)
    let expected = ranges.map { range in
      range.split(separator: "-").map { "7f000000\($0)" }.joined(separator: "-") + " rw-p"
    }
    #expect(replay.map(of: 10001).dropLast() == expected[...])
    #expect(replay.total.divergences == 0)
  }

  @Test func aMunmapOfNothingIsAllowed() throws {
    let replay = try LogReplay("10001 munmap(0x7e0000000000, 4096) = 0\n", initialMaps: Self.map)
    #expect(replay.total.divergences == 0)
    #expect(replay.total.events[.munmap] == 1)
  }

  @Test func theHeapIsNamedAndMoves() throws {
    let replay = try LogReplay(
      "10001 brk(NULL) = 0x560000000000\n10001 brk(0x560000021000) = 0x560000021000\n"
        + "10001 brk(0x560000010000) = 0x560000010000\n")
    #expect(replay.map(of: 10001) == ["560000000000-560000010000 rw-p [heap]"])
    #expect(replay.total.totalVM == 16)
  }

  /// A map shows the break to the page; brk(NULL) says it exactly, and that is no difference.
  @Test func theBreakOfAMapIsToldByTheFirstQuestion() throws {
    let replay = try LogReplay(
      "10001 brk(NULL) = 0x560000020010\n10001 brk(0x560000022000) = 0x560000022000\n",
      initialMaps: "560000000000-560000021000 rw-p 00000000 00:00 0 [heap]\n")
    #expect(replay.map(of: 10001) == ["560000000000-560000022000 rw-p [heap]"])
    #expect(replay.total.divergences == 0)
  }

  @Test func aRefusedBreakStaysWhereItWas() throws {
    let replay = try LogReplay(
      "10001 brk(NULL) = 0x560000000000\n10001 brk(0x560000021000) = 0x560000000000\n")
    #expect(replay.map(of: 10001) == [])
  }

  @Test func sharedAnonymousMappingsAreEachTheirOwn() throws {
    let call = "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)"
    let replay = try LogReplay("10001 \(call) = 0x7f0000001000\n10001 \(call) = 0x7f0000000000\n")
    #expect(
      replay.map(of: 10001) == [
        "7f0000000000-7f0000001000 rw-s /dev/zero", "7f0000001000-7f0000002000 rw-s /dev/zero",
      ])
    #expect(replay.total.boundaries[.file] == 1)
  }

  @Test func segmentsHaveTheSizeOfTheirShmget() throws {
    let replay = try LogReplay(
      "10001 shmget(IPC_PRIVATE, 10000, IPC_CREAT|0600) = 77\n10001 shmat(77, NULL, 0) = 0x7f0000000000\n"
        + "10001 shmat(77, NULL, SHM_RDONLY) = 0x7f0000010000\n10001 shmdt(0x7f0000000000) = 0\n")
    #expect(replay.map(of: 10001) == ["7f0000010000-7f0000013000 r--s /SYSV00000000"])
  }

  @Test func segmentsAreNamedByTheirKey() throws {
    let replay = try LogReplay(
      "1 shmget(0x4d2, 10000, IPC_CREAT|0600) = 7\n1 shmget(0x4d2, 0, 0600) = 7\n"
        + "1 shmat(7, NULL, 0) = 0x7f0000000000\n")
    #expect(replay.map(of: 1) == ["7f0000000000-7f0000003000 rw-s /SYSV000004d2"])
  }

  /// RLIMIT_MEMLOCK binds a program that is known not to be privileged.
  @Test func lockedMemoryIsLimited() throws {
    let limit = "1 prlimit64(0, RLIMIT_MEMLOCK, {rlim_cur=8192, rlim_max=8192}, NULL) = 0\n"
    let none = limit.replacing("8192", with: "0")
    let full = "1 mlock(0x7f0000000000, 16384) = -1 ENOMEM (Cannot allocate memory)\n"
    let denied = "1 mlock(0x7f0000000000, 4096) = -1 EPERM (Operation not permitted)\n"
    let locks = "1 mlock(0x7f0000000000, 8192) = 0\n"
    let again =
      "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_LOCKED, -1, 0) = -1 EAGAIN (R)\n"
    let all = "1 mlockall(MCL_CURRENT) = -1 ENOMEM (Cannot allocate memory)\n"
    func divergences(_ log: String, isLimited: Bool = true) throws -> Int {
      try LogReplay(log, initialMaps: Self.map, limitsLockedMemory: isLimited)
        .verifier.divergences.count
    }
    #expect(try divergences(limit + full + locks + again + all) == 0)
    #expect(try divergences(limit + full + locks + again + all, isLimited: false) == 3)
    #expect(try divergences(none + denied) == 0)
    #expect(try divergences(limit + denied) == 1)
  }

  /// The munmap of another thread has begun before, and its line ends after, the mmap that took
  /// its place.
  @Test func aCallInFlightIsAppliedWhereTheLogProvesIt() throws {
    let replay = try LogReplay(
      "10001 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 10002\n"
        + "10001 munmap(0x7f0000000000, 16384 <unfinished ...>\n"
        + "10002 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"
        + "10001 <... munmap resumed>) = 0\n", initialMaps: Self.map)
    #expect(replay.map(of: 10001)[0] == "7f0000000000-7f0000002000 r--p")
    #expect(replay.total.divergences == 0)
  }

  @Test func anOverlapThatNothingExplainsIsADivergence() throws {
    let replay = try LogReplay(
      "10001 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n",
      initialMaps: Self.map)
    #expect(
      replay.map(of: 10001).prefix(2) == [
        "7f0000000000-7f0000002000 r--p", "7f0000002000-7f0000004000 rw-p",
      ])
    #expect(replay.total.divergences == 1)
  }

  @Test func aLimitStopsTheReplay() throws {
    let log = "10001 munmap(0x7f0000000000, 4096) = 0\n10001 munmap(0x7f0000003000, 4096) = 0\n"
    let replay = try LogReplay(log, initialMaps: Self.map, until: .line(1, source: 0))
    #expect(replay.map(of: 10001)[0] == "7f0000001000-7f0000004000 rw-p")
  }

  @Test(arguments: IndexKind.allCases)
  func everyIndexGivesTheSame(index: IndexKind) throws {
    let log = (0..<50).map {
      "10001 mprotect(0x7f000000\(String($0 % 4, radix: 16))000, 4096, "
        + "\($0 % 3 == 0 ? "PROT_NONE" : "PROT_READ|PROT_WRITE")) = 0\n"
    }.joined()
    let replay = try LogReplay(log, initialMaps: Self.map, index: index)
    let expected = try LogReplay(log, initialMaps: Self.map, index: .list)
    #expect(replay.map(of: 10001) == expected.map(of: 10001))
    #expect(replay.total.statistics == expected.total.statistics)
  }
}
