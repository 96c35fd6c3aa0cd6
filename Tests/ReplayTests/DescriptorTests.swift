import AddressSpaces
import Replay
import SyscallABI
import Testing

/// Open files are told apart by what the log shows of open, dup and close.
@Suite struct DescriptorTests {
  private func map(_ lines: [String], of pid: Int32 = 1) throws -> [String] {
    try LogReplay(lines.map { "1 \($0)\n" }.joined()).map(of: pid)
  }

  private func mmap(
    _ page: Int, fd: Int, _ prot: String = "PROT_READ", _ type: String = "MAP_PRIVATE"
  ) -> String {
    let address = "0x7f000000\(page)000"
    let offset = page == 1 ? "0" : "0x\(page - 1)000"
    return "mmap(\(address), 4096, \(prot), \(type)|MAP_FIXED, \(fd)</x>, \(offset)) = \(address)"
  }

  private let brk = "brk(NULL) = 0x1000"
  private let first = "openat(AT_FDCWD</>, \"x\", O_RDONLY|O_CLOEXEC) = 3</x>"

  @Test func oneOpenMergesAndTwoDoNot() throws {
    #expect(try map([brk, first, mmap(1, fd: 3), mmap(2, fd: 3)]).count == 1)
    let again = "open(\"x\", O_RDONLY) = 3</x>"
    #expect(try map([brk, first, mmap(1, fd: 3), again, mmap(2, fd: 3)]).count == 2)
    // Closed and not seen being opened: known by name and number alone.
    #expect(
      try map([brk, first, mmap(1, fd: 3), "close(3</x>) = 0", mmap(2, fd: 3)]).count == 2)
    #expect(
      try map([
        brk, first, mmap(1, fd: 3), "close(3</x>) = -1 EIO (Input/output error)", mmap(2, fd: 3),
      ]).count == 1)
  }

  @Test(arguments: [
    "dup(3</x>) = 5</x>", "dup2(3</x>, 5) = 5</x>", "dup3(3</x>, 5, O_CLOEXEC) = 5</x>",
    "fcntl(3</x>, F_DUPFD, 5) = 5</x>", "fcntl(3</x>, F_DUPFD_CLOEXEC, 5) = 5</x> <0.000003>",
  ])
  func duplicatesAreOneOpen(call: String) throws {
    #expect(try map([brk, first, call, mmap(1, fd: 3), mmap(2, fd: 5)]).count == 1)
    #expect(try map([brk, first, mmap(1, fd: 3), mmap(2, fd: 5)]).count == 2)
  }

  @Test func halvesAreJoined() throws {
    let log = """
      1 brk(NULL) = 0x1000
      1 openat(AT_FDCWD</>, "x", O_RDWR <unfinished ...>
      2 openat(AT_FDCWD</>, "y", O_RDONLY <unfinished ...>
      1 <... openat resumed>) = 3</x>
      1 dup(3</x> <unfinished ...>
      1 <... dup resumed>) = 4</x>
      1 \(mmap(1, fd: 3))
      1 \(mmap(2, fd: 4))

      """
    #expect(try LogReplay(log).map(of: 1).count == 1)
  }

  @Test func aForkInheritsAndExecveCloses() throws {
    let fork = "clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
    let log = "1 \(brk)\n1 \(first)\n1 dup(3</x>) = 4</x>\n1 \(fork)"
    // The child has the same opens ...
    let child = try LogReplay(log + "2 \(mmap(1, fd: 3))\n2 \(mmap(2, fd: 4))\n")
    #expect(child.map(of: 2).count == 1)
    // ... and after an execve those that are not closed by it.
    let exec = "2 execve(\"/y\", [\"y\"], 0x7f /* 3 vars */) = 0\n"
    let opened = "2 open(\"x\", O_RDONLY) = 9</x>\n2 dup2(4</x>, 3) = 3</x>\n"
    let kept = try LogReplay(log + exec + opened + "2 \(mmap(1, fd: 3))\n2 \(mmap(2, fd: 4))\n")
    #expect(kept.map(of: 2).count == 1)
    let gone = try LogReplay(
      log + exec + "2 dup2(3</x>, 5) = 5</x>\n2 \(mmap(1, fd: 4))\n2 \(mmap(2, fd: 3))\n")
    #expect(gone.map(of: 2).count == 2)
  }

  @Test func howAFileWasOpenedDecidesWhatMayBeMapped() throws {
    let refused = mmap(1, fd: 3, "PROT_READ|PROT_WRITE", "MAP_SHARED")
      .replacing(" = 0x7f0000001000", with: " = -1 EACCES (Permission denied)")
    func divergences(_ open: String, _ call: String) throws -> Int {
      try LogReplay("1 \(brk)\n1 \(open)\n1 \(call)\n").verifier.divergences.count
    }
    let readWrite = "openat(AT_FDCWD</>, \"x\", O_RDWR|O_CREAT, 0600) = 3</x>"
    let writeOnly = "creat(\"x\", 0600) = 3</x>"
    #expect(try divergences(first, refused) == 0)
    #expect(try divergences(readWrite, refused) == 1)
    #expect(try divergences(writeOnly, mmap(1, fd: 3)) == 1)
    #expect(try divergences(first, mmap(1, fd: 3, "PROT_READ|PROT_WRITE", "MAP_SHARED")) == 1)
    // A shared mapping of a file opened for reading can never be made writable.
    let images = try LogReplay(
      "1 \(brk)\n1 \(first)\n1 \(mmap(1, fd: 3, "PROT_READ", "MAP_SHARED"))\n"
    )
    .images
    #expect(images.last?.lines.first?.flags.contains(.mayWrite) == false)
    let writable = try LogReplay(
      "1 \(brk)\n1 \(readWrite)\n1 \(mmap(1, fd: 3, "PROT_READ", "MAP_SHARED"))\n")
    #expect(writable.images.last?.lines.first?.flags.contains(.mayWrite) == true)
  }

  /// The log may lack the close and the open of what is under the number now.
  @Test func anotherNameIsAnotherFile() throws {
    let other =
      "mmap(0x7f0000002000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3</y>, 0x1000) = "
      + "0x7f0000002000"
    let lines = try map([brk, first, mmap(1, fd: 3), other])
    #expect(lines.map { $0.suffix(2) } == ["/x", "/y"])
  }
}
