import Glibc

/// Memory in whole cache lines that grows, owned by exactly one value. What is in new memory is
/// undefined.
///
/// Small memory comes from the allocator and moves when it grows. Larger memory is a mapping of its
/// own with address space in reserve behind it, and grows there in small steps: new pages are
/// touched once and nothing is copied. Beyond some mebibytes huge pages are asked for, since a
/// search in a large index waits for the translation of addresses more than for anything else.
///
/// Unsafe code stands here because nothing in the library hands out such memory. It is safe because
/// the memory belongs to this noncopyable value alone from `init` to `deinit`; those who use `base`
/// keep within `byteCount`.
@safe
struct GrowingMemory: ~Copyable {
  /// On a border of cache lines, behind the header; nothing lies there if there is no memory.
  private(set) var base: UnsafeMutableRawPointer
  private(set) var byteCount: Int

  /// Where the block begins in which the memory lies, and for a mapping where it ends; right below
  /// the memory.
  @unsafe
  private struct Header: BitwiseCopyable {
    var start: UnsafeMutableRawPointer
    /// Nil in a block of the allocator.
    var end: UnsafeMutableRawPointer?
  }

  private static let line = 64
  private static let largestOfAllocator = 128 << 10
  private static let step = 16 << 10
  private static let hugePage = 2 << 20
  /// So much is left to small pages: the processor remembers the translations of about as much.
  private static let largestOfSmallPages = 8 << 20

  /// - Parameter byteCount: rounded up to cache lines, or to steps; 0 takes no memory.
  init(byteCount: Int) {
    precondition(byteCount >= 0 && byteCount < 1 << 46)
    if byteCount == 0 {
      unsafe base = UnsafeMutableRawPointer(bitPattern: Self.line)!
      self.byteCount = 0
      return
    }
    if byteCount > Self.largestOfAllocator, let base = unsafe Self.map(byteCount) {
      unsafe self.base = base
      self.byteCount = Self.roundedToStep(byteCount)
      return
    }
    self.byteCount = Self.round(byteCount, to: Self.line)
    // The same with an alignment takes the allocator several times as long.
    guard let start = unsafe malloc(self.byteCount + MemoryLayout<Header>.size + Self.line) else {
      fatalError("out of memory")
    }
    unsafe base = (start + MemoryLayout<Header>.size).alignedUp(toMultipleOf: Self.line)
    unsafe Self.setHeader(of: base, Header(start: start, end: nil))
  }

  deinit {
    if byteCount == 0 { return }
    let header = unsafe self.header
    if let end = unsafe header.end {
      unsafe munmap(header.start, end - header.start)
    } else {
      unsafe free(header.start)
    }
  }

  private var header: Header {
    unsafe (base - MemoryLayout<Header>.size).load(as: Header.self)
  }

  private static func setHeader(of base: UnsafeMutableRawPointer, _ header: Header) {
    unsafe (base - MemoryLayout<Header>.size).storeBytes(of: header, as: Header.self)
  }

  private var isMapping: Bool { unsafe byteCount > 0 && header.end != nil }

  /// The next size, for memory that is too small by one: small memory doubles, larger memory grows
  /// by a quarter, so that at most a fifth of it lies idle, and a mapping by a step.
  borrowing func nextByteCount(doublingBelow limit: Int) -> Int {
    if isMapping { return Self.roundedToStep(byteCount + 1) }
    return byteCount < limit ? byteCount * 2 : byteCount + byteCount / 4
  }

  /// - Complexity: amortised O(1) per byte.
  mutating func grow(to newByteCount: Int) {
    let rounded = Self.roundedToStep(newByteCount)
    if isMapping, let end = unsafe header.end, unsafe base + rounded <= end {
      byteCount = rounded
      return
    }
    let larger = GrowingMemory(byteCount: newByteCount)
    unsafe larger.base.copyMemory(from: base, byteCount: byteCount)
    self = larger
  }

  /// Room for eight times as much from a border of huge pages on, with its header; nil if there is
  /// none, which only a limit of address space brings about.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let reserve = 2 * hugePage + roundedToStep(byteCount) * 8
    let start = unsafe mmap(
      nil, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let start = unsafe start, unsafe start != UnsafeMutableRawPointer(bitPattern: -1) else {
      return nil
    }
    let end = unsafe start + reserve
    let base = unsafe (start + line).alignedUp(toMultipleOf: hugePage)
    unsafe setHeader(of: base, Header(start: start, end: end))
    // What begins small keeps small pages up to there. Without huge pages everything works, too.
    let first = unsafe byteCount < largestOfSmallPages ? base + largestOfSmallPages : base
    if unsafe first < end { unsafe _ = madvise(first, end - first, MADV_HUGEPAGE) }
    return unsafe base
  }

  /// Huge pages are used up whole.
  private static func roundedToStep(_ byteCount: Int) -> Int {
    round(byteCount, to: byteCount < largestOfSmallPages ? step : hugePage)
  }

  private static func round(_ byteCount: Int, to unit: Int) -> Int {
    (byteCount + unit - 1) & ~(unit - 1)
  }
}

// SAFETY: the memory is reachable through this value only, which cannot be copied.
extension GrowingMemory: @unchecked Sendable {}
