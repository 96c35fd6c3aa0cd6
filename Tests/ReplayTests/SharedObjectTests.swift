import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// What the processes of a log share, at its end or right after a line.
@Suite struct SharedObjectTests {
  private struct Replayed {
    var images: [ObjectImage]
    var paths: PathTable

    var image: ObjectImage { images[0] }

    /// `PID START`, in hexadecimal pages from 0x10000, of each VMA that shows a page of a file.
    func users(_ path: String, page: UInt64) -> [String] {
      guard let file = file(path) else { return [] }
      return image.users(ofPage: page, of: file).map(text)
    }

    func file(_ path: String) -> Int? {
      image.files.firstIndex { paths.text(of: $0.name) == path }
    }

    func text(_ user: ObjectImage.User) -> String {
      let pids = image.spaces[user.space].processes.map { "\($0.pid.rawValue)" }
      return pids.joined(separator: "=") + " " + String(user.line.range.start.rawValue, radix: 16)
    }

    /// The lists of anon_vmas, each with the process that it arose in.
    var anonVMAs: [String] {
      image.anonVMAs.map { object in
        let origin = object.origin.map { "\(image.spaces[$0].processes[0].pid.rawValue)" } ?? "-"
        return origin + ": " + object.users.map(text).joined(separator: ", ")
      }
    }
  }

  private func replay(
    _ log: String, _ profile: KernelProfile = .linux6, pid: Int32? = nil, line: UInt64? = nil,
    faults: FaultAssumption = .eager
  ) throws -> Replayed {
    let paths = PathTable()
    let reader = try TraceReader(source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var engine = ReplayEngine<PathIndex, ObjectObserver>(
      options: ReplayOptions(profile: profile, faults: faults), paths: paths,
      observer: ObjectObserver(pid.map { .pid(PID($0)) }))
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) {
      for malformed in batch.malformed { Issue.record("\(malformed)") }
      if !engine.apply(batch, until: line.map { .line($0, source: 0) }) { break }
    }
    engine.finish()
    return Replayed(images: engine.observer.images, paths: paths)
  }

  private static let file =
    "mmap(0x10000, 16384, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3</lib/a.so>, 0) = 0x10000"

  private static let family = """
    10 \(file)
    10 fork() = 11
    11 munmap(0x10000, 8192) = 0
    11 fork() = 12
    12 mmap(0x40000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 4</lib/a.so>, 0) = 0x40000
    12 execve("/bin/x", ["x"], 0x7ffc /* 1 var */) = 0
    12 mmap(0x50000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3</lib/a.so>, 4096) = 0x50000
    11 exit_group(0) = ?
    11 +++ exited with 0 +++
    12 exit_group(0) = ?
    12 +++ exited with 0 +++
    10 exit_group(0) = ?
    10 +++ exited with 0 +++

    """

  @Test func whoMapsAPageIsAskedOfAllThatLive() throws {
    let rows: [(line: UInt64, page: UInt64, users: [String])] = [
      (1, 0, ["10 10000"]), (2, 0, ["10 10000", "11 10000"]), (3, 0, ["10 10000"]),
      (3, 3, ["10 10000", "11 12000"]), (4, 3, ["10 10000", "11 12000", "12 12000"]),
      // Through another open it is the same file.
      (5, 0, ["10 10000", "12 40000"]),
      (6, 3, ["10 10000", "11 12000"]), (7, 2, ["10 10000", "12 50000", "11 12000"]),
      (9, 2, ["10 10000", "12 50000"]), (7, 9, []),
    ]
    for row in rows {
      let found = try replay(Self.family, line: row.line)
      #expect(found.users("/lib/a.so", page: row.page).sorted() == row.users.sorted(), "\(row)")
    }
    // When all have ended, it is what there was just before the first one's end.
    #expect(try replay(Self.family).users("/lib/a.so", page: 1) == ["10 10000"])
    // One process alone, just before its end.
    let child = try replay(Self.family, pid: 11)
    #expect(child.image.scope == .process)
    #expect(child.users("/lib/a.so", page: 3) == ["11 12000"])
  }

  private static let memory = """
    10 mmap(0x10000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10000
    10 fork() = 11
    10 mmap(0x30000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x30000
    11 mmap(0x30000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x30000
    11 mprotect(0x10000, 4096, PROT_READ) = 0
    11 fork() = 12
    11 exit_group(0) = ?
    11 +++ exited with 0 +++

    """

