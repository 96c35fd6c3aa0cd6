/*
 * What drives up the number of VMAs, one cause at a time.
 *
 *   incidents CAUSE
 *
 * Each cause makes the same few pages again and again, so that its figures can be told in advance.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define KIB 1024UL
#define MIB (1024 * KIB)

static char *map(size_t length, int prot, int flags) {
  char *start = mmap(NULL, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (start == MAP_FAILED) {
    fprintf(stderr, "mmap: %s\n", strerror(errno));
    exit(3);
  }
  return start;
}

static void touch(char *start, size_t length) {
  for (size_t at = 0; at < length; at += PAGE) start[at] = 1;
}

/* An arena gives every other extent back by taking the access away. */
static void decommit(void) {
  char *arena = map(200 * 64 * KIB, PROT_READ | PROT_WRITE, MAP_NORESERVE);
  touch(arena, 200 * 64 * KIB);
  for (int i = 1; i < 200; i += 2) mprotect(arena + i * 64 * KIB, 64 * KIB, PROT_NONE);
}

/* A guard page between each two blocks. */
static void guards(void) {
  char *arena = map(100 * 4 * PAGE, PROT_READ | PROT_WRITE, 0);
  for (int i = 0; i < 100; i++) mprotect(arena + (i * 4 + 3) * PAGE, PAGE, PROT_NONE);
}

/* Half of the slabs must not become huge pages. */
static void nohugepage(void) {
  char *arena = map(100 * 64 * KIB, PROT_READ | PROT_WRITE, 0);
  for (int i = 0; i < 100; i += 2) madvise(arena + i * 64 * KIB, 64 * KIB, MADV_NOHUGEPAGE);
}

/* Each page of a file mapped through a descriptor of its own. */
static void opens(void) {
  char *arena = map(50 * PAGE, PROT_NONE, 0);
  for (int i = 0; i < 50; i++) {
    int fd = open("/proc/self/exe", O_RDONLY);
    mmap(arena + i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, i * PAGE);
  }
}

/* A ring buffer twice in a row, as audio and tracing programs have it. */
static void memfd(void) {
  for (int i = 0; i < 40; i++) {
    int fd = memfd_create("ring", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 4 * PAGE) != 0) exit(3);
    char *ring = map(8 * PAGE, PROT_NONE, 0);
    mmap(ring, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    mmap(ring + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    close(fd);
  }
}

/* Slabs bound to a node, one in two preferring it. */
static void slabs(void) {
  unsigned long nodes = 1;
  char *arena = map(80 * 64 * KIB, PROT_READ | PROT_WRITE, 0);
  for (int i = 0; i < 80; i++)
    syscall(SYS_mbind, arena + i * 64 * KIB, 64 * KIB, i % 2 ? 2 : 1, &nodes, 64, 0);
}

/* Written before a fork, grown after it: in the child the new memory stays apart. */
static void forks(void) {
  char *arena = map(64 * PAGE, PROT_NONE, 0);
  for (int i = 0; i < 30; i++) {
    char *block = arena + i * 2 * PAGE;
    mmap(block, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    *block = 1;
  }
  fflush(NULL);
  if (fork() == 0) {
    for (int i = 0; i < 30; i++) {
      char *block = arena + (i * 2 + 1) * PAGE;
      mmap(block, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      *block = 1;
    }
    _exit(0);
  }
  wait(NULL);
}

/* Reserved memory beside memory that is not. */
static void noreserve(void) {
  char *arena = map(60 * 2 * PAGE, PROT_NONE, 0);
  for (int i = 0; i < 120; i++)
    mmap(arena + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (i % 2 ? MAP_NORESERVE : 0), -1, 0);
}

/* Small mappings until the kernel has enough of them. */
static void full(void) {
  for (int i = 0;; i++) {
    int prot = i % 2 ? PROT_READ : PROT_NONE;
    if (mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) break;
  }
  fprintf(stderr, "mmap: %s\n", strerror(errno));
}

/* A limit on the address space, and memory that is free all the same. */
static void rlimit(void) {
  struct rlimit limit = {256 * MIB, 256 * MIB};
  setrlimit(RLIMIT_AS, &limit);
  while (mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
         MAP_FAILED) {}
  fprintf(stderr, "mmap: %s\n", strerror(errno));
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    void (*run)(void);
  } causes[] = {
      {"decommit", decommit}, {"guards", guards}, {"nohugepage", nohugepage}, {"opens", opens},
      {"memfd", memfd},       {"slabs", slabs},   {"forks", forks},           {"full", full},
      {"noreserve", noreserve}, {"rlimit", rlimit},
  };
  for (size_t i = 0; count == 2 && i < sizeof causes / sizeof *causes; i++) {
    if (strcmp(words[1], causes[i].name) == 0) {
      causes[i].run();
      return 0;
    }
  }
  fprintf(stderr, "usage: incidents CAUSE\n");
  return 64;
}
