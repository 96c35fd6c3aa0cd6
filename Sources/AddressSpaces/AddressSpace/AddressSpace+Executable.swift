internal import SyscallABI

// The VMAs of the program itself, as kernels before 3.7 knew them.

extension AddressSpace where Index: ~Copyable {
  /// Says which file the program is, as execve does after it has mapped it.
  ///
  /// Before 3.7 its mappings have VM_EXECUTABLE and VM_DENYWRITE, which no other call sets:
  /// MAP_EXECUTABLE and MAP_DENYWRITE of a program are passed over.
  ///
  /// - Parameter isFresh: nothing has been mapped since execve: what is of another file is of the
  ///   program's interpreter, which has VM_DENYWRITE only.
  /// - Complexity: O(*n*).
  ///
  /// Linux: `set_mm_exe_file`, `elf_map`, `calc_vm_flag_bits`.
  public mutating func setExecutable(_ file: FileDescriptionID, isFresh: Bool) {
    exeFileDescription = file
    if profile.follows(.noExecutableFlag) { return }
    var entry = index.first()
    while !entry.isNone {
      var attributes = self.attributes(of: entry)
      if attributes.file != .none && !attributes.flags.contains(.shared) {
        if attributes.file == file {
          attributes.flags.formUnion([.executable, .denyWrite])
        } else if isFresh && attributes.flags.isDisjoint(with: .special) {
          attributes.flags.insert(.denyWrite)
        }
        let id = self.attributes.intern(attributes)
        setAttributes(entry, id)
      }
      entry = index.next(entry)
    }
  }

  /// The VMAs of the program, as the kernel counts them (`num_exe_file_vmas`, until 3.6). A child
  /// also counts those that it did not inherit.
  public var exeFileVMAs: UInt64 { counters.executableVMAs + exeFileVMAsNotCopied }

  /// What `/proc/PID/exe` names: the program, until 3.6 only as long as a VMA of it is mapped.
  ///
  /// Once the count is 0 it stays so, since nothing but execve makes such a VMA out of nothing.
  ///
  /// Linux: `mm->exe_file`.
  public var exeFile: FileDescriptionID {
    profile.follows(.noExecutableFlag) || exeFileVMAs > 0 ? exeFileDescription : .none
  }

  /// What becomes of the count with a VMA that is linked or removed.
  @inline(never)
  mutating func noteExeFileVMAs(_ function: KernelFunction) {
    path.enter(function)
    path.note(.exeFileVMAs(exeFileVMAs))
    path.leave()
  }
}
