// Performs the memory calls that it reads from standard input, one a line, in this process and for
// real, and prints after each call its result and the VMAs of a window of the address space.
//
// No call of the C library here may map memory: no stdio, no malloc.
//
//   input     NAME ARG...           numbers in hexadecimal
//   output    R RESULT ERRNO        of the call
//             V START END PERMS OFFSET FLAG...   one line for each VMA in the window
//             .
//
// The window is [WINDOW, WINDOW + 1 GiB) and the same number of bytes above the first break.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW 0x1000000000UL
#define WINDOW_SIZE 0x40000000UL
#define FILES 8

static char input[1 << 20];
static char smaps[1 << 22];
static char output[1 << 16];
static size_t output_length;
static unsigned long first_break;
static int files[FILES];
static int zero;

static void flush_output(void) {
  size_t done = 0;
  while (done < output_length) {
    ssize_t n = write(1, output + done, output_length - done);
    if (n <= 0) _exit(74);
    done += (size_t)n;
  }
  output_length = 0;
}

static void put(const char *text, size_t length) {
  if (output_length + length > sizeof output) flush_output();
  memcpy(output + output_length, text, length);
  output_length += length;
}

static void put_text(const char *text) { put(text, strlen(text)); }

static int in_window(unsigned long start) {
  return (start >= WINDOW && start < WINDOW + WINDOW_SIZE) ||
         (start >= first_break && start < first_break + WINDOW_SIZE);
}

static void print_vmas(void) {
  int fd = open("/proc/self/smaps", O_RDONLY);
  size_t length = 0;
  ssize_t n;
  while ((n = read(fd, smaps + length, sizeof smaps - 1 - length)) > 0) length += (size_t)n;
  close(fd);
  smaps[length] = 0;
  int shown = 0;
  for (char *line = smaps; *line;) {
    char *end = strchr(line, '\n');
    *end = 0;
    char *colon = strchr(line, ':');
    char *blank = strchr(line, ' ');
    if (blank && (!colon || blank < colon)) {
      char *rest;
      unsigned long start = strtoul(line, &rest, 16);
      unsigned long stop = strtoul(rest + 1, &rest, 16);
      char perms[5] = {0};
      memcpy(perms, rest + 1, 4);
      unsigned long offset = strtoul(rest + 6, NULL, 16);
      shown = in_window(start);
      char text[128];
      if (shown) {
        snprintf(text, sizeof text, "V %lx %lx %s %lx", start, stop, perms, offset);
        put_text(text);
      }
    } else if (shown && strncmp(line, "VmFlags:", 8) == 0) {
      put_text(line + 8);
      put_text("\n");
    }
    line = end + 1;
  }
}

static long map(const unsigned long *a) {
  int anonymous = (a[3] & MAP_ANONYMOUS) != 0;
  return syscall(SYS_mmap, a[0], a[1], a[2], a[3], anonymous ? -1L : (long)files[a[4]], a[5]);
}

// Writes one byte to each page in turn, as far as the kernel lets it.
static long touch(unsigned long start, unsigned long length) {
  for (unsigned long page = start; page < start + length; page += 4096) {
    if (read(zero, (void *)page, 1) != 1) return -1;
  }
  return 0;
}

static long attach(unsigned long address, unsigned long length, unsigned long flags) {
  int id = shmget(IPC_PRIVATE, length, 0600);
  long result = syscall(SYS_shmat, id, address, flags);
  int saved = errno;
  shmctl(id, IPC_RMID, NULL);
  errno = saved;
  return result;
}

// The parent waits and goes on no further: the child has the rest of the program.
static long split_process(void) {
  flush_output();
  pid_t child = fork();
  if (child == 0) return 0;
  int status = 0;
  waitpid(child, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 70);
}

