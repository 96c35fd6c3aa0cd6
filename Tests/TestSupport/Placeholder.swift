import SyscallABI
