/// A function of the kernel that a call can pass through, as far as the model has it.
public enum KernelFunction: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  case doMmap, mmapRegion, findVMAPrepare, findVMAIntersection
  case doMunmap, doBrk
  case mayExpandVM, securityVMEnoughMemory
  case vmaMergeNew, vmaMergeExisting, canVMAMergeAfter, canVMAMergeBefore
  case vmaAdjust, splitVMA, vmaLink, removeVMA
  case vmaModify, mprotectFixup
  /// What madvise, mlock, mbind or mseal does to each VMA.
  case changeVMA
  case expandVMA, moveVMA, copyVMA
  case makePagesPresent, anonVMAPrepare
  case addedExeFileVMA, removedExeFileVMA
  /// A VMA leaves the tree of its file for the list.
  case vmaNonlinearInsert
  /// Not part of the call: the write that the assumption on faults puts right behind it.
  case writeFault

  /// The name that the function has in the kernel of a profile.
  public func name(in profile: KernelProfile) -> StaticString {
    let isOld = !profile.follows(.brkOnlyExpands)
    switch self {
    case .doMmap: return isOld ? "do_mmap_pgoff" : "do_mmap"
    case .mmapRegion: return "mmap_region"
    case .findVMAPrepare: return isOld ? "find_vma_prepare" : "vma_find"
    case .findVMAIntersection: return isOld ? "find_vma_intersection" : "vma_find"
    case .doMunmap: return isOld ? "do_munmap" : "do_vmi_munmap"
    case .doBrk: return isOld ? "do_brk" : "do_brk_flags"
    case .mayExpandVM: return "may_expand_vm"
    case .securityVMEnoughMemory: return "security_vm_enough_memory"
    case .vmaMergeNew: return isOld ? "vma_merge" : "vma_merge_new_range"
    case .vmaMergeExisting: return isOld ? "vma_merge" : "vma_merge_existing_range"
    case .canVMAMergeAfter: return "can_vma_merge_after"
    case .canVMAMergeBefore: return "can_vma_merge_before"
    case .vmaAdjust: return isOld ? "vma_adjust" : "commit_merge"
    case .splitVMA: return "split_vma"
    case .vmaLink: return "vma_link"
    case .removeVMA: return "remove_vma"
    case .vmaModify: return "vma_modify"
    case .mprotectFixup: return "mprotect_fixup"
    case .changeVMA: return "walk"
    case .expandVMA: return isOld ? "vma_to_resize" : "expand_vma"
    case .moveVMA: return "move_vma"
    case .copyVMA: return "copy_vma"
    case .makePagesPresent: return isOld ? "make_pages_present" : "__mm_populate"
    case .anonVMAPrepare: return "anon_vma_prepare"
    case .addedExeFileVMA: return "added_exe_file_vma"
    case .removedExeFileVMA: return "removed_exe_file_vma"
    case .vmaNonlinearInsert: return "vma_nonlinear_insert"
    case .writeFault: return "handle_mm_fault"
    }
  }
}
