import AddressSpaces
import SyscallABI

/// A thread group of the log (`task_struct` of the leader, `signal_struct`), while it lives.
struct ProcessState<Index: VMAIndex & ~Copyable> {
  var pid: PID
  var ordinal: Int
  var program = FileID.none
  var space: SpaceTable<Index>.ID
  var taskCount = 0
  var summary: ProcessSummary
  /// Memory that is taken to be written only later (`FaultAssumption.smart`).
  var deferredWrites: [DeferredWrite] = []
  var vsyscallGate: VMAFlags?
  /// The files that the log has shown being opened.
  var descriptors: [Int32: OpenDescriptor] = [:]
  /// The program break is known: from a snapshot, or from a call that told it.
  var knowsBreak = false
  /// The map at the beginning is known: what is not mapped was not mapped.
  var knowsStart = false
  /// Memory that no line of the log mapped, but that calls show to have been there.
  var implied: [ImpliedRange] = []
  /// Files that execve mapped at addresses that the log has not shown yet.
  var unplaced: [UnplacedFile] = []
  /// Made for the child of a call in flight, whose number the log has not shown yet.
  var isUnclaimed = false
  var hasEnded = false
  var isInUse = true

  init(pid: PID, ordinal: Int, space: SpaceTable<Index>.ID) {
    self.pid = pid
    self.ordinal = ordinal
    self.space = space
    summary = ProcessSummary(pid: pid)
    summary.ordinal = ordinal
  }

  var view: ProcessView {
    ProcessView(
      pid: pid, program: program, ordinal: ordinal, vsyscallGate: vsyscallGate, hasEnded: hasEnded)
  }
}

/// Memory that no line of the log mapped.
struct ImpliedRange: BitwiseCopyable {
  var range: AddressRange
  /// An ELF file says what it is; the log only where.
  var isPlaced: Bool
}

/// A library's .bss, which its loader does not write before the library is relocated.
struct DeferredWrite: BitwiseCopyable {
  /// The anonymous pages.
  var bss: AddressRange
  /// The private writable mapping of the library's data right below.
  var data: AddressRange
}
