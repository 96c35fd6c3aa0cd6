import AddressSpaces
import Replay
import SyscallABI
import Testing

/// The model against recorded maps with calls in flight, and against recorded errors.
@Suite struct VerifyTests {
  static let map = """
    7f0000000000-7f0000004000 rw-p 00000000 00:00 0
    7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]

    """

  /// A map that was read while other threads were in calls.
  private func comparison(
    of kernel: [String], inFlight calls: [String], after lines: String = ""
  ) throws -> Verifier.Comparison {
    var log = lines + "10001 brk(NULL) = 0x560000000000\n# maps 10001 check\n"
    for line in kernel { log += "# \(line)\n" }
    log += "# 7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\n# end\n"
    for call in calls { log += "# inflight \(call)\n" }
    log += "10001 brk(NULL) = 0x560000000000\n"
    let replay = try LogReplay(log, initialMaps: Self.map)
    #expect(replay.verifier.comparisons.count == 1)
    return try #require(replay.verifier.comparisons.first)
  }

  @Test func aCallInFlightMayHaveHadItsEffectOrNot() throws {
    let unmapping = "10002 11 0x7f0000001000 0x1000 0x0 0x0 0x0 0x0"
    let without = try comparison(
      of: ["7f0000000000-7f0000004000 rw-p 00000000 00:00 0"], inFlight: [unmapping])
    #expect(without.isExact && without.callsInFlight == 1)
    let with = try comparison(
      of: [
        "7f0000000000-7f0000001000 rw-p 00000000 00:00 0",
        "7f0000002000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: [unmapping])
    #expect(with.isExact)
    let other = try comparison(
      of: [
        "7f0000000000-7f0000001000 rw-p 00000000 00:00 0",
        "7f0000003000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: [unmapping])
    #expect(!other.isExact)
  }

  /// No call of the log removes files; but what replaced one under its name is another.
  @Test func aFileMayHaveBeenRemovedSinceItWasMapped() throws {
    func isExact(mapped: String, shown: String) throws -> Bool {
      let line =
        "10001 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3<\(mapped), 0) = 0x7f0000004000\n"
      return try comparison(
        of: [
          "7f0000000000-7f0000004000 rw-p 00000000 00:00 0",
          "7f0000004000-7f0000005000 r--s 00000000 fe:00 7 \(shown)",
        ], inFlight: [], after: line
      ).isExact
    }
    #expect(try isExact(mapped: "/tmp/x>", shown: "/tmp/x"))
    #expect(try isExact(mapped: "/tmp/x>", shown: "/tmp/x (deleted)"))
    #expect(try !isExact(mapped: "/tmp/x>", shown: "/tmp/y (deleted)"))
    #expect(try !isExact(mapped: "/tmp/x>(deleted)", shown: "/tmp/x"))
  }

  @Test func anySubsetInAnyOrderMayAgree() throws {
    let calls = [
      "10002 10 0x7f0000003000 0x1000 0x1 0x0 0x0 0x0",
      "10003 11 0x7f0000000000 0x1000 0x0 0x0 0x0 0x0",
      "10004 10 0x7f0000002000 0x2000 0x5 0x0 0x0 0x0",
    ]
    // The second and the third; the third before the first.
    for third in ["r-xp", "r--p"] {
      let kernel =
        third == "r-xp"
        ? ["7f0000001000-7f0000002000 rw-p", "7f0000002000-7f0000004000 r-xp"]
        : [
          "7f0000001000-7f0000002000 rw-p", "7f0000002000-7f0000003000 r-xp",
          "7f0000003000-7f0000004000 r--p",
        ]
      let result = try comparison(
        of: kernel.map { $0 + " 00000000 00:00 0" }, inFlight: calls)
      #expect(result.isExact, "\(third)")
    }
    let impossible = try comparison(
      of: ["7f0000000000-7f0000004000 r-xp 00000000 00:00 0"], inFlight: calls)
    #expect(!impossible.isExact && impossible.callsInFlight == 3)
  }

  /// Where the kernel put a mapping is not among the arguments.
  @Test func thePlaceOfAMappingInFlightIsFound() throws {
    // Not yet written, so that it lies beside written memory or joins it.
    let mapping = "10002 9 0x0 0x3000 0x3 0x22 0xffffffff 0x0"
    let joined = try comparison(
      of: ["7f0000000000-7f0000007000 rw-p 00000000 00:00 0"], inFlight: [mapping])
    #expect(joined.isExact)
    let apart = try comparison(
      of: [
        "7effffff0000-7effffff3000 rw-p 00000000 00:00 0",
        "7f0000000000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: [mapping])
    #expect(apart.isExact)
    let longer = try comparison(
      of: ["7f0000000000-7f0000008000 rw-p 00000000 00:00 0"], inFlight: [mapping])
    #expect(!longer.isExact)
    let file = try comparison(
      of: [
        "7effffff0000-7effffff1000 r--p 00002000 08:01 7 /lib/x",
        "7f0000000000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: ["10002 9 0x0 0x1000 0x1 0x2 0x3 0x2000"])
    #expect(file.isExact)
  }

  @Test func everyCallThatChangesAMapIsKnownByItsNumber() throws {
    let moved = try comparison(
      of: [
        "7e0000000000-7e0000001000 rw-p 00000000 00:00 0",
        "7f0000001000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: ["10002 25 0x7f0000000000 0x1000 0x1000 0x3 0x7e0000000000 0x0"])
    #expect(moved.isExact)
    let grown = try comparison(
      of: [
        "560000000000-560000003000 rw-p 00000000 00:00 0 [heap]",
        "7f0000000000-7f0000004000 rw-p 00000000 00:00 0",
      ], inFlight: ["10002 12 0x560000003000 0x0 0x0 0x0 0x0 0x0"])
    #expect(grown.isExact)
    for call in [
      "28 0x7f0000001000 0x1000 0xe 0x0 0x0", "149 0x7f0000001000 0x1000 0x0 0x0 0x0",
      "237 0x7f0000001000 0x1000 0x1 0x0 0x0", "329 0x7f0000001000 0x1000 0x3 0x2 0x0",
      "462 0x7f0000001000 0x1000 0x0 0x0 0x0",
    ] {
      let cut = try comparison(
        of: [
          "7f0000000000-7f0000001000 rw-p 00000000 00:00 0",
          "7f0000001000-7f0000002000 rw-p 00000000 00:00 0",
          "7f0000002000-7f0000004000 rw-p 00000000 00:00 0",
        ], inFlight: ["10002 \(call) 0x0"])
      #expect(cut.isExact, "\(call)")
    }
  }

  // MARK: Causes

  @Test func differencesAreGroupedWithTheirCause() throws {
    var log = "10001 brk(NULL) = 0x560000000000\n# maps 10001 exit\n"
    log += "# 7f0000000000-7f0000002000 rw-p 00000000 00:00 0\n"
    log += "# 7f0000002000-7f0000004000 rw-p 00000000 00:00 0\n"
    log += "# 7f0000008000-7f0000009000 r--p 00000000 08:01 7 /lib/x\n"
    log += "# 7ffbfffff000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\n# end\n"
    let replay = try LogReplay(log, initialMaps: Self.map)
    let comparison = try #require(replay.verifier.comparisons.first)
    let places = replay.verifier.disagreements(in: comparison)
    #expect(places.map(\.cause) == [.pageFaults, .missingCall, .growth])
    #expect(places.map(\.kernel.count) == [2, 1, 1])
    #expect(places.map(\.model.count) == [1, 0, 1])
  }

  // MARK: Errors

  private func divergences(_ lines: String) throws -> [Divergence] {
    let log = lines.split(separator: "\n").map { "10001 \($0)\n" }.joined()
    return try LogReplay(log, initialMaps: Self.map).verifier.divergences
  }

  @Test func recordedErrorsOfAllCallsAreForetold() throws {
    let right = """
      mlockall(0) = -1 EINVAL (Invalid argument)
      remap_file_pages(0x7f0000000000, 4096, 0, 0, 0) = -1 EINVAL (Invalid argument)
      shmdt(0x7f0000000000) = -1 EINVAL (Invalid argument)
      shmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 5
      shmat(5, 0x7f0000000000, 0) = -1 EINVAL (Invalid argument)
      shmat(5, 0x7e0000000000, 0) = 0x7e0000000000
      remap_file_pages(0x7e0000000000, 4096, PROT_READ, 0, 0) = -1 EINVAL (Invalid argument)
      remap_file_pages(0x7e0000000000, 4096, 0, 1, 0) = 0
      mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = -1 EBADF (Bad file descriptor)
      shmat(77, NULL, 0) = -1 EIDRM (Identifier removed)
      """
    #expect(try divergences(right).isEmpty)
    let wrong = """
      mlockall(MCL_CURRENT) = -1 EINVAL (Invalid argument)
      mlockall(0) = 0
      shmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 5
      shmat(5, 0x7f0000000000, 0) = 0x7f0000000000
      shmat(5, 0x7e0000000000, 0) = -1 ENOMEM (Cannot allocate memory)
      remap_file_pages(0x7f0000003000, 4096, PROT_READ, 0, 0) = 0
      shmdt(0x7f0000003000) = 0
      """
    #expect(try divergences(wrong).map(\.line) == [1, 2, 4, 5, 6, 7])
  }

  @Test func aKernelWithoutNamesRefusesAllOfThem() throws {
    let named = "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x7f0000000000, 4096, \"x\")"
    let without = "\(named) = -1 EINVAL (Invalid argument)\n"
    #expect(try divergences(without + without).isEmpty)
    #expect(try divergences(without + "\(named) = 0\n").map(\.line) == [2])
    let with = try divergences("\(named) = 0\n" + without)
    #expect(with.map(\.line) == [2])
    let holes = named.replacing("0x7f0000000000, 4096", with: "0x7f0000003000, 8192")
    #expect(try divergences("\(holes) = -1 ENOMEM (Cannot allocate memory)\n").isEmpty)
    #expect(try divergences("\(holes) = 0\n").count == 1)
  }

  /// Without -y a number may be any file.
  @Test func aBareDescriptorIsClosedOnlyInALogThatNamesFiles() throws {
    let refused =
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 7, 0) = -1 EBADF (Bad file descriptor)\n"
    let mapped = "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</lib/x>, 0) = 0x7e0000000000\n"
    #expect(try divergences(mapped + refused).isEmpty)
    #expect(try divergences(refused).count == 1)
    let misaligned = "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 7, 1) = -1 EINVAL (Invalid argument)"
    #expect(try divergences(mapped + misaligned).isEmpty)
  }
}
