import Replay
import SyscallABI

extension Placement {
  /// What the kinds are called in text.
  private static func title(_ kind: Kind) -> String {
    switch kind {
    case .mmap: "mmap(NULL)"
    case .hint: "hints"
    case .mremap: "mremap moves"
    case .shmat: "shmat"
    }
  }

  /// `mmap(NULL) 3,812 of 3,815 (99.9 %), hints 987 of 987 (100.0 %)`.
  var summary: String {
    let parts = Kind.allCases.filter { self[$0].calls > 0 }.map { kind in
      let count = self[kind]
      return "\(Self.title(kind)) \(Figures.grouped(count.matches)) of "
        + "\(Figures.grouped(count.calls)) (\(Figures.share(count.matches, of: count.calls)))"
    }
    let rest = unpredicted > 0 ? ["\(Figures.grouped(unpredicted)) not predicted"] : []
    return parts.isEmpty && rest.isEmpty ? "none" : (parts + rest).joined(separator: ", ")
  }

  func append(_ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.key("placement", &out)
    json.beginObject(&out)
    for kind in Kind.allCases {
      json.key(kind.rawValue, &out)
      json.beginObject(&out)
      json.member("calls", self[kind].calls, &out)
      json.member("matches", self[kind].matches, &out)
      json.endObject(&out)
    }
    json.member("unpredicted", unpredicted, &out)
    json.endObject(&out)
  }

  /// Each mismatch in a line.
  func appendMismatches(_ out: inout OutputBuffer) {
    for mismatch in mismatches {
      let pid = mismatch.pid == .none ? "" : " [\(mismatch.pid.rawValue)]"
      out.append(
        line: "\(mismatch.line):\(pid) \(Self.title(mismatch.kind)): placed at "
          + "\(mismatch.found), expected \(mismatch.expected.map { "\($0)" } ?? "no room")")
    }
    if omittedMismatches > 0 {
      out.append(line: "(\(Figures.grouped(omittedMismatches)) more placements)")
    }
  }
}
