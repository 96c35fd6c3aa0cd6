/* Calls on memory regions as a garbage collector or a JIT makes them: a large reservation is
 * committed, written, protected, given back and moved piece by piece.
 *
 *   regions [OPERATIONS] */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES = 4096, PAGE = 4096 };

static uint32_t state = 88172645;

static uint32_t next(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

int main(int count, char **words)
{
	long operations = count > 1 ? atol(words[1]) : 10000, failures = 0;
	char *base = mmap(NULL, (size_t)PAGES * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return 1;
	for (long n = 0; n < operations; n++) {
		uint32_t length = 1 + next(16), at = next(PAGES - 16);
		char *start = base + (size_t)at * PAGE;
		size_t size = (size_t)length * PAGE;
		int failed = 0;
		switch (next(10)) {
		case 0: case 1: case 2:
			failed = mprotect(start, size, PROT_READ | PROT_WRITE);
			if (!failed)
				memset(start, 1, size);
			break;
		case 3: failed = mprotect(start, size, PROT_READ); break;
		case 4: failed = mprotect(start, size, PROT_READ | PROT_EXEC); break;
		case 5: failed = mprotect(start, size, PROT_NONE); break;
		case 6: failed = madvise(start, size, MADV_DONTNEED); break;
		case 7: failed = munmap(start, size); break;
		case 8:
			failed = mmap(start, size, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
			if (!failed)
				memset(start, 2, size);
			break;
		default:
			failed = mremap(start, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
					base + (size_t)next(PAGES) * PAGE) == MAP_FAILED;
		}
		failures += failed != 0;
	}
	printf("%ld calls failed\n", failures);
	return 0;
}
