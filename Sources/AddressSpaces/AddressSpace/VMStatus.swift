import SyscallABI

/// The lines of `/proc/PID/status` that follow from the VMAs alone, in pages.
public struct VMStatus: Hashable, Sendable {
  /// VmPeak.
  public var peak: UInt64 = 0
  /// VmSize; 2.6 leaves VM_IO mappings out.
  public var size: UInt64 = 0
  /// VmLck.
  public var locked: UInt64 = 0
  /// VmData: 2.6 takes what is neither of a file nor a stack, 6.x what is private and writable.
  public var data: UInt64 = 0
  /// VmStk.
  public var stack: UInt64 = 0
  /// VmExe: the code of the program; 0 where it is not known where that lies.
  public var exe: UInt64 = 0
  /// VmLib: all other code.
  public var lib: UInt64 = 0

  public init() {}

  /// The lines in the order of the file.
  public var lines: [(name: StaticString, pages: UInt64)] {
    [
      ("VmPeak", peak), ("VmSize", size), ("VmLck", locked), ("VmData", data), ("VmStk", stack),
      ("VmExe", exe), ("VmLib", lib),
    ]
  }
}

extension VMStatus {
  /// Pages by access, as 4.5 and newer count them.
  struct Pages: BitwiseCopyable {
    var stack: UInt64 = 0
    var code: UInt64 = 0
    var data: UInt64 = 0

    /// Linux: `is_stack_mapping`, `is_exec_mapping`, `is_data_mapping`.
    @inline(__always)
    mutating func add(_ pages: UInt64, _ flags: VMAFlags) {
      if flags.contains(.growsDown) {
        stack += pages
      } else if flags.intersection([.exec, .write]) == .exec {
        code += pages
      } else if flags.intersection([.write, .shared]) == .write {
        data += pages
      }
    }
  }
}

extension AddressSpace where Index: ~Copyable {
  /// What `/proc/PID/status` says of this address space.
  ///
  /// - Complexity: O(1) with the counters of 2.6, O(*n*) with those of 4.5 and newer.
  ///
  /// Linux: `task_mem`.
  public var vmStatus: VMStatus {
    var pages = VMStatus.Pages()
    if profile.follows(.countsDataByAccess) {
      index.forEachEntry { pages.add($0.range.lengthInPages, attributes(of: $0).flags) }
    }
    return status(of: pages)
  }

  borrowing func status(of pages: VMStatus.Pages) -> VMStatus {
    var status = VMStatus()
    status.peak = max(hiwaterVM, counters.total)
    status.locked = counters.locked
    let code: UInt64
    if profile.follows(.countsDataByAccess) {
      status.size = counters.total
      (status.stack, status.data, code) = (pages.stack, pages.data, pages.code)
    } else {
      status.size = counters.total &- counters.reserved
      status.stack = counters.stack
      status.data = counters.total &- counters.shared &- counters.stack
      code = counters.exec
    }
    let end = layout.endCode.roundedUpToPage
    let start = layout.startCode.roundedDownToPage
    status.exe = end > start ? (end &- start) >> Page.shift : 0
    status.lib = code > status.exe ? code - status.exe : 0
    return status
  }
}
