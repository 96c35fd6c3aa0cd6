public import SyscallABI

/// A list of page faults, read as it is needed.
///
/// Two forms, told apart line by line: our own, `PID TIME|@LINE 0xADDRESS w|r`, and what
/// `perf script` prints of `exceptions:page_fault_user` and `exceptions:page_fault_kernel`. Empty
/// lines and lines that start with `#` are passed over; `# offset SECONDS` is added to all times
/// below it.
///
/// The list is read twice: once to see that every line is right and whether they are in order. One
/// that is in order is then read along with the log, in memory that does not grow; any other, and
/// one that comes from a pipe, is kept in memory and sorted.
public final class FaultList: PageFaultSource {
  /// The number of faults in the list.
  public private(set) var count: UInt64 = 0
  /// The list gives lines of the log instead of times.
  public private(set) var hasLines = false
  /// Why the list, which was right when it was first read, could not be read to its end.
  public private(set) var failure: TraceError?

  private var stream: FaultLines?
  private var sorted: [PageFault] = []
  private var position = 0

  /// Reads the list through.
  ///
  /// - Parameters:
  ///   - path: a file's path (plain or gzip), or `-` for standard input.
  ///   - name: what messages call it; nil for the path.
  /// - Throws: `.missing`, `.unreadable`; `.notATrace` with the number of the first line that is
  ///   none of a list.
  public init(path: String, name: String? = nil) throws(TraceError) {
    let name = name ?? path
    let source = try FileSource(path: path)
    let isFile = source.totalCompressedBytes != nil && path != "-"
    let lines = try FaultLines(source, path: name)
    if try check(lines, keeps: !isFile) {
      if isFile { stream = try FaultLines(try FileSource(path: path), path: name) }
      return
    }
    if isFile {
      count = 0
      _ = try check(try FaultLines(try FileSource(path: path), path: name), keeps: true)
    }
    sort()
  }

  /// Reads a list from memory.
  public init(text: String, path: String = "faults") throws(TraceError) {
    let lines = try FaultLines(MemorySource(Array(text.utf8)), path: path)
    if try !check(lines, keeps: true) { sort() }
  }

  /// Reads all lines; false if they are not in order.
  private func check(_ lines: FaultLines, keeps: Bool) throws(TraceError) -> Bool {
    var isSorted = true
    var last: PageFault?
    while let fault = try lines.next() {
      count += 1
      if case .line = fault.moment { hasLines = true }
      if let last {
        guard let isLater = Self.isLater(last, than: fault) else {
          throw lines.error("mixes times and lines of the log: give one of the two")
        }
        if isLater { isSorted = false }
      }
      last = fault
      if keeps { sorted.append(fault) }
    }
    return isSorted
  }

  private func sort() {
    // Faults of one moment stay in the order of the list.
    let order = sorted.enumerated().sorted { a, b in
      if Self.isLater(b.element, than: a.element) == true { return true }
      return Self.isLater(a.element, than: b.element) == false && a.offset < b.offset
    }
    sorted = order.map(\.element)
  }

  /// nil where one has a time and the other a line.
  private static func isLater(_ a: PageFault, than b: PageFault) -> Bool? {
    switch (a.moment, b.moment) {
    case (.time(let a), .time(let b)): a > b
    case (.line(let a), .line(let b)): a > b
    default: nil
    }
  }

  public func next() -> PageFault? {
    if let stream {
      do throws(TraceError) { return try stream.next() } catch {
        failure = error
        return nil
      }
    }
    guard position < sorted.count else { return nil }
    position += 1
    return sorted[position - 1]
  }
}
