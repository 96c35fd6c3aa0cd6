import SyscallABI
import SystemPackage

/// What the name of a constant is a value of.
enum SymbolKind: UInt8 {
  case none, protection, map, remap, lock, lockAll, attach, clone, signal, advice, resource
  case errno, memoryPolicy, bind, prctl, prctlVMA, limit

  /// What the word is called in messages.
  var description: String {
    switch self {
    case .none: "constant"
    case .protection: "protection flag"
    case .map: "mmap flag"
    case .remap: "mremap flag"
    case .lock: "mlock2 flag"
    case .lockAll: "mlockall flag"
    case .attach: "shmat flag"
    case .clone: "clone flag"
    case .signal: "signal"
    case .advice: "advice"
    case .resource: "resource"
    case .errno: "error name"
    case .memoryPolicy: "memory policy"
    case .bind: "mbind flag"
    case .prctl: "prctl option"
    case .prctlVMA: "prctl attribute"
    case .limit: "limit"
    }
  }
}

/// The names of all constants in arguments and results, found by a hash of their bytes.
///
/// A name is compared as three words (its first eight bytes, the eight after them, and its last
/// eight), which is exact up to 24 bytes: longer than any name here.
struct SymbolTable {
  private struct Slot {
    var first: UInt64 = 0
    var middle: UInt64 = 0
    var last: UInt64 = 0
    var value: UInt64 = 0
    var length: UInt8 = 0
    var kind = SymbolKind.none
  }

  private static let size = 2048
  private var slots = [Slot](repeating: Slot(), count: SymbolTable.size)

  init() {
    add(Protection.bitNames.map { ($0.name, $0.bit) }, .protection)
    add(Protection.fieldNames, .protection)
    add(MapFlags.bitNames.map { ($0.name, $0.bit) }, .map)
    add(MapFlags.fieldNames, .map)
    add([("MAP_FILE", 0), ("MAP_UNINITIALIZED", MapFlags.uninitialized.rawValue)], .map)
    add(RemapFlags.bitNames.map { ($0.name, $0.bit) }, .remap)
    add(LockFlags.bitNames.map { ($0.name, $0.bit) }, .lock)
    add(LockAllFlags.bitNames.map { ($0.name, $0.bit) }, .lockAll)
    add(AttachFlags.bitNames.map { ($0.name, $0.bit) }, .attach)
    add(CloneFlags.bitNames.map { ($0.name, $0.bit) }, .clone)
    add([("CLONE_NEWTIME", 0x80)], .clone)
    add(SignalName.table.map { ($0.name, UInt64($0.number)) }, .signal)
    add([("SIGCLD", 17), ("SIGPOLL", 29), ("SIGIOT", 6)], .signal)
    add(Advice.table.map { ($0.name, UInt64($0.value)) }, .advice)
    add(ResourceLimit.table.map { ($0.name, UInt64($0.value)) }, .resource)
    add(Errno.nameTable.map { ($0.name, UInt64($0.number)) }, .errno)
    add([("EWOULDBLOCK", 11), ("EDEADLOCK", 35)], .errno)
    add(BindFlags.bitNames.map { ($0.name, $0.bit) }, .bind)
    add(
      [
        ("MPOL_DEFAULT", 0), ("MPOL_PREFERRED", 1), ("MPOL_BIND", 2), ("MPOL_INTERLEAVE", 3),
        ("MPOL_LOCAL", 4), ("MPOL_PREFERRED_MANY", 5), ("MPOL_WEIGHTED_INTERLEAVE", 6),
        ("MPOL_F_NUMA_BALANCING", 1 << 13), ("MPOL_F_RELATIVE_NODES", 1 << 14),
        ("MPOL_F_STATIC_NODES", 1 << 15),
      ], .memoryPolicy)
    add([("PR_SET_VMA", Self.setVMA)], .prctl)
    add([("PR_SET_VMA_ANON_NAME", 0)], .prctlVMA)
    add([("RLIM_INFINITY", .max), ("RLIM64_INFINITY", .max)], .limit)
  }

  /// The number of prctl's option PR_SET_VMA.
  static let setVMA: UInt64 = 0x5356_4d41

  private mutating func add(_ names: [(name: StaticString, value: UInt64)], _ kind: SymbolKind) {
    for (name, value) in names {
      let bytes = Array("\(name)".utf8)
      func word(_ start: Int) -> UInt64 {
        var word: UInt64 = 0
        for i in 0..<8 where start + i >= 0 && start + i < bytes.count {
          word |= UInt64(bytes[start + i]) << UInt64(8 * i)
        }
        return word
      }
      precondition(bytes.count <= 24)
      let first = word(0)
      let middle = bytes.count > 16 ? word(8) : 0
      let last = bytes.count > 8 ? word(bytes.count - 8) : 0
      var index = Self.index(first, last)
      while slots[index].length != 0 { index = (index + 1) % Self.size }
      slots[index] = Slot(
        first: first, middle: middle, last: last, value: value, length: UInt8(bytes.count),
        kind: kind)
    }
  }

  @inline(__always)
  private static func index(_ first: UInt64, _ last: UInt64) -> Int {
    let mixed = (first ^ (last &* 0x9e37_79b9_7f4a_7c15)) &* 0xff51_afd7_ed55_8ccd
    return Int(truncatingIfNeeded: mixed >> 53)
  }

  /// Reads one name and looks it up; nil if it is none of `kind`.
  ///
  /// The cursor is moved past the name only if it is found.
  @inline(__always)
  func take(_ kind: SymbolKind, from cursor: inout ByteCursor) -> UInt64? {
    let start = cursor
    let firstWord = cursor.word
    var length = Self.nameLength(firstWord)
    if length == 8 {
      cursor.advance(8)
      var more = Self.nameLength(cursor.word)
      while more == 8 && length < 24 {
        length += 8
        cursor.advance(8)
        more = Self.nameLength(cursor.word)
      }
      length += more
    }
    cursor = start
    if length == 0 || length > 24 { return nil }
    let first = length >= 8 ? firstWord : firstWord & (1 << UInt64(8 * length) - 1)
    let middle = length > 16 ? start.word(at: 8) : 0
    let last = length > 8 ? start.word(at: length - 8) : 0
    var index = Self.index(first, last)
    while true {
      let slot = slots[index]
      if slot.length == 0 { return nil }
      if slot.first == first && slot.last == last && slot.middle == middle
        && Int(slot.length) == length && slot.kind == kind
      {
        cursor.advance(length)
        return slot.value
      }
      index = (index + 1) % Self.size
    }
  }

  /// The number of bytes (0 to 8) at the start of `word` that can be in a name: `0-9A-Z_a-z`, and
  /// a few between them that no log has there.
  @inline(__always)
  static func nameLength(_ word: UInt64) -> Int {
    let high: UInt64 = 0x8080_8080_8080_8080
    // Below `0`, or from `{` on (and so no `|`).
    let below = ~((word & ~high) &+ 0x5050_5050_5050_5050) & high
    let above = ((word & ~high) &+ 0x0505_0505_0505_0505 | word) & high
    return (below | above).trailingZeroBitCount >> 3
  }
}
