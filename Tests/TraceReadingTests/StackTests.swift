import SyscallABI
import Testing
import TraceReading

/// Stack lines of `strace -k`, put to the calls behind which they stand.
@Suite struct StackTests {
  /// As strace 6.1 wrote it, with the names of a C++ program and frames that could not be read.
  static let log = """
    7390  1795265116.446207 mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000 <0.000012>
     > /usr/lib/libc.so.6(mmap64+0x17) [0x11aa27]
     > /opt/app(std::vector<int, std::allocator<int> >::push_back(int const&)+0x20) [0x11ce]
     > /opt/my app(main+0x4e) [0x12ad]
    7390  1795265116.446300 munmap(0x7f0000000000, 4096 <unfinished ...>
    7391  1795265116.446310 madvise(0x7f0000001000, 4096, MADV_NOHUGEPAGE) = 0 <0.000018>
     > /opt/app() [0x11ce]
     > [unavailable]
    7390  1795265116.446400 <... munmap resumed>) = 0 <0.000100>
     > /usr/lib/libc.so.6(__munmap+0x7) [0x101a07]
    7390  1795265116.446500 getpid() = 7390
     > /usr/lib/libc.so.6(getpid+0x7) [0x101a07]
    7390  1795265116.446600 brk(NULL) = 0x555500000000
    7390  1795265116.446700 --- SIGCHLD {si_signo=SIGCHLD} ---
     > /usr/lib/libc.so.6(raise+0x7) [0x101a07]
    7390  1795265116.446800 munmap(0x7f0000001000, 4096) = 0 <0.000100>
     > /opt/app(+0x11ce) [0x11ce]
    """

  static let expected: [[String]] = [
    ["mmap64", "std::vector<int, std::allocator<int> >::push_back(int const&)", "main"],
    ["app+0x11ce", "[unavailable]"], ["__munmap"], [], ["app+0x11ce"],
  ]

  private func stacks(
    _ log: String, itemsPerBatch: Int = 4096
  ) throws -> (stacks: [[String]], names: [SyscallName]) {
    let table = StackTable()
    let options = TraceReader.Options(itemsPerBatch: itemsPerBatch, stacks: table)
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: PathTable(), options: options)
    var batch = TraceBatch()
    var result: (stacks: [[String]], names: [SyscallName]) = ([], [])
    while try reader.nextBatch(into: &batch) {
      #expect(batch.malformed.isEmpty)
      let marks = Dictionary(
        batch.stacks.map { ($0.item, $0.stack) }, uniquingKeysWith: { a, _ in a })
      #expect(marks.count == batch.stacks.count)
      for (position, item) in batch.items.enumerated() {
        guard case .completed(let event) = item else {
          #expect(marks[position] == nil)
          continue
        }
        result.stacks.append(marks[position].map { table[$0] } ?? [])
        result.names.append(event.name)
      }
    }
    return result
  }

  @Test(arguments: [1, 2, 3, 4096]) func eachCallHasItsStack(itemsPerBatch: Int) throws {
    // Also where a batch ends between a call and its stack.
    let (found, names) = try stacks(Self.log, itemsPerBatch: itemsPerBatch)
    #expect(names == [.mmap, .madvise, .munmap, .brk, .munmap])
    #expect(found == Self.expected)
  }

  @Test func aLogWithoutStacksHasNone() throws {
    let lines = Self.log.split(separator: "\n").filter { !$0.hasPrefix(" >") }
    let (found, names) = try stacks(lines.joined(separator: "\n"))
    #expect(names.count == 5 && found.allSatisfy { $0.isEmpty })
  }

  @Test func withoutTheOptionTheLinesArePassedOver() throws {
    let reader = try TraceReader(
      source: MemorySource(Array(Self.log.utf8)), name: "log", paths: PathTable())
    var batch = TraceBatch()
    var items = 0
    while try reader.nextBatch(into: &batch) {
      items += batch.items.count
      #expect(batch.stacks.isEmpty && batch.malformed.isEmpty)
    }
    #expect(items == 6)
  }

  @Test func equalStacksAreKeptOnce() {
    let table = StackTable()
    #expect(table.isEmpty)
    let frames = ["a", "b"].map { table.intern(frame: $0) }
    let stack = table.intern(frames)
    #expect(table.intern(frames) == stack && stack != .none && !table.isEmpty)
    #expect(table.intern([frames[0]]) != stack)
    #expect(table[stack] == ["a", "b"] && table[.none] == [])
    #expect(table.intern([]) == .none)
  }
}
