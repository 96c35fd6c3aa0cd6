internal import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Stops the program if an object and its VMAs do not know each other.
  borrowing func checkObjects() {
    var fileCounts: [FileDescriptionID: Int] = [:]
    var anonCounts: [AnonVMA: Int] = [:]
    forEachVMA { vma in
      precondition(objects.range(of: vma.handle) == vma.range, "index and objects differ")
      if vma.file != .none {
        fileCounts[vma.file, default: 0] += 1
      }
      if vma.anonVMA.isNone { return }
      anonCounts[vma.anonVMA, default: 0] += 1
      precondition(
        objects.contains(vma.handle, in: vma.anonVMA), "an anon_vma lacks a VMA of its")
    }
    precondition(objects.mappedFiles.count == fileCounts.count, "a file outlived its VMAs")
    precondition(objects.usedAnonVMAs.count == anonCounts.count, "an anon_vma outlived its VMAs")
    for (file, count) in fileCounts { checkFile(file, count) }
    for (anonVMA, count) in anonCounts { precondition(objects.count(of: anonVMA) == count) }
    let references = objects.references
    let held = references.filesTaken - references.filesDropped
    precondition(held == UInt64(fileCounts.values.reduce(0, +)), "references are miscounted")
    let anonHeld = references.anonVMAsTaken - references.anonVMAsDropped
    precondition(anonHeld == UInt64(anonCounts.values.reduce(0, +)), "references are miscounted")
  }

  /// Each of the `count` VMAs is in the tree or on the list, as its flags say.
  private borrowing func checkFile(_ file: FileDescriptionID, _ count: Int) {
    let linear = objects.handles(mapping: 0...UInt64.max, of: file)
    let nonLinear = objects.nonLinearHandles(of: file)
    let users = linear + nonLinear
    precondition(users.count == count && Set(users).count == count, "a file lacks a VMA")
    precondition(users.allSatisfy { place($0).file == file }, "a file knows another's VMA")
    precondition(
      linear.allSatisfy { !place($0).isNonLinear }, "a nonlinear VMA is found by its pages")
    precondition(
      nonLinear.allSatisfy { place($0).isNonLinear }, "a VMA is not found by its pages")
    let ahead = users.contains { objects.truncations[$0] > objects.truncations.count(of: file) }
    precondition(!ahead, "a VMA has seen a truncation that its file has not")
  }
}
