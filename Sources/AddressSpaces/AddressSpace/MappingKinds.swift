import SyscallABI

/// What mmap made of its arguments the last times: programs ask for the same few kinds of private
/// anonymous memory over and over.
struct MappingKinds: BitwiseCopyable {
  /// The VMA flags of a mapping, and the number of all that it is.
  struct Kind: BitwiseCopyable {
    var flags: VMAFlags
    var id: MergeID
  }

  /// Everything on which a kind depends, and the kind.
  struct Entry: BitwiseCopyable {
    var prot: Protection
    var flags: MapFlags
    var defaultFlags: VMAFlags
    var overcommit: AddressSpaceLimits.Overcommit
    var generation: UInt32
    var kind: Kind

    static let none = Entry(
      prot: Protection(rawValue: .max), flags: MapFlags(rawValue: 0), defaultFlags: [],
      overcommit: .always, generation: 0, kind: Kind(flags: [], id: .none))
  }

  private var entries = InlineArray<8, Entry>(repeating: .none)

  /// The only place for mappings with this access.
  @inline(__always)
  subscript(prot: Protection) -> Entry {
    get { entries[Int(truncatingIfNeeded: prot.rawValue & 7)] }
    set { entries[Int(truncatingIfNeeded: prot.rawValue & 7)] = newValue }
  }
}

extension AddressSpace where Index: ~Copyable {
  /// What a mapping with these arguments was the last time, if a VMA is that still. The reference
  /// to its `id` is still to be taken.
  @inline(__always)
  borrowing func knownKind(_ prot: Protection, _ flags: MapFlags) -> MappingKinds.Kind? {
    let entry = kinds[prot]
    guard entry.prot == prot, entry.flags == flags, entry.defaultFlags == defaultFlags,
      entry.overcommit == limits.overcommit,
      attributes.isAlive(entry.kind.id, generation: entry.generation)
    else { return nil }
    return entry.kind
  }

  /// Remembers a kind that depends on nothing but access and flags.
  mutating func noteKind(_ kind: MappingKinds.Kind, _ prot: Protection, _ flags: MapFlags) {
    guard flags.contains(.anonymous), !flags.isShared, !flags.contains(.hugeTLB) else { return }
    kinds[prot] = MappingKinds.Entry(
      prot: prot, flags: flags, defaultFlags: defaultFlags, overcommit: limits.overcommit,
      generation: attributes.generation(kind.id), kind: kind)
  }
}
