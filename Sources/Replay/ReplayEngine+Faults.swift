import AddressSpaces
import SyscallABI

// Which pages are taken to be written, and when (`FaultAssumption`).

extension ReplayEngine where Index: ~Copyable {
  /// New or newly writable memory at `range`.
  mutating func assumeWritten(_ range: AddressRange, process: Int) {
    guard options.writesNewMemory, !range.isEmpty else { return }
    spaces.modify(processes[process].space) { $0.writeFault(in: range) }
  }

  /// A new mapping: written at once, unless it is a library's .bss and the assumption is smart.
  mutating func assumeWritten(mapping range: AddressRange, flags: MapFlags, process: Int) {
    guard options.writesNewMemory, !flags.isShared else { return }
    if options.faults == .smart, flags.contains(.fixed), flags.contains(.anonymous),
      let data = libraryData(endingAt: range.start, process: process)
    {
      processes[process].deferredWrites.append(DeferredWrite(bss: range, data: data))
    } else {
      assumeWritten(range, process: process)
    }
  }

  /// The private writable file mapping that ends at `address`.
  private func libraryData(endingAt address: Address, process: Int) -> AddressRange? {
    spaces.read(processes[process].space) { space in
      guard address != .zero, let vma = space.vmaContaining(address &- 1),
        vma.range.end == address, vma.file != .none, vma.flags.contains(.write),
        !vma.flags.contains(.mayShare)
      else { return nil }
      return vma.range
    }
  }

  /// mprotect to read-only inside a library's data: the library is relocated, its .bss in use.
  mutating func noteRelocation(_ range: AddressRange, prot: Protection, process: Int) {
    guard !processes[process].deferredWrites.isEmpty, !prot.contains(.write) else { return }
    writeDeferred(process: process) { $0.data.overlaps(range) }
  }

  /// munmap: whatever was loaded is in use by now.
  mutating func noteUnmapping(process: Int) {
    guard !processes[process].deferredWrites.isEmpty else { return }
    writeDeferred(process: process) { _ in true }
  }

  private mutating func writeDeferred(process: Int, where condition: (DeferredWrite) -> Bool) {
    for write in processes[process].deferredWrites where condition(write) {
      spaces.modify(processes[process].space) { $0.writeFault(in: write.bss) }
    }
    processes[process].deferredWrites.removeAll(where: condition)
  }
}
