import SyscallABI
import TraceReading

/// A log as a literal, decoded: what most tests look at.
struct Decoded {
  var items: [TraceItem] = []
  var events: [SyscallEvent] = []
  var began: [SyscallEvent] = []
  var ends: [ProcessEnd] = []
  var malformed: [MalformedLine] = []
  var snapshots: [Snapshot] = []
  var descriptors: [DescriptorEvent] = []
  var hosts: [HostDescription] = []
  var iovecs: [[IOVec]] = []
  var names: [String?] = []
  var error: TraceError?
  var paths = PathTable()

  /// One line of text per item, in order: for comparing whole logs. Slow to make.
  var summary: [String] = []
  private var isSummarised = true

  init(_ log: String, pieceLength: Int = .max, itemsPerBatch: Int = 4096) {
    self.init(
      bytes: Array(log.utf8), pieceLength: pieceLength, itemsPerBatch: itemsPerBatch)
  }

  init(
    bytes: [UInt8], pieceLength: Int = .max, itemsPerBatch: Int = 4096,
    isPipelined: Bool = false, isSummarised: Bool = true
  ) {
    self.init(
      bytes: bytes, pieceLength: pieceLength, isSummarised: isSummarised,
      options: TraceReader.Options(
        isPipelined: isPipelined, decodesAhead: isPipelined, itemsPerBatch: itemsPerBatch))
  }

  init(
    bytes: [UInt8], pieceLength: Int = .max, isSummarised: Bool = true,
    options: TraceReader.Options
  ) {
    self.isSummarised = isSummarised
    do throws(TraceError) {
      let source = MemorySource(bytes, pieceLength: pieceLength)
      try read(TraceReader(source: source, name: "log", paths: paths, options: options))
    } catch {
      self.error = error
    }
  }

  init(path: String, isPipelined: Bool = false) {
    do throws(TraceError) {
      try read(
        TraceReader(
          path: path, paths: paths,
          options: .init(isPipelined: isPipelined, decodesAhead: isPipelined)))
    } catch {
      self.error = error
    }
  }

  mutating func read(_ reader: TraceReader) throws(TraceError) {
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) {
      for item in batch.items { take(item, batch) }
    }
  }

  private mutating func take(_ item: TraceItem, _ batch: TraceBatch) {
    items.append(item)
    switch item {
    case .began(let event):
      began.append(event)
      if isSummarised { summary.append("began " + describe(event, batch)) }
    case .completed(let event):
      events.append(event)
      if isSummarised { summary.append(describe(event, batch)) }
      if case .processMadvise(_, let range, _) = event.call {
        iovecs.append(range.indices.map { batch.iovecs[$0] })
      }
      if case .setVMAName(_, _, let name) = event.call {
        names.append(name.map { batch.strings[Int($0)] })
      }
    case .processEnded(let end):
      ends.append(end)
      if isSummarised { summary.append("\(end)") }
    case .snapshot(let index):
      snapshots.append(batch.snapshots[index])
      if isSummarised { summary.append("snapshot \(batch.snapshots[index])") }
    case .descriptor(let event):
      descriptors.append(event)
      if isSummarised { summary.append("descriptor \(event)") }
    case .host(let index):
      hosts.append(batch.hosts[index])
      if isSummarised { summary.append("host \(batch.hosts[index])") }
    case .malformed(let index):
      malformed.append(batch.malformed[index])
      if isSummarised { summary.append("malformed \(batch.malformed[index])") }
    }
  }

  private func describe(_ event: SyscallEvent, _ batch: TraceBatch) -> String {
    var text = "\(event)"
    switch event.call {
    case .mmap(_, _, _, _, _, let file, _), .execve(let file):
      text += " path=\(paths.text(of: file))"
    case .processMadvise(_, let range, _):
      text += " vector=\(range.indices.map { batch.iovecs[$0] })"
    case .setVMAName(_, _, let name?):
      text += " name=\(batch.strings[Int(name)])"
    default: break
    }
    return text
  }
}

/// A log of so many calls of munmap, each of another page.
func unmappings(_ count: Int) -> String {
  (0..<count).map { "7     1700000000.000001 munmap(0x\($0)000, 4096) = 0 <0.1>\n" }.joined()
}
