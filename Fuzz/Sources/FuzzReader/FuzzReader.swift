// What libFuzzer calls: any bytes are a trace, and are a map of /proc. An input is the bytes of the
// file and nothing else, so that a finding can be given to `vmareplay events` as it is.

import SyscallABI
import TraceReading

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let whole = Reading(bytes, pieceLength: .max, itemsPerBatch: 4096)
  // In small pieces, so that lines, gzip members and batches are cut everywhere.
  let pieceLength = 1 + Int(bytes.last ?? 0) % 61
  let pieces = Reading(bytes, pieceLength: pieceLength, itemsPerBatch: 3)
  precondition(whole == pieces, "the pieces in which a trace is read change what is read")
  precondition(whole.lastLine <= whole.linesRead, "an item is of a line that was not read")
  precondition(whole.hasSensibleDurations, "a duration is negative")
  _ = try? MapsFile.parse(bytes, paths: PathTable())
  return 0
}

/// What must not depend on how the bytes arrive.
struct Reading: Equatable {
  var items = 0
  var lastLine: UInt64 = 0
  var linesRead: UInt64 = 0
  var hasSensibleDurations = true
  var malformed: [MalformedLine] = []
  var snapshots = 0
  var hash: UInt64 = 0
  var error: TraceError?

  init(_ bytes: [UInt8], pieceLength: Int, itemsPerBatch: Int) {
    let paths = PathTable()
    do throws(TraceError) {
      let reader = try TraceReader(
        source: MemorySource(bytes, pieceLength: pieceLength), name: "trace", paths: paths,
        options: .init(isPipelined: false, decodesAhead: false, itemsPerBatch: itemsPerBatch))
      var batch = TraceBatch()
      // After an error the reader has ended; what came before has been delivered.
      defer { linesRead = reader.linesRead }
      while try reader.nextBatch(into: &batch) {
        for item in batch.items { take(item, batch, paths) }
      }
    } catch {
      self.error = error
    }
  }

  private mutating func take(_ item: TraceItem, _ batch: TraceBatch, _ paths: PathTable) {
    items += 1
    switch item {
    case .began(let event), .completed(let event):
      lastLine = max(lastLine, event.line)
      if event.duration.nanoseconds < -1 { hasSensibleDurations = false }
      mix(event.line)
      mix(event.result.value)
      mix(UInt64(bitPattern: event.time.nanoseconds))
      take(event.call, batch, paths)
    case .processEnded(let end):
      lastLine = max(lastLine, end.line)
      mix(end.line)
    case .descriptor(let event):
      lastLine = max(lastLine, event.line)
      mix(event.line)
    case .snapshot(let index):
      snapshots += 1
      lastLine = max(lastLine, batch.snapshots[index].line)
    case .host(let index):
      for (key, value) in batch.hosts[index].values { mix(key + value) }
    case .malformed(let index):
      malformed.append(batch.malformed[index])
      lastLine = max(lastLine, batch.malformed[index].line)
    }
  }

  /// Follows every reference that an event holds.
  private mutating func take(_ call: SyscallEvent.Call, _ batch: TraceBatch, _ paths: PathTable) {
    switch call {
    case .mmap(_, let length, _, _, _, let file, let offset):
      mix(length)
      mix(offset)
      mix(paths.text(of: file))
    case .execve(let file):
      mix(paths.text(of: file))
    case .processMadvise(_, let range, _):
      for index in range.indices { mix(batch.iovecs[index].length) }
    case .setVMAName(_, let size, let name):
      mix(size)
      if let name { mix(batch.strings[Int(name)]) }
    default: break
    }
  }

  private mutating func mix(_ text: String) {
    for byte in text.utf8 { mix(UInt64(byte)) }
  }

  private mutating func mix(_ value: UInt64) {
    hash = (hash ^ value) &* 0x9e37_79b9_7f4a_7c15
    hash ^= hash >> 29
  }
}
