import Glibc

/// Memory in whole cache lines that grows, owned by exactly one value. What is in new memory is
/// undefined.
///
/// Small memory comes from the allocator and moves when it grows. Larger memory is a mapping of its
/// own with address space in reserve behind it, and grows there in small steps: new pages are
/// touched once and nothing is copied. Beyond a huge page, huge pages are asked for, since a search
/// in a large index waits for the translation of addresses more than for anything else.
///
/// Unsafe code stands here because nothing in the library hands out such memory. It is safe because
/// the memory belongs to this noncopyable value alone from `init` to `deinit`; those who use `base`
/// keep within `byteCount`.
@safe
struct GrowingMemory: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer
  /// In bytes; a multiple of a cache line.
  private(set) var byteCount: Int
  /// The mapping around the memory; empty for memory of the allocator.
  private var mapping = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

  private static let line = 64
  private static let largestOfAllocator = 128 << 10
  private static let step = 64 << 10
  private static let hugePage = 2 << 20

  /// - Parameter byteCount: rounded up to cache lines, or to steps.
  init(byteCount: Int) {
    precondition(byteCount > 0 && byteCount < 1 << 46)
    if byteCount > Self.largestOfAllocator, let mapping = unsafe Self.map(byteCount) {
      unsafe self.mapping = mapping
      unsafe base = mapping.baseAddress!.alignedUp(toMultipleOf: Self.hugePage)
      self.byteCount = Self.roundedToStep(byteCount)
    } else {
      self.byteCount = Self.round(byteCount, to: Self.line)
      unsafe base = .allocate(byteCount: self.byteCount, alignment: Self.line)
    }
  }

  deinit {
    if unsafe mapping.isEmpty {
      unsafe base.deallocate()
    } else {
      unsafe munmap(mapping.baseAddress, mapping.count)
    }
  }

  /// The next size, for memory that is too small by one: small memory doubles, larger memory grows
  /// by a quarter, so that at most a fifth of it lies idle, and a mapping by a step.
  borrowing func nextByteCount(doublingBelow limit: Int) -> Int {
    if unsafe !mapping.isEmpty { return Self.roundedToStep(byteCount + 1) }
    return byteCount < limit ? byteCount * 2 : byteCount + byteCount / 4
  }

  /// - Complexity: amortised O(1) per byte.
  mutating func grow(to newByteCount: Int) {
    let rounded = Self.roundedToStep(newByteCount)
    if unsafe !mapping.isEmpty && base + rounded <= mapping.baseAddress! + mapping.count {
      byteCount = rounded
      return
    }
    let larger = GrowingMemory(byteCount: newByteCount)
    unsafe larger.base.copyMemory(from: base, byteCount: byteCount)
    self = larger
  }

  /// A mapping with room for eight times as much from a border of huge pages on; nil if there is no
  /// such room, which only a limit of address space brings about.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawBufferPointer? {
    let reserve = hugePage + roundedToStep(byteCount) * 8
    let start = unsafe mmap(
      nil, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let start = unsafe start, unsafe start != UnsafeMutableRawPointer(bitPattern: -1) else {
      return nil
    }
    // What begins small keeps small pages up to there. Without huge pages everything works, too.
    let base = unsafe start.alignedUp(toMultipleOf: hugePage)
    let first = unsafe byteCount < hugePage ? base + hugePage : base
    let rest = unsafe start + reserve - first
    if rest > 0 { unsafe _ = madvise(first, rest, MADV_HUGEPAGE) }
    return unsafe UnsafeMutableRawBufferPointer(start: start, count: reserve)
  }

  /// From a huge page on, huge pages are used up whole.
  private static func roundedToStep(_ byteCount: Int) -> Int {
    round(byteCount, to: byteCount < hugePage ? step : hugePage)
  }

  private static func round(_ byteCount: Int, to unit: Int) -> Int {
    (byteCount + unit - 1) & ~(unit - 1)
  }
}

// SAFETY: the memory is reachable through this value only, which cannot be copied.
extension GrowingMemory: @unchecked Sendable {}
