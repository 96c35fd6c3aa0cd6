/// A random program of memory calls in a small window, from a seed.
public struct RandomProgram: Sendable {
  public static let window: UInt64 = 0x10_0000_0000
  public static let page: UInt64 = 4096

  /// Which calls a program makes, and whether it writes.
  struct Mix: OptionSet, Sendable {
    var rawValue: Int
    static let protect = Mix(rawValue: 1)
    static let remap = Mix(rawValue: 2)
    static let advise = Mix(rawValue: 4)
    static let lock = Mix(rawValue: 8)
    static let policy = Mix(rawValue: 16)
    static let shared = Mix(rawValue: 32)
    static let write = Mix(rawValue: 64)
    static let fork = Mix(rawValue: 128)
    static let seal = Mix(rawValue: 256)
    static let brk = Mix(rawValue: 512)
    static let lockAll = Mix(rawValue: 1024)
    static let files = Mix(rawValue: 2048)
  }

  public let seed: UInt64
  public private(set) var calls: [RandomCall] = []
  private var random: SplitMix64
  private let pages: UInt64
  private let mix: Mix

  public init(seed: UInt64, length: Int = 120) {
    self.seed = seed
    random = SplitMix64(state: seed)
    pages = [8, 12, 20, 40][Int(random.next() % 4)]
    var mix = Mix(rawValue: Int(random.next() % 4096))
    if random.next() % 8 != 0 { mix.subtract([.seal, .lockAll]) }
    self.mix = mix
    for index in 0..<length {
      if mix.contains(.fork) && (index == length / 2 || index == length * 3 / 4) {
        calls.append(.fork)
      }
      calls.append(makeCall())
    }
  }

  /// A shared object that was made to measure may be mapped past its end, by a growing mremap. No
  /// page is there, so faulting it in fails, which the model cannot know.
  private var mayPassEnd: Bool { mix.contains(.shared) && mix.contains(.remap) }

  private mutating func below(_ bound: UInt64) -> UInt64 { random.next() % bound }

  private mutating func oneOf<T>(_ values: [T]) -> T { values[Int(below(UInt64(values.count)))] }

  /// A range of pages, mostly short, rarely misaligned or empty.
  private mutating func range() -> (UInt64, UInt64) {
    let first = below(pages)
    let longest = min(pages - first, oneOf([1, 2, 3, 4, 8, pages]))
    var address = Self.window + first * Self.page
    var length = (1 + below(longest)) * Self.page
    switch below(100) {
    case 0: address += 1 + below(4095)
    case 1: length = 0
    case 2: length -= below(4095)
    default: break
    }
    return (address, length)
  }

  private mutating func prot() -> UInt64 {
    oneOf([0, 1, 1, 3, 3, 3, 3, 3, 5, 7, 4, 2])
  }

  private mutating func makeCall() -> RandomCall {
    while true {
      switch below(100) {
      case 0..<26: return mmap()
      case 26..<36:
        let (address, length) = range()
        return .munmap(address, length)
      case 36..<54 where mix.contains(.protect):
        let (address, length) = range()
        return .mprotect(address, length, prot())
      case 54..<64 where mix.contains(.remap): return mremap()
      case 64..<72 where mix.contains(.advise): return madvise()
      case 72..<79 where mix.contains(.lock):
        let (address, length) = range()
        if below(3) == 0 { return .munlock(address, length) }
        return .mlock2(address, length, mayPassEnd || below(4) == 0 ? 1 : 0)
      case 79..<82 where mix.contains(.policy):
        let (address, length) = range()
        return .mbind(address, length, oneOf([0, 0, 1, 2, 3]))
      case 82..<85 where mix.contains(.shared): return shared()
      case 85..<95 where mix.contains(.write):
        let (address, length) = range()
        return .touch(
          address & ~(Self.page - 1), min(length, mayPassEnd ? Self.page : 4 * Self.page))
      case 95 where mix.contains(.seal):
        let (address, _) = range()
        return .mseal(address, Self.page)
      case 96..<98 where mix.contains(.brk):
        if mix.contains(.write) && below(3) == 0 {
          return .touchHeap(below(16) * Self.page, Self.page)
        }
        return .brk(below(16 * Self.page))
      case 98 where mix.contains(.lockAll):
        return below(2) == 0 ? .munlockall : .mlockall(oneOf([1, 2, 3, 5, 6, 7]))
      case 99: return makeFileCall()
      default: continue
      }
    }
  }

