/// The system calls that a recording has, and those whose delay holds a process for a snapshot.
enum CallFilter {
  /// Calls with an effect on an address space, on its sharing, or on the files behind it. A `?`
  /// says that older versions of strace may not know the call.
  static let addressSpace = [
    "mmap", "?mmap2", "munmap", "mprotect", "?pkey_mprotect", "mlock", "?mlock2", "munlock",
    "mlockall", "munlockall", "?mseal", "brk", "mremap", "remap_file_pages", "madvise",
    "?process_madvise", "mbind", "set_mempolicy", "?shmget", "?shmat", "?shmdt", "clone",
    "?clone3", "fork", "vfork", "execve", "?execveat", "exit", "exit_group", "prctl",
    "?prlimit64", "setrlimit", "?memfd_create", "?userfaultfd",
  ]

  /// Calls that say which open file is behind a descriptor.
  static let files = [
    "openat", "open", "creat", "dup", "dup2", "dup3", "fcntl", "close", "ftruncate",
  ]

  /// Numbers on x86-64 of the calls that can change the map that another thread is reading.
  static let mapChanging: Set<Int> = [
    9,  // mmap
    10,  // mprotect
    11,  // munmap
    12,  // brk
    25,  // mremap
    28,  // madvise
    30,  // shmat
    67,  // shmdt
    149, 150, 151, 152,  // mlock, munlock, mlockall, munlockall
    157,  // prctl
    216,  // remap_file_pages
    237,  // mbind
    325,  // mlock2
    329,  // pkey_mprotect
    440,  // process_madvise
    462,  // mseal
  ]

  /// The names of these calls, as strace prints them.
  static let mapChangingNames: Set<String> = [
    "mmap", "mprotect", "munmap", "brk", "mremap", "madvise", "shmat", "shmdt", "mlock", "munlock",
    "mlockall", "munlockall", "remap_file_pages", "mbind", "mlock2", "pkey_mprotect", "mseal",
  ]

  /// execve and execveat.
  static let imageChanging: Set<Int> = [59, 322]

  /// Numbers of vfork, clone and clone3.
  static let taskMaking: Set<Int> = [58, 56, 435]

  static let exit = 60
  static let exitGroup = 231
}
