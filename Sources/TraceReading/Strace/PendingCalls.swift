import SyscallABI

/// The calls that have begun and not ended: first halves that wait for their second.
///
/// At most a few per traced thread. Slots are reused, found through a table from pid to the pid's
/// latest slot; a pid has more than one only in damaged logs.
struct PendingCalls {
  struct Entry: BitwiseCopyable {
    var event: SyscallEvent
    /// Without the text of its first half the event would lack arguments.
    var needsText = false
    /// The next older entry of the same pid; -1 for none.
    fileprivate var older: Int32 = -1
    fileprivate var isUsed = false
    /// Counts up with every call that begins, so that they can be told in their order.
    fileprivate var order: UInt64 = 0
  }

  private(set) var entries: [Entry] = []
  /// For each slot the text of the arguments, where they must be read again together with the
  /// second half. Apart from the entries, so that these can be read without counting references.
  private(set) var texts: [[UInt8]] = []
  private var free: [Int32] = []
  private var latest = PIDTable()
  private var order: UInt64 = 0
  private(set) var count = 0

  /// Takes a slot for a call.
  mutating func add(_ event: SyscallEvent) -> Int {
    let index: Int
    if let reused = free.popLast() {
      index = Int(reused)
      entries[index].event = event
    } else {
      index = entries.count
      entries.append(Entry(event: event))
      texts.append([])
    }
    order += 1
    entries[index].needsText = false
    entries[index].isUsed = true
    entries[index].order = order
    entries[index].older = latest[event.pid]
    latest[event.pid] = Int32(index)
    count += 1
    return index
  }

  /// Keeps the text of the arguments, to be read again together with the second half.
  mutating func setText(_ text: ByteSlice, at index: Int) {
    entries[index].needsText = true
    texts[index].removeAll(keepingCapacity: true)
    text.append(to: &texts[index])
  }

  /// The slot of the call that a second half of `name` under `pid` ends; nil if there is none.
  ///
  /// A second half without a pid belongs to the only call of that name; a first half without one
  /// may be ended by any.
  func find(_ name: SyscallName, pid: PID) -> Int? {
    if count == 0 { return nil }
    if pid != .none {
      return find(name, under: pid) ?? find(name, under: .none)
    }
    if let index = find(name, under: .none) { return index }
    var only: Int?
    for (index, entry) in entries.enumerated() where entry.isUsed && entry.event.name == name {
      if only != nil { return nil }
      only = index
    }
    return only
  }

  private func find(_ name: SyscallName, under pid: PID) -> Int? {
    var index = latest[pid]
    while index >= 0 {
      if entries[Int(index)].event.name == name { return Int(index) }
      index = entries[Int(index)].older
    }
    return nil
  }

  /// Gives a slot free; its contents stay readable until the next `add`.
  mutating func remove(_ index: Int) {
    let pid = entries[index].event.pid
    let older = entries[index].older
    if latest[pid] == Int32(index) {
      latest[pid] = older
    } else {
      var next = Int(latest[pid])
      while entries[next].older != Int32(index) { next = Int(entries[next].older) }
      entries[next].older = older
    }
    entries[index].isUsed = false
    free.append(Int32(index))
    count -= 1
  }

  /// Gives the calls of `old` to `new`: after an execve by another thread than the first.
  mutating func rename(_ old: PID, to new: PID) {
    guard old != new else { return }
    for index in indices(of: old) {
      remove(index)
      free.removeLast()
      entries[index].event.pid = new
      entries[index].isUsed = true
      entries[index].older = latest[new]
      latest[new] = Int32(index)
      count += 1
    }
  }

  func hasAny(of pid: PID) -> Bool { latest[pid] >= 0 }

  /// The only slot of a pid; nil if there is none, or more than one.
  func only(of pid: PID) -> Int? {
    let index = latest[pid]
    return index >= 0 && entries[Int(index)].older < 0 ? Int(index) : nil
  }

  /// The slots of a pid, in the order in which the calls began.
  func indices(of pid: PID) -> [Int] {
    var index = latest[pid]
    var found: [Int] = []
    while index >= 0 {
      found.append(Int(index))
      index = entries[Int(index)].older
    }
    return found.sorted { entries[$0].order < entries[$1].order }
  }

  /// All slots, in the order in which the calls began.
  func allIndices() -> [Int] {
    entries.indices.filter { entries[$0].isUsed }.sorted {
      entries[$0].order < entries[$1].order
    }
  }
}
