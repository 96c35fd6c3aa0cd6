/// The geometry of a merge: the eight cases of `vma_merge`.
///
/// `A` is the range that is new or that changes, `P` the VMA below it, `N` the one above, `X` the
/// one after `N`.
///
/// ```
///     AAAA             AAAA                AAAA          AAAA
///    PPPPPPNNNNNN    PPPPPPNNNNNN    PPPPPPNNNNNN    PPPPNNNNXXXX
///    (nothing)       4: PPNNNNNNNN   5: PPPPPPPPNN   6: PPPPPPPPPPPP
///                                                    7: PPPPPPPPXXXX
///       AAAA                                         8: PPPPNNNNNNNN
///    PPPP    NNNN    1: PPPPPPPPPPPP  2: PPPPPPPPNNNN  3: PPPPNNNNNNNN
/// ```
///
/// Newer kernels have no numbers; there the case is read off the geometry.
public enum MergeCase: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// A new range closes the gap between two VMAs: all three are one.
  case case1 = 1
  /// A new range extends the VMA below it.
  case case2
  /// A new range extends the VMA above it downwards.
  case case3
  /// The upper part of a VMA goes over to the one above it.
  case case4
  /// The lower part of a VMA goes over to the one below it.
  case case5
  /// A whole VMA joins both its neighbours: two VMAs disappear.
  case case6
  /// A whole VMA joins the one below it.
  case case7
  /// A whole VMA joins the one above it.
  case case8
}

/// Why a merge that was attempted did not happen.
public enum MergeRefusal: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// One side is special (VM_IO, VM_DONTEXPAND, VM_PFNMAP, VM_MIXEDMAP).
  case special
  case policy
  case flags
  case file
  case userfaultfd
  case name
  /// A VMA with a close hook would have to disappear.
  case closeHook
  case anonVMA
  case offset
  /// The heap does not join what lies above it, nor what ends at its start.
  case heap

  /// The name in reports.
  public var label: StaticString {
    switch self {
    case .special: "special"
    case .policy: "policy"
    case .flags: "flags"
    case .file: "file"
    case .userfaultfd: "userfaultfd"
    case .name: "name"
    case .closeHook: "close_hook"
    case .anonVMA: "anon_vma"
    case .offset: "offset"
    case .heap: "heap"
    }
  }
}
