import SyscallABI

/// The lines of the files of `strace -ff`, one file per process, in the order of their times.
///
/// Lines of equal time keep the order of cause and effect (a child's come after the call that
/// returned its pid), then that of the pids. Without times, a child's lines follow that call at
/// once.
final class MergedFeed {
  private let logs: [ProcessLog]
  private var indexOfPID: [PID: Int] = [:]
  private var queue = MergeQueue()
  private var running: ProcessLog?
  private var generations: Int64 = 0
  private var error: TraceError?

  /// - Throws: if a file cannot be opened.
  init(_ files: [TraceInput.ProcessFile], options: TraceReader.Options) throws(TraceError) {
    var logs: [ProcessLog] = []
    for (index, file) in files.enumerated() {
      logs.append(try ProcessLog(file, source: UInt32(index), options: options))
      indexOfPID[PID(file.pid)] = index
    }
    self.logs = logs
    setDays()
    for index in logs.indices { enqueue(index) }
  }

  /// Times of day have no date: of files whose first times are more than half a day apart, the
  /// early ones begin after midnight.
  private func setDays() {
    let firstTimes = logs.compactMap { $0.timeKind == .clock ? $0.time : nil }
    guard let latest = firstTimes.max() else { return }
    for log in logs where log.timeKind == .clock {
      if let time = log.time, latest - time > 43_200_000_000_000 { log.begin(onDay: 1) }
    }
  }

  var linesRead: UInt64 { logs.reduce(0) { $0 + $1.linesRead } }
  var bytesRead: UInt64 { logs.reduce(0) { $0 + $1.bytesRead } }
  var compressedBytesRead: UInt64 { logs.reduce(0) { $0 + $1.compressedBytesRead } }
  var totalCompressedBytes: UInt64? {
    logs.reduce(0) { sum, log in sum.flatMap { s in log.totalCompressedBytes.map { s + $0 } } }
  }

  private func key(_ index: Int) -> MergeQueue.Key {
    let log = logs[index]
    if let time = log.time {
      return MergeQueue.Key(
        time: time, rank: log.isCreated ? 0 : 1, pid: log.pid.rawValue, index: index)
    }
    // Without times: a process that has begun goes on at once, one that has not waits for its
    // creation, or for all others to end.
    return MergeQueue.Key(
      time: log.isCreated ? .min : .max, rank: -log.generation, pid: log.pid.rawValue,
      index: index)
  }

  private func enqueue(_ index: Int) { queue.push(key(index)) }

  /// Fills a batch; false at the end of all files.
  ///
  /// - Throws: the first error of a file, after all files were read as far as they go.
  func fill(
    _ batch: inout TraceBatch, _ items: Int, _ decoder: inout StraceDecoder
  ) throws(TraceError) -> Bool {
    var lines = 0
    let keepsStacks = decoder.stacks.areKept
    defer { if keepsStacks { decoder.stacks.end(in: &batch) } }
    while batch.items.count < items && batch.snapshots.count < 16 && lines < 65_536
      || keepsStacks && running?.isAtFrame == true
    {
      guard let log = running ?? start(&decoder) else {
        if let error { throw error }
        return false
      }
      lines += 1
      let before = batch.items.count
      log.decode(with: &decoder, into: &batch)
      for item in batch.items[before...] { item.child.map(create) }
      running = advance(log, keepsStacks) ? log : nil
    }
    return true
  }

  /// Chooses the file whose line is next, and goes to that line if the file has not begun.
  private func start(_ decoder: inout StraceDecoder) -> ProcessLog? {
    while let key = queue.pop() {
      let log = logs[key.index]
      // A file that was created while it waited is in the queue twice.
      if key != self.key(key.index) || log.hasEnded { continue }
      if log.hasBegun { return log }
      if !log.isCreated, settleTie(key) { continue }
      log.isCreated = true
      decoder.clocks[key.index].firstDay = log.firstDay
      if advanceChecked(log) { return log }
    }
    return nil
  }

  /// Goes to the next line of `log`; true if it is the next of all.
  private func advance(_ log: ProcessLog, _ keepsStacks: Bool) -> Bool {
    guard advanceChecked(log) else { return false }
    if keepsStacks && log.isAtFrame { return true }
    let index = Int(log.source)
    let key = key(index)
    if let first = queue.first, first < key {
      queue.push(key)
      return false
    }
    return true
  }

  private func advanceChecked(_ log: ProcessLog) -> Bool {
    do throws(TraceError) {
      return try log.advance()
    } catch {
      if self.error == nil { self.error = error }
      return false
    }
  }

  private func create(_ pid: PID) {
    guard let index = indexOfPID[pid], !logs[index].isCreated else { return }
    generations += 1
    logs[index].isCreated = true
    logs[index].generation = generations
    enqueue(index)
  }

  /// Several files begin at the same time, and none of them is known to be created before: looks
  /// which of them the others create. False if `key`'s file may as well begin.
  private func settleTie(_ key: MergeQueue.Key) -> Bool {
    var tied = [key]
    while let next = queue.first, next.time == key.time, next.rank == key.rank || key.time == .max {
      _ = queue.pop()
      if next == self.key(next.index) { tied.append(next) }
    }
    defer { for other in tied.dropFirst() { queue.push(other) } }
    if tied.count == 1 || logs[key.index].isKnownChild && tied.allSatisfy({ isChild($0) }) {
      return false
    }
    if tied.contains(where: { isChild($0) }) == false {
      for other in tied {
        for child in logs[other.index].children(until: logs[other.index].time) {
          if let index = indexOfPID[child] { logs[index].isKnownChild = true }
        }
      }
    }
    guard let root = tied.first(where: { !isChild($0) }), root != key else { return false }
    // The first one that nobody creates goes first; all others wait on.
    logs[root.index].isCreated = true
    enqueue(root.index)
    tied.append(key)
    return true
  }

  private func isChild(_ key: MergeQueue.Key) -> Bool { logs[key.index].isKnownChild }
}

/// The files by the times of their next lines, the first at the top: a binary heap.
struct MergeQueue {
  struct Key: Equatable {
    var time: Int64
    /// 0 for files that have begun or whose creation was seen, before those of equal time.
    var rank: Int64
    var pid: Int32
    var index: Int

    static func < (a: Key, b: Key) -> Bool {
      (a.time, a.rank, a.pid, a.index) < (b.time, b.rank, b.pid, b.index)
    }
  }

  private var keys: [Key] = []

  var first: Key? { keys.first }

  mutating func push(_ key: Key) {
    keys.append(key)
    var child = keys.count - 1
    while child > 0, keys[child] < keys[(child - 1) / 2] {
      keys.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Key? {
    guard let top = keys.first else { return nil }
    keys[0] = keys[keys.count - 1]
    keys.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < keys.count {
        if keys[child] < keys[least] { least = child }
      }
      if least == parent { return top }
      keys.swapAt(parent, least)
      parent = least
    }
  }
}