  private mutating func makeFileCall() -> RandomCall {
    let (address, length) = range()
    if !mix.contains(.shared) && below(2) == 0 {
      return .remapFilePages(address, length, below(64))
    }
    return .munmap(address, length)
  }

  private mutating func mmap() -> RandomCall {
    let (address, length) = range()
    var flags: UInt64 = oneOf([0x10, 0x10, 0x10, 0x10, 0x10_0000, 0x10_0000, 0])
    var file = 0
    var offset: UInt64 = 0
    if mix.contains(.files) && below(3) == 0 {
      file = Int(below(4))
      flags |= below(3) == 0 ? 1 : 2
      // Mostly the offset that continues what a neighbour may have.
      offset = below(4) != 0 ? address - Self.window : below(32) * Self.page
      if below(40) == 0 { offset += 1 }
    } else {
      flags |= 0x20
      flags |= mix.contains(.shared) && below(8) == 0 ? 1 : 2
    }
    if mix.contains(.advise) && below(8) == 0 { flags |= oneOf([0x2_0000, 0x4000]) }
    if mix.contains(.lock) && !mayPassEnd && below(12) == 0 { flags |= oneOf([0x2000, 0x8000]) }
    // A write below such a mapping makes it grow, which no log shows either.
    if !mix.contains(.write) && below(60) == 0 { flags |= 0x100 }
    return .mmap(
      at: address, length: length, prot: prot(), flags: flags, file: file, offset: offset)
  }

  private mutating func mremap() -> RandomCall {
    let (old, oldSize) = range()
    let (new, newSize) = range()
    switch below(12) {
    case 0..<4:
      return .mremap(old: old, oldSize: oldSize, newSize: newSize, flags: below(2), new: 0)
    case 4..<8: return .mremap(old: old, oldSize: oldSize, newSize: oldSize, flags: 3, new: new)
    case 8: return .mremap(old: old, oldSize: oldSize, newSize: newSize, flags: 3, new: new)
    case 9: return .mremap(old: old, oldSize: oldSize, newSize: oldSize, flags: 7, new: new)
    case 10: return .mremap(old: old, oldSize: 0, newSize: newSize, flags: 3, new: new)
    default:
      return .mremap(
        old: old, oldSize: oldSize, newSize: newSize, flags: below(8),
        new: below(2) == 0 ? new : new + 1)
    }
  }

  private mutating func madvise() -> RandomCall {
    let (address, length) = range()
    var advice: UInt32 = oneOf([
      0, 1, 2, 3, 4, 8, 10, 11, 12, 13, 14, 15, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 102, 103,
      7,
    ])
    // Populating guard pages fails, and they are no property of a VMA.
    let populates = mix.contains(.lock) || mix.contains(.policy)
    if advice == 102 && populates { advice = 103 }
    if !populates && (advice == 22 || advice == 23) { advice = 102 }
    // A write to a guard page fails, and only anonymous memory counts guards as written.
    if advice == 102 && mix.contains([.write, .files]) { advice = 103 }
    if mayPassEnd && (advice == 22 || advice == 23) { advice = 0 }
    // A read fault of a huge page leaves an anon_vma, and reads are as invisible as writes.
    if advice == 14 && mix.contains(.lock) { advice = 15 }
    return .madvise(address, length, advice)
  }

  private mutating func shared() -> RandomCall {
    let (address, length) = range()
    if below(3) == 0 { return .shmdt(address) }
    let aligned = address & ~(Self.page - 1)
    return .shmat(aligned, max(length, 1), oneOf([0, 0o40000, 0o10000, 0o50000]))
  }
}

/// A small generator whose sequence is fixed for all time.
public struct SplitMix64: Sendable {
  private var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
