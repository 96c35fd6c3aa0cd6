public import AddressSpaces
public import SyscallABI

/// How a log is to be replayed.
public struct ReplayOptions: Sendable {
  public var profile: KernelProfile
  public var faults: FaultAssumption
  public var limits: AddressSpaceLimits
  /// Maps that were there before the first event. `.none` as the pid means the first process of
  /// the log.
  public var initialMaps: [(pid: PID, entries: [MapsEntry])] = []

  /// The faults are known (`ReplayEngine.setFaults`): nothing is assumed but of initial maps that
  /// do not tell which memory was written.
  public var faultsAreListed = false

  /// Whether new memory is taken to be written.
  var writesNewMemory: Bool { faults.writesNewMemory && !faultsAreListed }

  /// RLIMIT_MEMLOCK binds: the program is known to lack CAP_IPC_LOCK.
  public var limitsLockedMemory = false

  /// What the log says of limits is passed over: `limits` hold throughout.
  public var keepsLimits = false

  /// Processes of this number keep their summaries, however small they are beside others.
  public var keptPID: PID?

  /// No page is ever written, not even by calls that write pages themselves.
  public var ignoresWrites = false

  public init(
    profile: KernelProfile, faults: FaultAssumption = .smart,
    limits: AddressSpaceLimits = AddressSpaceLimits()
  ) {
    self.profile = profile
    self.faults = faults
    self.limits = limits
  }
}
