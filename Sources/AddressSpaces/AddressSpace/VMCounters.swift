import SyscallABI

/// The page counts of a process: sums over its VMAs, kept up to date by every change of one.
///
/// Linux: the fields of `struct mm_struct`, `vm_stat_account` (2.6).
public struct VMCounters: Hashable, Sendable, BitwiseCopyable {
  /// All pages (`total_vm`, VmSize).
  public internal(set) var total: UInt64 = 0
  /// With VM_LOCKED (`locked_vm`, VmLck).
  public internal(set) var locked: UInt64 = 0
  /// Of files, shared memory included (`shared_vm`).
  public internal(set) var shared: UInt64 = 0
  /// Of files, to be executed and not to be written (`exec_vm`, VmExe and VmLib).
  public internal(set) var exec: UInt64 = 0
  /// Of anonymous memory that grows down (`stack_vm`, VmStk).
  public internal(set) var stack: UInt64 = 0
  /// With VM_IO (`reserved_vm`).
  public internal(set) var reserved: UInt64 = 0
  /// VMAs, not pages, with VM_EXECUTABLE.
  public internal(set) var executableVMAs: UInt64 = 0
  /// With VM_ACCOUNT: what the process has charged to `vm_committed_as`.
  public internal(set) var accounted: UInt64 = 0

  init() {}

  /// Counts `pages`, which may be negative in two's complement, of a VMA with `attributes`.
  ///
  /// - Parameter vmas: 1 if the VMA comes with them, -1 in two's complement if it goes.
  ///
  /// Linux: `vm_stat_account`; `added_exe_file_vma` and `removed_exe_file_vma` (2.6.26 to 3.6).
  @inline(__always)
  mutating func add(_ pages: UInt64, _ attributes: MergeAttributes, vmas: UInt64 = 0) {
    let flags = attributes.flags
    total &+= pages
    if flags.contains(.account) { accounted &+= pages }
    if attributes.file != .none {
      shared &+= pages
      if flags.intersection([.exec, .write]) == .exec { exec &+= pages }
    } else if flags.contains(.growsDown) {
      stack &+= pages
    }
    // Rare, and asked with one test.
    if !flags.isDisjoint(with: [.locked, .io, .executable]) {
      if flags.contains(.executable) { executableVMAs &+= vmas }
      if flags.contains(.locked) { locked &+= pages }
      if flags.contains(.io) { reserved &+= pages }
    }
  }
}
