// Makes seeded random memory calls, valid and invalid, and writes what its own map is at the end.
//
//   walker PREFIX SEED CALLS MODE [KEPT]   MODE: letters t (writes pages), f (forks), p (has threads)
//
// KEPT leaves steps out: a 1 for each step that is made, CALLS of each thread, then of the program
// itself and of its child. What a step does depends on its number alone.
//
// Writes PREFIX.start (smaps before the first call, which a call marks in the log),
// PREFIX.PID.maps for each process, and PREFIX.PID.faults: one line for each page that is written,
// with the time right before. Static, and without calls of the C library that map memory.

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 0x1000000000UL
#define PAGE 4096UL
#define THREADS 3
#define STACK 65536
#define NOTES 65536

struct note { int tid; long seconds; long nanoseconds; unsigned long address; };
static struct note notes[NOTES];
static int note_count;
static char text[1 << 21];
static char stacks[THREADS][STACK] __attribute__((aligned(4096)));
static volatile int done[THREADS];
static const char *prefix;
static unsigned long calls;
static int writes;
// A shared object that grows has no pages behind its end, so that locking it fails in a way that
// nobody can foretell: a program has either shared memory or mappings that grow.
static int grows;
static unsigned long first_break;
static const char *kept;

struct walk {
  unsigned long seed; unsigned long state; unsigned long base; unsigned long pages;
  int number; int has_break; int tid;
};

