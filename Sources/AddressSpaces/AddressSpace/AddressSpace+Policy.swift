public import SyscallABI
public import SystemPackage

/// Calls that set one property of a range: NUMA policy, seal, name.
extension AddressSpace where Index: ~Copyable {
  /// Sets the NUMA policy of memory.
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded up to pages. 0 does nothing.
  ///   - policy: equal ids are equal policies; `.default` may be set over holes.
  /// - Throws: `invalidArgument` (misaligned), `badAddress` (a hole: nothing is changed),
  ///   `noMemory` (the limit of VMAs: what lies below is changed).
  ///
  /// Linux: `do_mbind`, `mbind_range`.
  public mutating func mbind(
    _ address: Address, length: UInt64, policy: PolicyID, leniently: Bool = false
  ) throws(Errno) {
    if !leniently, let errno = mbindError(address, length, policy) { throw errno }
    guard let range = Self.pageRange(address, length).range else { return }
    let merges = profile.follows(.mbindMerges)
    let failure = walk(range, holes: .ignored, merges: merges, leniently: leniently) {
      attributes, _ in
      // Before mbind merged, it cut at the ends of the range whatever the policy was.
      if merges && attributes.policy == policy { return .keep }
      var changed = attributes
      changed.policy = policy
      return .change(changed)
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which mbind would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMbind(
    _ address: Address, length: UInt64, policy: PolicyID
  ) -> Errno? {
    if let errno = mbindError(address, length, policy) { return errno }
    guard let range = Self.pageRange(address, length).range else { return nil }
    let merges = profile.follows(.mbindMerges)
    return predictWalk(range, holes: .ignored) { attributes, _ in
      merges && attributes.policy == policy ? .keep : .change(attributes)
    }
  }

  private borrowing func mbindError(
    _ address: Address, _ length: UInt64, _ policy: PolicyID
  ) -> Errno? {
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    if policy == .default { return isMapped(anyOf: range) ? nil : .badAddress }
    return hasHole(range) ? .badAddress : nil
  }

  /// Seals memory: it can no longer be unmapped, moved or protected otherwise.
  ///
  /// - Throws: `invalidArgument` (misaligned), `noMemory` (a hole: nothing is changed).
  ///
  /// Linux: `do_mseal`.
  public mutating func mseal(
    _ address: Address, length: UInt64, leniently: Bool = false
  ) throws(Errno) {
    if !profile.knows(.mseal) { return passOverUnknown() }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { throw errno }
    guard let range = checked.range else { return }
    if !leniently && hasHole(range) { throw .noMemory }
    let failure = walk(range, holes: .ignored, leniently: leniently) { attributes, _ in
      Self.sealStep(attributes)
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which mseal would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMseal(_ address: Address, length: UInt64) -> Errno? {
    if !profile.knows(.mseal) { return nil }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    if hasHole(range) { return .noMemory }
    return predictWalk(range, holes: .ignored) { attributes, _ in Self.sealStep(attributes) }
  }

  private static func sealStep(_ attributes: MergeAttributes) -> WalkStep {
    if attributes.flags.contains(.sealed) { return .keep }
    var changed = attributes
    changed.flags.insert(.sealed)
    return .change(changed)
  }

  /// Names anonymous memory (prctl PR_SET_VMA_ANON_NAME), on kernels built with such names.
  ///
  /// - Throws: `invalidArgument` (misaligned), `noMemory` (holes: all mapped parts are named),
  ///   `badFileDescriptor` (file memory: what lies below is named).
  ///
  /// Linux: `madvise_set_anon_name`.
  public mutating func setName(
    _ address: Address, length: UInt64, name: NameID, leniently: Bool = false
  ) throws(Errno) {
    if !profile.knows(.anonVMAName) { return passOverUnknown() }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { throw errno }
    guard let range = checked.range else { return }
    let failure = walk(range, holes: .reported, leniently: leniently) { attributes, _ in
      Self.nameStep(attributes, name)
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which naming would fail on a kernel built with names; nil if it would succeed.
  /// Nothing is changed.
  public borrowing func predictSetName(
    _ address: Address, length: UInt64, name: NameID
  ) -> Errno? {
    if !profile.knows(.anonVMAName) { return nil }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    return predictWalk(range, holes: .reported) { attributes, _ in
      Self.nameStep(attributes, name)
    }
  }

  private static func nameStep(_ attributes: MergeAttributes, _ name: NameID) -> WalkStep {
    if attributes.file != .none { return .fail(.badFileDescriptor) }
    if attributes.name == name { return .keep }
    var changed = attributes
    changed.name = name
    return .change(changed)
  }
}
