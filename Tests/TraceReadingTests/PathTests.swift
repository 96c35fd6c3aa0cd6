import SyscallABI
import Testing

@testable import TraceReading

@Suite("Paths behind descriptors")
struct PathTests {
  @Test(
    "the real name, whatever is in it",
    arguments: [
      ("3</tmp/a b>", "/tmp/a b", false),
      ("3</tmp/x, y>", "/tmp/x, y", false),
      (#"3</tmp/q) = 0x1 \0740.1\76>"#, "/tmp/q) = 0x1 <0.1>", false),
      (#"3</tmp/lt\74gt\76x>(deleted)"#, "/tmp/lt<gt>x", true),
      (#"3</tmp/c\74char 1:5\76>"#, "/tmp/c<char 1:5>", false),
      ("3</dev/zero<char 1:5>>", "/dev/zero", false),
      ("3</dev/sda<block 8:0>>", "/dev/sda", false),
      ("3</dev/zero<char 1:5>>(deleted)", "/dev/zero", true),
      (#"3</tmp/esc\\n\n>"#, "/tmp/esc\\n\n", false),
      (#"3</tmp/\303\251t\303\251>"#, "/tmp/été", false),
      (#"3<\x2f\x74\x6d\x70>"#, "/tmp", false),
      (#"3<\57tmp>"#, "/tmp", false),
      ("3</tmp/sp (deleted)>", "/tmp/sp (deleted)", false),
      ("3</tmp/->", "/tmp/-", false),
      (#"4</memfd:me\76 m>(deleted)"#, "/memfd:me> m", true),
      ("3<anon_inode:[perf_event]>", "anon_inode:[perf_event]", false),
      ("3<socket:[1234]>", "socket:[1234]", false),
      ("3<TCP:[127.0.0.1:46000->127.0.0.1:80]>", "TCP:[127.0.0.1:46000->127.0.0.1:80]", false),
      (#"3<UNIX-STREAM:[1->2, "/tmp/a>, b"]>"#, #"UNIX-STREAM:[1->2, "/tmp/a>, b"]"#, false),
      ("3</tmp/x> [system_u:object_r:tmp_t:s0]", "/tmp/x", false),
      (#"3</tmp/\1\0029>"#, "/tmp/\u{1}\u{2}9", false),
    ])
  func path(_ descriptor: String, _ path: String, _ isDeleted: Bool) throws {
    let log = Decoded(
      "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, \(descriptor), 0x1000) = 0x7fb36e1fb000 <0.1>\n")
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    let event = try #require(log.events.first)
    guard case .mmap(_, _, _, _, let fd, let file, let offset) = event.call else { return }
    #expect(fd == (descriptor.hasPrefix("4") ? 4 : 3))
    #expect(offset == 0x1000)
    #expect(log.paths.text(of: file) == path)
    #expect(log.paths.isDeleted(file) == isDeleted)
  }

  @Test("bytes that are no UTF-8 are kept")
  func notUTF8() throws {
    let line = "mmap(NULL, 1, PROT_READ, MAP_PRIVATE, 3</tmp/"
    let bytes = Array(line.utf8) + [0xff, 0xc3] + Array(#"\377>, 0) = 0x1000"#.utf8) + [10]
    let log = Decoded(bytes: bytes)
    guard case .mmap(_, _, _, _, _, let file, _) = try #require(log.events.first).call else {
      return
    }
    #expect(log.paths.bytes(of: file) == Array("/tmp/".utf8) + [0xff, 0xc3, 0xff])
  }

  @Test("equal paths have equal ids, and a deleted file is another")
  func ids() {
    let text = ["/a", "/b", "/a", "/a>(deleted", "/b"]
    let log = Decoded(
      text.map {
        "mmap(NULL, 1, PROT_READ, MAP_SHARED, 3<\($0)\($0.hasSuffix("d") ? ")" : ">"), 0) = 0x1000\n"
      }.joined())
    let ids = log.events.map { event -> FileID in
      guard case .mmap(_, _, _, _, _, let file, _) = event.call else { return .none }
      return file
    }
    #expect(ids[0] == ids[2] && ids[1] == ids[4])
    #expect(Set(ids).count == 3)
  }

  @Test("more paths than the cache holds")
  func manyPaths() {
    let count = 17_000
    var text = ""
    for round in 0..<2 {
      for i in stride(from: 0, to: count, by: round + 1) {
        text += "mmap(NULL, 1, PROT_READ, MAP_SHARED, 3</tmp/\(i)>, 0) = 0x1000\n"
      }
    }
    let log = Decoded(text)
    #expect(log.malformed.isEmpty)
    #expect(log.paths.count == count + 1)
    guard case .mmap(_, _, _, _, _, let file, _) = log.events.last?.call else {
      Issue.record("no event")
      return
    }
    #expect(log.paths.text(of: file) == "/tmp/\(count - 2)")
  }
}
