import SyscallABI
import Testing

/// A line of a log and what it says.
struct Row: Sendable, CustomTestStringConvertible {
  var line: String
  var name: SyscallName
  var call: SyscallEvent.Call

  init(_ line: String, _ name: SyscallName, _ call: SyscallEvent.Call) {
    self.line = line
    self.name = name
    self.call = call
  }

  var testDescription: String { line }
}

/// Every call of the table, in the styles in which strace prints it.
let callRows: [Row] = [
  Row(
    "mmap(NULL, 8192, PROT_NONE, MAP_SHARED_VALIDATE|MAP_SYNC, 3, 0) = 0x1000", .mmap,
    .mmap(
      addr: .zero, length: 8192, prot: .none, flags: .sharedValidate | .sync, fd: 3, file: .none,
      offset: 0)),
  Row(
    "munmap(0x7f00, 18446744073709551615) = -1 EINVAL (Invalid argument)", .munmap,
    .munmap(addr: Address(0x7f00), length: .max)),
  Row(
    "mprotect(0x1000, 4096, PROT_READ|PROT_GROWSDOWN) = 0", .mprotect,
    .mprotect(addr: Address(0x1000), length: 4096, prot: .read | .growsDown, pkey: -1)),
  Row(
    "pkey_mprotect(0x1000, 4096, PROT_READ|PROT_WRITE, 2) = 0", .pkeyMprotect,
    .mprotect(addr: Address(0x1000), length: 4096, prot: .read | .write, pkey: 2)),
  Row("brk(NULL)                               = 0x55d0", .brk, .brk(addr: .zero)),
  Row("brk(0) = 0x804a000", .brk, .brk(addr: .zero)),
  Row(
    "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE) = 0x9000", .mremap,
    .mremap(
      oldAddress: Address(0x1000), oldSize: 4096, newSize: 8192, flags: .mayMove, newAddress: nil)),
  Row(
    "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x8000) = 0x8000", .mremap,
    .mremap(
      oldAddress: Address(0x1000), oldSize: 4096, newSize: 8192, flags: .mayMove | .fixed,
      newAddress: Address(0x8000))),
  Row(
    "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0x8000) = 0x8000", .mremap,
    .mremap(
      oldAddress: Address(0x1000), oldSize: 4096, newSize: 8192, flags: .mayMove | .dontUnmap,
      newAddress: Address(0x8000))),
  Row(
    "mremap(0x1000, 0x1000, 0x2000, 0x1, 0x777) = 0x9000", .mremap,
    .mremap(
      oldAddress: Address(0x1000), oldSize: 4096, newSize: 8192, flags: .mayMove, newAddress: nil)),
  Row(
    "remap_file_pages(0x1000, 4096, PROT_NONE, 2, MAP_FILE|MAP_NONBLOCK) = 0", .remapFilePages,
    .remapFilePages(addr: Address(0x1000), size: 4096, prot: .none, pgoff: 2, flags: .nonBlock)),
  Row(
    "madvise(0x1000, 4096, MADV_POPULATE_WRITE) = 0", .madvise,
    .madvise(addr: Address(0x1000), length: 4096, advice: .populateWrite)),
  Row(
    "madvise(0x1000, 4096, 0x66 /* MADV_??? */) = 0", .madvise,
    .madvise(addr: Address(0x1000), length: 4096, advice: .guardInstall)),
  Row(
    "mlock(0x1000, 4096) = 0", .mlock,
    .mlock(addr: Address(0x1000), length: 4096, flags: LockFlags(rawValue: 0))),
  Row(
    "mlock2(0x1000, 4096, MLOCK_ONFAULT|0x2) = 0", .mlock2,
    .mlock(addr: Address(0x1000), length: 4096, flags: LockFlags(rawValue: 3))),
  Row("munlock(0x1000, 4096) = 0", .munlock, .munlock(addr: Address(0x1000), length: 4096)),
  Row(
    "mlockall(MCL_CURRENT|MCL_FUTURE|MCL_ONFAULT) = 0", .mlockall,
    .mlockall(flags: LockAllFlags(rawValue: 7))),
  Row("munlockall() = 0", .munlockall, .munlockall),
  Row("mseal(0x1000, 4096, 0) = 0", .mseal, .mseal(addr: Address(0x1000), length: 4096)),
  Row("mseal(0x1000, 4096) = 0", .mseal, .mseal(addr: Address(0x1000), length: 4096)),
  Row(
    "mbind(0x1000, 4096, MPOL_BIND|MPOL_F_STATIC_NODES, [0x00000000000003], 64, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0",
    .mbind,
    .mbind(
      addr: Address(0x1000), length: 4096, mode: 0x8002, nodes: 3, flags: BindFlags(rawValue: 3))),
  Row(
    "mbind(0x1000, 4096, MPOL_DEFAULT, NULL, 0, 0x8 /* MPOL_??? */) = -1 EINVAL (Invalid argument)",
    .mbind,
    .mbind(addr: Address(0x1000), length: 4096, mode: 0, nodes: 0, flags: BindFlags(rawValue: 8))),
  Row("shmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 5", .shmget, .shmget(size: 8192, key: 0)),
  Row("shmget(0x4d2, 4096, 0600) = 5", .shmget, .shmget(size: 4096, key: 1234)),
  Row("shmget(key=0x4d2, size=4096, shmflg=0600) = 5", .shmget, .shmget(size: 4096, key: 1234)),
  Row(
    "shmget(0 /* IPC_PRIVATE */, 8192, 0x200 /* IPC_CREAT */|0600) = 5", .shmget,
    .shmget(size: 8192, key: 0)),
  Row(
    "shmat(5, 0x12345, SHM_RDONLY|SHM_RND|SHM_REMAP|SHM_EXEC) = 0x12000", .shmat,
    .shmat(shmid: 5, addr: Address(0x12345), flags: AttachFlags(rawValue: 0o170000))),
  Row("shmdt(NULL) = -1 EINVAL (Invalid argument)", .shmdt, .shmdt(addr: .zero)),
  Row(
    "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 77",
    .clone,
    .clone(flags: CloneFlags(rawValue: 0x1200011), childStack: .zero)),
  Row(
    "clone(child_stack=0x7f9000, flags=SIGRT_8) = 77", .clone,
    .clone(flags: CloneFlags(rawValue: 40), childStack: Address(0x7f9000))),
  Row(
    "clone(0x1200011, 0x7000, 0, 0x7fac76164a10, 0) = 0x4d", .clone,
    .clone(flags: CloneFlags(rawValue: 0x1200011), childStack: Address(0x7000))),
  Row(
    "clone(child_stack=NULL, flags=0x1200000 /* CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID */|17 /* SIGCHLD */, child_tidptr=0x7f) = 77<a) = 3>",
    .clone,
    .clone(flags: CloneFlags(rawValue: 0x1200011), childStack: .zero)),
  Row(
    "clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=0x7f00, stack_size=0x9000}, 88) = 77",
    .clone3,
    .clone3(flags: .vm | .vfork, stack: Address(0x7f00), stackSize: 0x9000)),
  Row(
    "clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f1, parent_tid=0x7f2, exit_signal=0, stack=0x7f00, stack_size=0x9000, tls=0x7f3} => {parent_tid=[77]}, 88) = 77",
    .clone3,
    .clone3(flags: .vm | .thread, stack: Address(0x7f00), stackSize: 0x9000)),
  Row("fork() = 77", .fork, .fork),
  Row("vfork() = 77", .vfork, .fork),
  Row("exit(-1) = ?", .exit, .exit(status: -1)),
  Row("exit_group(0xffffffff) = ?", .exitGroup, .exit(status: -1)),
  Row("_exit(3) = ?", .exit, .exit(status: 3)),
  Row(
    "prlimit64(0, RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}, NULL) = 0",
    .prlimit64,
    .setLimit(target: PID(0), resource: .stack, soft: 8_388_608, hard: .max, isNull: false)),
  Row(
    "prlimit64(9<a, b>, 0x3 /* RLIMIT_STACK */, {rlim_cur=8388608 /* 8192*1024 */, rlim_max=18446744073709551615 /* RLIM64_INFINITY */}, NULL) = 0",
    .prlimit64,
    .setLimit(target: PID(9), resource: .stack, soft: 8_388_608, hard: .max, isNull: false)),
  Row(
    "prlimit64(2 /* 900 in strace's PID NS */, RLIMIT_AS, NULL, {rlim_cur=1, rlim_max=2}) = 0",
    .prlimit64,
    .setLimit(target: PID(900), resource: .addressSpace, soft: 0, hard: 0, isNull: true)),
  Row(
    "setrlimit(RLIMIT_DATA, {rlim_cur=1234567, rlim_max=RLIM_INFINITY}) = 0", .setrlimit,
    .setLimit(target: PID(0), resource: .data, soft: 1_234_567, hard: .max, isNull: false)),
  Row(
    "setrlimit(RLIMIT_CPU, 0x1) = -1 EFAULT (Bad address)", .setrlimit,
    .setLimit(target: PID(0), resource: ResourceLimit(rawValue: 0), soft: 0, hard: 0, isNull: true)),
]
