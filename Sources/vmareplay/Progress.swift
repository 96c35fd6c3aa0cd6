/// How far a trace is read, on one line of a terminal; silent where standard error is none.
struct Progress {
  private let name: String
  private let isShown = Platform.standardErrorIsTerminal
  private var lastPercent: UInt64?

  init(name: String) { self.name = name }

  /// - Parameters:
  ///   - read: bytes of the file read so far.
  ///   - total: the size of the file in bytes; nil where it has none, as a pipe.
  mutating func update(read: UInt64, of total: UInt64?) {
    guard isShown else { return }
    if let total, total > 0 {
      let percent = min(read * 100 / total, 100)
      guard percent != lastPercent else { return }
      lastPercent = percent
      Diagnostics.raw("\r\(name): \(percent) %")
    } else {
      let mebibytes = read >> 20
      guard mebibytes != lastPercent else { return }
      lastPercent = mebibytes
      Diagnostics.raw("\r\(name): \(mebibytes) MiB")
    }
  }

  /// Takes the line away, so that a message can stand in its place.
  mutating func clear() {
    guard isShown, lastPercent != nil else { return }
    lastPercent = nil
    Diagnostics.raw("\r\u{1b}[K")
  }
}
