import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// The address space of a child process.
  ///
  /// VMAs with VM_DONTCOPY are left out, locks are not inherited, VMAs with VM_WIPEONFORK are as if
  /// never written, and every written VMA gets an anon_vma of its own, even if two had the same.
  ///
  /// - Complexity: O(*n*): arrays are copied, then each VMA is looked at once.
  ///
  /// Linux: `dup_mmap`, `anon_vma_fork`.
  public borrowing func fork() -> AddressSpace {
    var child = AddressSpace(copying: self)
    child.inheritVMAs()
    return child
  }

  private mutating func inheritVMAs() {
    if keepsObjects { objects.takeInherited() }
    let exeFileVMAs = self.exeFileVMAs
    var entry = index.first()
    while !entry.isNone {
      let next = index.next(entry)
      var attributes = self.attributes(of: entry)
      if attributes.flags.contains(.dontCopy) {
        vmaRemove(entry)
        noteHole(entry.range)
        entry = next
        continue
      }
      if !attributes.flags.isDisjoint(with: [.locked, .lockOnFault]) {
        attributes.flags.subtract([.locked, .lockOnFault])
        let id = self.attributes.intern(attributes)
        setAttributes(entry, id)
      }
      if attributes.flags.contains(.wipeOnFork) {
        setAnonVMA(entry, .none)
      } else if !slab[entry.handle].anonVMA.isNone {
        setAnonVMA(entry, inheritedAnonVMA(slab[entry.handle].anonVMA))
      }
      entry = next
    }
    // The parent's count is copied, whatever was left out.
    exeFileVMAsNotCopied = exeFileVMAs - counters.executableVMAs
    finish(around: .zero)
  }

  private mutating func inheritedAnonVMA(_ parents: AnonVMA) -> AnonVMA {
    if !profile.follows(.ownAnonVMAInChild) { return parents }
    return newAnonVMA(inChild: profile.follows(.forkChildStaysApart))
  }
}
