// Times the decoder alone or with the replay, or prints what it decodes.
//
//   decode time FILE [REPEATS]   nanoseconds a line of decoding FILE from memory, one thread
//   decode replay FILE [REPEATS] the same with the replay, and the replay's share
//   decode pipeline FILE         wall and processor time of reading FILE, inflating aside
//   decode print FILE            every item, one a line

import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TraceReading

func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Reads to the end; returns lines, items and a checksum that keeps the optimiser honest.
func drain(_ reader: TraceReader) throws -> (lines: UInt64, items: Int, sum: UInt64) {
  var batch = TraceBatch()
  var items = 0
  var sum: UInt64 = 0
  while try reader.nextBatch(into: &batch) {
    items += batch.items.count
    for item in batch.items {
      if case .completed(let event) = item { sum &+= event.result.value &+ event.line }
    }
  }
  return (reader.linesRead, items, sum)
}

extension TraceReader.Options {
  static var onOneThread: TraceReader.Options { .init(isPipelined: false, decodesAhead: false) }
}

/// Decompressed contents, so that inflating is not timed.
func contents(_ path: String) throws -> [UInt8] {
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  guard bytes.starts(with: [0x1f, 0x8b]) else { return bytes }
  let source = try GzipSource(MemorySource(bytes), path: path)
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
    if count == 0 { return text }
    text.append(contentsOf: buffer[..<count])
  }
}

func time(_ path: String, repeats: Int) throws {
  let text = try contents(path)
  for _ in 0..<repeats {
    let source = MemorySource(text)
    let reader = try TraceReader(
      source: source, name: path, paths: PathTable(), options: .onOneThread)
    let start = seconds(CLOCK_THREAD_CPUTIME_ID)
    let (lines, items, sum) = try drain(reader)
    let took = seconds(CLOCK_THREAD_CPUTIME_ID) - start
    print(
      String(
        format: "%.1f ns/line  %.2f GB/s  lines %d  items %d  bytes/line %.1f  (%llx)",
        took * 1e9 / Double(lines), Double(text.count) / took / 1e9, Int(lines), items,
        Double(text.count) / Double(lines), sum))
  }
}

/// Decodes and replays on one thread; the shares of both, batch by batch.
func replay(_ path: String, repeats: Int) throws {
  let text = try contents(path)
  for _ in 0..<repeats {
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(text), name: path, paths: paths, options: .onOneThread)
    var engine = ReplayEngine<MmapCache<BPlusTreeIndex>, NoObserver>(
      options: ReplayOptions(profile: .linux6), paths: paths, observer: NoObserver())
    var batch = TraceBatch()
    var decoding = 0.0
    var replaying = 0.0
    while true {
      let start = seconds(CLOCK_THREAD_CPUTIME_ID)
      guard try reader.nextBatch(into: &batch) else { break }
      let middle = seconds(CLOCK_THREAD_CPUTIME_ID)
      _ = engine.apply(batch)
      decoding += middle - start
      replaying += seconds(CLOCK_THREAD_CPUTIME_ID) - middle
    }
    engine.finish()
    let lines = Double(reader.linesRead)
    print(
      String(
        format: "%.1f ns/line: decode %.1f, replay %.1f  calls %d  VMAs at the end %d",
        (decoding + replaying) * 1e9 / lines, decoding * 1e9 / lines, replaying * 1e9 / lines,
        Int(engine.total.eventCount), engine.total.mapCount))
  }
}

func pipeline(_ path: String) throws {
  for isPipelined in [false, true, false, true] {
    let reader = try TraceReader(
      path: path, paths: PathTable(), options: .init(isPipelined: isPipelined, decodesAhead: false))
    let wall = seconds(CLOCK_MONOTONIC)
    let processor = seconds(CLOCK_PROCESS_CPUTIME_ID)
    let (lines, _, sum) = try drain(reader)
    print(
      String(
        format: "pipelined %@  wall %.3f s  processor %.3f s  lines %d  (%llx)",
        "\(isPipelined)", seconds(CLOCK_MONOTONIC) - wall,
        seconds(CLOCK_PROCESS_CPUTIME_ID) - processor, Int(lines), sum))
  }
}

func printItems(_ path: String) throws {
  let paths = PathTable()
  let reader = try TraceReader(path: path, paths: paths)
  var batch = TraceBatch()
  while try reader.nextBatch(into: &batch) {
    for item in batch.items {
      switch item {
      case .began(let event): print("began", text(event, paths, batch))
      case .completed(let event): print(text(event, paths, batch))
      case .malformed(let index): print("MALFORMED", batch.malformed[index])
      case .snapshot(let index): print("snapshot", batch.snapshots[index])
      case .host(let index): print("host", batch.hosts[index])
      case .processEnded(let end): print(end)
      case .descriptor: break
      }
    }
  }
}

func text(_ event: SyscallEvent, _ paths: PathTable, _ batch: TraceBatch) -> String {
  var text = "\(event.source):\(event.line) pid \(event.pid.rawValue) t \(event.time.nanoseconds)"
  text += " d \(event.duration.nanoseconds) \(event.name) \(event.result) "
  switch event.call {
  case .mmap(let addr, let length, let prot, let flags, let fd, let file, let offset):
    text += "\(addr) \(length) \(prot.names) \(flags.names) fd \(fd) \(paths.text(of: file))"
    text += " \(paths.isDeleted(file)) \(offset)"
  case .execve(let file): text += paths.text(of: file)
  case .processMadvise(let fd, let range, let advice):
    text += "\(fd) \(range.indices.map { batch.iovecs[$0] }) \(advice.name)"
  case .setVMAName(let addr, let size, let name):
    text += "\(addr) \(size) \(name.map { batch.strings[Int($0)] } ?? "nil")"
  default: text += "\(event.call)"
  }
  return text
}

let arguments = CommandLine.arguments
switch arguments.count >= 3 ? arguments[1] : "" {
case "time": try time(arguments[2], repeats: arguments.count > 3 ? Int(arguments[3]) ?? 5 : 5)
case "replay":
  try replay(arguments[2], repeats: arguments.count > 3 ? Int(arguments[3]) ?? 5 : 5)
case "pipeline": try pipeline(arguments[2])
case "print": try printItems(arguments[2])
default:
  print("usage: decode time|replay|pipeline|print FILE [REPEATS]")
  exit(64)
}
