/// What the kernel said of a process at one moment of a recording: the lines that start with `#`.
public struct Snapshot: Sendable {
  /// What a snapshot is of.
  public enum Moment: String, Sendable {
    /// Right after the last completed execve of this pid above it: sets the address space.
    case exec
    /// When the recorder attached: sets the address space.
    case attach
    /// What the kernel had after all lines above.
    case check
    /// The same, just before the process exits.
    case exit
  }

  public enum Content: Sendable {
    case maps([MapsEntry])
    case stat(ProcessStat)
    case limits(ProcessLimits)
    /// Calls of other threads that had begun and not ended when the last snapshot was read.
    case inflight(InflightCall)
    /// No `exit` snapshot, because this signal killed the process.
    case noExit(signal: Int32)
    /// The map could not be read: the number of the error.
    case noMaps(errno: Int32)
  }

  public var pid: PID
  /// nil for lines that belong to no moment (`inflight`, `no-exit`, `no-maps`).
  public var moment: Moment?
  /// The line of the log on which it starts.
  public var line: UInt64
  public var source: UInt32
  public var content: Content

  public init(pid: PID, moment: Moment?, line: UInt64, source: UInt32, content: Content) {
    self.pid = pid
    self.moment = moment
    self.line = line
    self.source = source
    self.content = content
  }
}

/// One line of `/proc/PID/maps`, with what smaps adds.
public struct MapsEntry: Hashable, Sendable {
  public var range: AddressRange
  /// read, write, exec; and `mayShare` where the fourth letter is `s`.
  public var permissions: VMAFlags
  /// In bytes.
  public var offset: UInt64
  public var deviceMajor: UInt32
  public var deviceMinor: UInt32
  public var inode: UInt64
  /// Interned text of the last column, escapes undone; a ` (deleted)` at its end is the mark of
  /// the id. `.none` for no name.
  public var name: FileID
  /// `Anonymous:` of smaps in KiB; nil where the snapshot has no such line.
  public var anonymousKiB: UInt64?
  /// `VmFlags:` of smaps; nil where the snapshot has no such line.
  public var vmFlags: VMAFlags?

  public init(
    range: AddressRange, permissions: VMAFlags, offset: UInt64, deviceMajor: UInt32,
    deviceMinor: UInt32, inode: UInt64, name: FileID, anonymousKiB: UInt64? = nil,
    vmFlags: VMAFlags? = nil
  ) {
    self.range = range
    self.permissions = permissions
    self.offset = offset
    self.deviceMajor = deviceMajor
    self.deviceMinor = deviceMinor
    self.inode = inode
    self.name = name
    self.anonymousKiB = anonymousKiB
    self.vmFlags = vmFlags
  }
}

/// The addresses that the kernel notes when it loads a program (`# stat`).
public struct ProcessStat: Hashable, Sendable {
  public var startCode = Address.zero
  public var endCode = Address.zero
  public var startData = Address.zero
  public var endData = Address.zero
  public var startBrk = Address.zero
  public var startStack = Address.zero
  public var argStart = Address.zero
  public var argEnd = Address.zero
  public var envStart = Address.zero
  public var envEnd = Address.zero

  public init() {}
}

/// Soft limits in bytes (`# limits`); `ResourceLimit.infinity` for none, nil where not given.
public struct ProcessLimits: Hashable, Sendable {
  public var stack: UInt64?
  public var addressSpace: UInt64?
  public var data: UInt64?
  public var memLock: UInt64?

  public init() {}
}

/// A call that another thread was in when a snapshot was read (`# inflight`).
public struct InflightCall: Hashable, Sendable {
  public var thread: PID
  /// The number of the system call on x86-64.
  public var number: Int64
  public var arguments: [UInt64]

  public init(thread: PID, number: Int64, arguments: [UInt64]) {
    self.thread = thread
    self.number = number
    self.arguments = arguments
  }
}

/// What a recording says of the machine it was made on (`# host key=value ...`).
public struct HostDescription: Hashable, Sendable {
  /// The keys in the order of the log, with their values.
  public var values: [(key: String, value: String)]
  public var line: UInt64

  public init(values: [(key: String, value: String)], line: UInt64) {
    self.values = values
    self.line = line
  }

  public subscript(key: String) -> String? { values.first { $0.key == key }?.value }

  public static func == (a: Self, b: Self) -> Bool {
    a.line == b.line && a.values.elementsEqual(b.values, by: ==)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(line)
    for (key, value) in values {
      hasher.combine(key)
      hasher.combine(value)
    }
  }
}