  /// 2.6 has one anon_vma for parent and child, and what each writes later is its own.
  @Test func oldListsSpanForks() throws {
    let found = try replay(Self.memory, .linux2_6, line: 6)
    #expect(
      found.anonVMAs == [
        "10: 10 10000, 11 10000, 11 11000, 12 10000, 12 11000", "10: 10 30000",
        "11: 11 30000, 12 30000",
      ])
    #expect(found.image.anonVMAs.allSatisfy { $0.users.allSatisfy { $0.anonVMA != nil } })
    // They outlive the process that they arose in.
    #expect(
      try replay(Self.memory, .linux2_6).anonVMAs == [
        "10: 10 10000, 12 10000, 12 11000", "10: 10 30000", "-: 12 30000",
      ])
  }

  /// Newer kernels give each VMA of a child its own, and leave it on its ancestors' lists.
  @Test func newListsHaveDescendants() throws {
    let found = try replay(Self.memory, line: 6)
    #expect(
      found.anonVMAs == [
        "10: 10 10000, 11 10000, 11 11000, 12 10000, 12 11000", "10: 10 30000",
        "11: 11 10000, 11 11000, 12 10000, 12 11000", "11: 11 30000, 12 30000",
        "12: 12 10000", "12: 12 11000", "12: 12 30000",
      ])
    let own = found.image.anonVMAs[0].users.map(\.anonVMA)
    #expect(own == [0, 2, 2, 4, 5])
    #expect(
      try replay(Self.memory, pid: 11).anonVMAs == [
        "-: 11 10000, 11 11000", "11: 11 10000, 11 11000", "11: 11 30000",
      ])
  }

  @Test func spacesThatAreSharedCountOnce() throws {
    let log = """
      10 \(Self.file)
      10 vfork( <unfinished ...>
      11 mmap(0x20000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3</lib/b.so>, 0) = 0x20000
      11 exit_group(0) = ?
      11 +++ exited with 0 +++
      10 <... vfork resumed>) = 11

      """
    let found = try replay(log, line: 3)
    #expect(found.image.spaces.count == 1)
    #expect(found.users("/lib/b.so", page: 0) == ["10=11 20000"])
    #expect(try replay(log).users("/lib/b.so", page: 0) == ["10 20000"])
  }

  /// What has no name of its own is told apart: each shared anonymous mapping is an object, and all
  /// attaches of a segment are one.
  @Test func namelessObjects() throws {
    let shared = "PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED|MAP_ANONYMOUS, -1, 0)"
    let log = """
      10 mmap(0x10000, 4096, \(shared) = 0x10000
      10 mmap(0x20000, 4096, \(shared) = 0x20000
      10 shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 7
      10 shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 8
      10 shmat(7, NULL, 0) = 0x30000
      10 shmat(8, NULL, 0) = 0x50000
      10 fork() = 11
      11 shmat(7, NULL, SHM_RDONLY) = 0x40000

      """
    let found = try replay(log)
    let users = found.image.files.map { $0.users.map(found.text).sorted() }
    #expect(
      users == [
        ["10 10000", "11 10000"], ["10 20000", "11 20000"],
        ["10 30000", "11 30000", "11 40000"], ["10 50000", "11 50000"],
      ])
  }

  /// In 2.6 shared memory becomes nonlinear, and files on disk do not.
  @Test func nonLinearMemoryMayShowAnyPage() throws {
    let log = """
      10 mmap(0x10000, 16384, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3</dev/shm/x>, 0) = 0x10000
      10 mmap(0x20000, 16384, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 4</tmp/y>, 0) = 0x20000
      10 remap_file_pages(0x11000, 4096, 0, 3, 0) = 0
      10 remap_file_pages(0x21000, 4096, 0, 3, 0) = 0
      10 fork() = 11

      """
    let old = try replay(log, .linux2_6)
    #expect(old.users("/dev/shm/x", page: 99) == ["10 10000", "11 10000"])
    #expect(
      old.users("/tmp/y", page: 3).sorted()
        == ["10 21000", "10 22000", "11 21000", "11 22000"])
    let new = try replay(log)
    #expect(new.users("/dev/shm/x", page: 99) == [])
    #expect(new.users("/dev/shm/x", page: 3).count == 4)
  }

  /// What a recording shows right after execve says which file is the program.
  @Test func programsAreCountedInOldKernels() throws {
    let log = """
      10 execve("/bin/x", ["x"], 0x7ffc /* 1 var */) = 0
      # maps 10 exec
      # 00400000-00402000 r-xp 00000000 00:01 7 /bin/x
      # 00402000-00403000 rw-p 00002000 00:01 7 /bin/x
      # 00600000-00602000 r-xp 00000000 00:01 8 /lib/ld.so
      # end
      # stat 10 exec start_code=0x400000 end_code=0x402000 start_data=0x402000 end_data=0x403000 start_brk=0x404000 start_stack=0x7ffc00000000 arg_start=0x0 arg_end=0x0 env_start=0x0 env_end=0x0
      10 fork() = 11
      11 munmap(0x400000, 12288) = 0

      """
    let old = try replay(log, .linux2_6)
    #expect(old.image.spaces.map(\.exeFileVMAs) == [2, 0])
    let program = try #require(old.file("/bin/x"))
    #expect(old.image.files[program].programOf == [0])
    let lines = old.image.files.flatMap(\.users).map(\.line)
    let flags = lines.filter { $0.range.start.rawValue < 0x600000 }.map(\.flags)
    #expect(flags.count == 2 && flags.allSatisfy { $0.contains([.executable, .denyWrite]) })
    let loader = try #require(old.file("/lib/ld.so"))
    #expect(
      old.image.files[loader].users.allSatisfy {
        $0.line.flags.intersection([.executable, .denyWrite]) == .denyWrite
      })
    let new = try replay(log)
    #expect(new.image.spaces.map(\.exeFileVMAs) == [nil, nil])
    #expect(new.image.files[program].programOf == [0, 1])
  }

  /// References of a child are its own, and with the tree those of the dead are counted.
  @Test func referencesAreOfEachSpace() throws {
    let child = try replay(Self.family, pid: 11).image.references
    #expect(child.filesTaken == 1 && child.filesDropped == 0)
    let all = try replay(Self.family, line: 9).image.references
    // 10: 1. 11: 1, given back. 12: 2 given back at execve, and 1 since.
    #expect(all.filesTaken == 5 && all.filesDropped == 3)
  }
}
