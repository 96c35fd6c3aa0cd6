/// A virtual address of the traced process, in bytes.
///
/// Every 64-bit value can be written in a log, so every value can be represented; nothing here
/// says that the address is mapped, aligned or below `TASK_SIZE`.
public struct Address: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var rawValue: UInt64

  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public static let zero = Address(0)

  @inlinable
  public static func < (a: Address, b: Address) -> Bool { a.rawValue < b.rawValue }

  /// The address `bytes` further up; wraps around, as the processor's arithmetic does.
  @inlinable
  public static func &+ (a: Address, bytes: UInt64) -> Address { Address(a.rawValue &+ bytes) }

  /// The address `bytes` further down; wraps around.
  @inlinable
  public static func &- (a: Address, bytes: UInt64) -> Address { Address(a.rawValue &- bytes) }

  /// The distance in bytes from `b` up to `a`; wraps around if `a` is below `b`.
  @inlinable
  public static func &- (a: Address, b: Address) -> UInt64 { a.rawValue &- b.rawValue }

  @inlinable
  public var isPageAligned: Bool { rawValue & Page.mask == 0 }

  /// The start of the page that holds this address.
  @inlinable
  public var roundedDownToPage: Address { Address(rawValue & ~Page.mask) }

  /// The first page boundary at or above this address; wraps to zero in the last page.
  @inlinable
  public var roundedUpToPage: Address { Address((rawValue &+ Page.mask) & ~Page.mask) }

  /// The number of the page that holds this address (`addr >> PAGE_SHIFT`).
  @inlinable
  public var pageNumber: UInt64 { rawValue >> Page.shift }
}

extension Address: CustomStringConvertible {
  /// `0x7f0012345000`: lower case, no leading zeros.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}

/// The page of x86-64: the unit in which address spaces are divided.
public enum Page {
  public static let size: UInt64 = 4096
  public static let shift: UInt64 = 12
  public static let mask: UInt64 = size - 1

  /// `length` in bytes rounded up to whole pages; nil if that exceeds 64 bits.
  @inlinable
  public static func align(_ length: UInt64) -> UInt64? {
    let (sum, overflow) = length.addingReportingOverflow(mask)
    return overflow ? nil : sum & ~mask
  }
}

/// A half-open range of addresses, in bytes: `start` belongs to it, `end` does not.
///
/// `Range` is not `BitwiseCopyable`, so the model has its own.
public struct AddressRange: Hashable, Sendable, BitwiseCopyable {
  public var start: Address
  public var end: Address

  /// - Precondition: `start <= end`.
  @inlinable
  public init(_ start: Address, _ end: Address) {
    assert(start <= end)
    self.start = start
    self.end = end
  }

  /// The number of bytes.
  @inlinable
  public var length: UInt64 { end &- start }

  /// The number of whole pages.
  @inlinable
  public var lengthInPages: UInt64 { length >> Page.shift }

  @inlinable
  public var isEmpty: Bool { start == end }

  @inlinable
  public func contains(_ address: Address) -> Bool { start <= address && address < end }

  @inlinable
  public func overlaps(_ other: AddressRange) -> Bool { start < other.end && other.start < end }

  /// The part that both have; nil where they do not overlap.
  @inlinable
  public func intersection(_ other: AddressRange) -> AddressRange? {
    overlaps(other) ? AddressRange(max(start, other.start), min(end, other.end)) : nil
  }
}

extension AddressRange: CustomStringConvertible {
  /// `7f0012345000-7f0012346000`, as `/proc/PID/maps` prints it.
  public var description: String {
    String(start.rawValue, radix: 16) + "-" + String(end.rawValue, radix: 16)
  }
}

/// An offset in pages into what a VMA maps (`vm_pgoff`): into the file, or, for anonymous memory,
/// the page number at which the memory was created.
public struct PageOffset: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var rawValue: UInt64

  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: PageOffset, b: PageOffset) -> Bool { a.rawValue < b.rawValue }

  @inlinable
  public static func &+ (a: PageOffset, pages: UInt64) -> PageOffset {
    PageOffset(a.rawValue &+ pages)
  }
}

/// The number by which a log names a task (process or thread).
public struct PID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var rawValue: Int32

  @inlinable
  public init(_ rawValue: Int32) { self.rawValue = rawValue }

  /// Stands for a call whose log gives no pid.
  public static let none = PID(-1)

  @inlinable
  public static func < (a: PID, b: PID) -> Bool { a.rawValue < b.rawValue }
}

/// A path interned in a `PathTable`. Two ids are equal exactly if path and deleted mark are.
public struct FileID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// No path known (anonymous memory, or a log without `-y`).
  public static let none = FileID(0)
}