static long perform(const char *name, const unsigned long *a) {
  if (!strcmp(name, "mmap")) return map(a);
  if (!strcmp(name, "munmap")) return syscall(SYS_munmap, a[0], a[1]);
  if (!strcmp(name, "mprotect")) return syscall(SYS_mprotect, a[0], a[1], a[2]);
  if (!strcmp(name, "mremap")) return syscall(SYS_mremap, a[0], a[1], a[2], a[3], a[4]);
  if (!strcmp(name, "madvise")) return syscall(SYS_madvise, a[0], a[1], a[2]);
  if (!strcmp(name, "mlock2")) return syscall(SYS_mlock2, a[0], a[1], a[2]);
  if (!strcmp(name, "munlock")) return syscall(SYS_munlock, a[0], a[1]);
  if (!strcmp(name, "mlockall")) return syscall(SYS_mlockall, a[0]);
  if (!strcmp(name, "munlockall")) return syscall(SYS_munlockall);
  if (!strcmp(name, "mbind")) {
    unsigned long nodes = a[3];
    return syscall(SYS_mbind, a[0], a[1], a[2], nodes ? &nodes : NULL, nodes ? 64UL : 0UL, 0UL);
  }
  if (!strcmp(name, "mseal")) return syscall(462, a[0], a[1], 0UL);
  if (!strcmp(name, "remap_file_pages"))
    return syscall(SYS_remap_file_pages, a[0], a[1], 0UL, a[2], 0UL);
  if (!strcmp(name, "shmat")) return attach(a[0], a[1], a[2]);
  if (!strcmp(name, "shmdt")) return syscall(SYS_shmdt, a[0]);
  if (!strcmp(name, "brk")) return syscall(SYS_brk, first_break + a[0]);
  if (!strcmp(name, "touch")) return touch(a[0], a[1]);
  if (!strcmp(name, "touchheap")) return touch(first_break + a[0], a[1]);
  if (!strcmp(name, "fork")) return split_process();
  _exit(64);
}

static void open_files(void) {
  char path[] = "/tmp/vma-probe-XXXXXX";
  files[0] = mkstemp(path);
  if (files[0] < 0 || ftruncate(files[0], 4096 * 1024) != 0) _exit(73);
  files[1] = open(path, O_RDWR);
  files[2] = open(path, O_RDONLY);
  files[3] = dup(files[0]);
  unlink(path);
  zero = open("/dev/zero", O_RDONLY);
}

// The start of the heap, which only /proc says: field 47 of stat.
static unsigned long start_of_heap(void) {
  int fd = open("/proc/self/stat", O_RDONLY);
  ssize_t n = read(fd, smaps, sizeof smaps - 1);
  close(fd);
  smaps[n > 0 ? n : 0] = 0;
  char *field = strrchr(smaps, ')');
  for (int i = 3; i <= 47 && field; i++) field = strchr(field + 1, ' ');
  return field ? strtoul(field, NULL, 10) : 0;
}

int main(void) {
  size_t length = 0;
  ssize_t n;
  while ((n = read(0, input + length, sizeof input - 1 - length)) > 0) length += (size_t)n;
  input[length] = 0;
  open_files();
  // Without a heap: whatever the loader put there is not used any more.
  first_break = start_of_heap();
  if ((unsigned long)syscall(SYS_brk, first_break) != first_break) _exit(70);
  char text[128];
  snprintf(text, sizeof text, "B %lx\n", first_break);
  put_text(text);
  for (char *line = input; *line;) {
    char *end = strchr(line, '\n');
    if (!end) break;
    *end = 0;
    char *blank = strchr(line, ' ');
    unsigned long arguments[6] = {0};
    if (blank) {
      *blank = 0;
      char *rest = blank + 1;
      for (int i = 0; i < 6 && *rest; i++) arguments[i] = strtoul(rest, &rest, 16);
    }
    errno = 0;
    long result = perform(line, arguments);
    int error = errno;
    snprintf(text, sizeof text, "R %lx %d\n", (unsigned long)result, result == -1 ? error : 0);
    put_text(text);
    print_vmas();
    put_text(".\n");
    // What moved out of the window is not looked at: it must not disturb later calls.
    if (!strcmp(line, "mremap") && result != -1 && !in_window((unsigned long)result))
      syscall(SYS_munmap, result, arguments[2]);
    line = end + 1;
  }
  flush_output();
  return 0;
}
