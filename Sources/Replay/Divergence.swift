public import SyscallABI

/// A call whose recorded result the model would not have given.
public struct Divergence: Sendable {
  public enum Kind: Sendable {
    /// The kernel did it; the model expected this error.
    case succeeded(expected: Int32)
    /// The kernel failed it with `recorded`; the model expected success.
    case failed(recorded: Int32)
    /// Both failed, with different errors.
    case errno(recorded: Int32, expected: Int32)
    /// The kernel placed a mapping, not MAP_FIXED, where the model has live VMAs.
    case overlap(AddressRange)
    /// brk returned another break than the model has.
    case programBreak(recorded: Address, expected: Address)
  }

  public var kind: Kind
  public var line: UInt64
  public var source: UInt32
  /// The thread that made the call.
  public var pid: PID
  /// The process that it belongs to.
  public var process: PID
  public var name: SyscallName

  public init(kind: Kind, event: SyscallEvent, process: PID) {
    self.process = process
    self.kind = kind
    line = event.line
    source = event.source
    pid = event.pid
    name = event.name
  }
}
