/// Which pages the program is taken to have written, which no log shows and on which anon_vma,
/// and so some boundaries, depend.
public enum FaultAssumption: String, CaseIterable, Sendable {
  /// Every private writable range is written as soon as it exists; but a library's .bss (anonymous
  /// MAP_FIXED right behind a private writable file mapping) only after that library's RELRO
  /// mprotect or the next munmap.
  case smart
  /// No page is ever written.
  case never
  /// What the initial map shows writable was written, later mappings are not.
  case lazy
  /// Every private writable range is written as soon as it exists.
  case eager

  /// Whether new memory is taken to be written.
  var writesNewMemory: Bool { self == .smart || self == .eager }

  /// Whether what an initial map shows writable is taken to be written.
  var writesInitialMemory: Bool { self != .never }
}