static unsigned long next(struct walk *w) {
  unsigned long z = (w->state += 0x9e3779b97f4a7c15UL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
  return z ^ (z >> 31);
}
static unsigned long below(struct walk *w, unsigned long bound) { return next(w) % bound; }

static void copy(const char *source, const char *suffix, int pid) {
  char name[512];
  if (pid) snprintf(name, sizeof name, "%s.%d.%s", prefix, pid, suffix);
  else snprintf(name, sizeof name, "%s.%s", prefix, suffix);
  int in = open(source, O_RDONLY), out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  // All of it before anything is written: each read is of one moment only up to its buffer.
  long length = 0, n;
  while ((n = read(in, text + length, sizeof text - length)) > 0) length += n;
  for (long at = 0; at < length; at += n)
    if ((n = write(out, text + at, length - at)) <= 0) _exit(74);
  close(in);
  close(out);
}

static void write_notes(void) {
  char name[512];
  snprintf(name, sizeof name, "%s.%d.faults", prefix, (int)syscall(SYS_getpid));
  int out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  long length = 0;
  for (int i = 0; i < note_count; i++) {
    length += snprintf(text + length, 128, "%d %ld.%09ld 0x%lx w\n", notes[i].tid,
                       notes[i].seconds, notes[i].nanoseconds, notes[i].address);
    if (length > (long)sizeof text - 256 || i == note_count - 1) {
      if (write(out, text, length) != length) _exit(74);
      length = 0;
    }
  }
  close(out);
}

// What the model of the test must know too: which pages can be written.
static void touch(struct walk *w, unsigned long address) {
  struct timespec now;
  int i = __atomic_fetch_add(&note_count, 1, __ATOMIC_SEQ_CST);
  if (i >= NOTES) _exit(75);
  clock_gettime(CLOCK_REALTIME, &now);
  notes[i] = (struct note){w->tid, now.tv_sec, now.tv_nsec, address};
  // The kernel writes the page, or returns EFAULT where the program would be killed.
  static int zero = -1;
  if (zero < 0) zero = open("/dev/zero", O_RDONLY);
  long n = syscall(SYS_read, zero, address, 8UL);
  if (n != 8) notes[i].address = 0;
}

static unsigned long flag(struct walk *w, const unsigned long *list, int count) {
  return list[below(w, count)];
}
#define ONE_OF(w, ...) \
  flag(w, (const unsigned long[]){__VA_ARGS__}, sizeof((unsigned long[]){__VA_ARGS__}) / 8)

static void step(struct walk *w) {
  unsigned long first = below(w, w->pages), most = w->pages - first;
  unsigned long longest = ONE_OF(w, 1, 2, 3, 4, 8, 16);
  if (longest > most) longest = most;
  unsigned long address = w->base + first * PAGE, length = (1 + below(w, longest)) * PAGE;
  switch (below(w, 80)) {
    case 0: address += 1 + below(w, 4095); break;
    case 1: length = 0; break;
    case 2: length -= below(w, 4095); break;
  }
  unsigned long prot = ONE_OF(w, 0, 1, 1, 3, 3, 3, 3, 5, 7);
  unsigned long to = w->base + below(w, w->pages) * PAGE;
  switch (below(w, 20)) {
    case 0: case 1: case 2: case 3: case 4: {
      unsigned long flags = MAP_ANONYMOUS | ONE_OF(w, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE);
      flags |= below(w, 10) || grows ? MAP_PRIVATE : MAP_SHARED;
      if (!below(w, 8)) flags |= ONE_OF(w, MAP_NORESERVE, MAP_STACK, MAP_POPULATE);
      syscall(SYS_mmap, address, length, prot, flags, -1, 0);
      break;
    }
    case 5: case 6: syscall(SYS_munmap, address, length); break;
    case 7: case 8: case 9: syscall(SYS_mprotect, address, length, prot); break;
    case 10: syscall(SYS_mremap, address, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to); break;
    case 11: {
      unsigned long size = (1 + below(w, 6)) * PAGE;
      if (!grows && size > length) size = length;
      syscall(SYS_mremap, address, length, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
      break;
    }
    case 12: case 13:
      syscall(SYS_madvise, address, length,
              ONE_OF(w, 0, 1, 2, 4, 8, 10, 11, 12, 13, 15, 16, 17, 18, 19, 7));
      break;
    case 14: syscall(SYS_mlock2, address, length, below(w, 2)); break;
    case 15: syscall(SYS_munlock, address, length); break;
    case 16:
      if (w->has_break) syscall(SYS_brk, first_break + below(w, 16 * PAGE));
      break;
    default:
      if (!writes) break;
      for (unsigned long page = address & ~(PAGE - 1); page < address + length; page += PAGE)
        touch(w, page);
  }
}

static void walk(struct walk *w, unsigned long from, unsigned long to) {
  w->tid = (int)syscall(SYS_gettid);
  for (unsigned long i = from; i < to; i++) {
    unsigned long place = w->number * calls + i;
    w->state = (w->seed * 8 + w->number) << 24 | i;
    if (!kept || kept[place] == '1') step(w);
  }
}

static int thread(void *argument) {
  struct walk *w = argument;
  walk(w, 0, calls);
  done[(w->base - WINDOW) >> 30] = 1;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) return 64;
  prefix = argv[1];
  static struct walk walks[THREADS + 1];
  unsigned long seed = strtoul(argv[2], 0, 10);
  calls = strtoul(argv[3], 0, 10);
  if (argc == 6) kept = argv[5];
  if (kept && strlen(kept) != (THREADS + 2) * calls) return 64;
  grows = seed / 2 % 2;
  writes = strchr(argv[4], 't') != 0;
  int forks = strchr(argv[4], 'f') != 0, threads = strchr(argv[4], 'p') != 0;
  // Everything of the program itself that may be written is written before the map is taken.
  volatile char deep[100000];
  for (unsigned long i = 0; i < sizeof deep; i += 512) deep[i] = 1;
  for (unsigned long i = 0; i < sizeof stacks; i += 512) ((volatile char *)stacks)[i] = 1;
  for (unsigned long i = 0; i < sizeof notes; i += 512) ((volatile char *)notes)[i] = 0;
  for (unsigned long i = 0; i < sizeof text; i += 512) ((volatile char *)text)[i] = 0;
  for (int i = 0; i <= THREADS; i++)
    walks[i] =
      (struct walk){seed, 0, WINDOW + ((unsigned long)i << 30), 8 + seed % 3 * 12, i, 0, 0};
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  first_break = (unsigned long)syscall(SYS_brk, 0);
  walks[THREADS].has_break = 1;
  copy("/proc/self/smaps", "start", 0);
  syscall(SYS_munmap, 1, 0);
  if (threads)
    for (int i = 0; i < THREADS; i++)
      clone(thread, stacks[i] + STACK,
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
            &walks[i]);
  walk(&walks[THREADS], 0, calls / 2);
  int pid = 0;
  if (forks) {
    // A thread that forks while others walk has a child with the map of some moment.
    for (int i = 0; threads && i < THREADS; i++) while (!done[i]) usleep(100);
    pid = (int)syscall(SYS_fork);
    if (pid == 0) {
      note_count = 0;
      walks[THREADS].number++;
    }
  }
  walk(&walks[THREADS], calls / 2, calls);
  for (int i = 0; threads && i < THREADS; i++) while (!done[i]) usleep(100);
  copy("/proc/self/smaps", "maps", (int)syscall(SYS_getpid));
  write_notes();
  if (pid > 0) syscall(SYS_wait4, pid, 0, 0, 0);
  syscall(SYS_exit_group, 0);
}
