/// The calls that change a map, by their numbers on x86-64.
enum SystemCallNumber: Int64 {
  case mmap = 9
  case mprotect = 10
  case munmap = 11
  case brk = 12
  case mremap = 25
  case madvise = 28
  case shmat = 30
  case shmdt = 67
  case mlock = 149
  case munlock = 150
  case mlockall = 151
  case munlockall = 152
  case remapFilePages = 216
  case mbind = 237
  case mlock2 = 325
  case pkeyMprotect = 329
  case mseal = 462
}
