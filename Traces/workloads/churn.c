/* Allocation churn: malloc, free and realloc of many sizes, with lives of many lengths.
 *
 *   churn [OPERATIONS [THREADS [LARGE]]]
 *
 * Every thread has its own blocks. One block in LARGE (default 40; 1 is all) is large enough for
 * a mapping of its own. All memory is written as soon as it is there. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 3000 };

static long operations = 20000, large = 40;

struct block {
	unsigned char *bytes;
	size_t size;
};

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static size_t some_size(uint32_t *state)
{
	if (next(state) % large == 0)
		return 130000 + next(state) % 700000;
	switch (next(state) % 8) {
	case 0: return 4000 + next(state) % 60000;
	case 1: return 500 + next(state) % 3500;
	default: return 16 + next(state) % 500;
	}
}

static void *churn(void *argument)
{
	uint32_t state = 2463534242u + 977 * (uint32_t)(uintptr_t)argument;
	struct block *blocks = calloc(SLOTS, sizeof *blocks);
	uintptr_t sum = 0;
	if (!blocks)
		abort();
	for (long n = 0; n < operations; n++) {
		struct block *block = &blocks[next(&state) % SLOTS];
		size_t size = some_size(&state);
		if (!block->bytes || next(&state) % 5 == 0) {
			unsigned char *bytes = realloc(block->bytes, size);
			if (!bytes)
				abort();
			*block = (struct block){bytes, size};
			memset(bytes, (int)n, size);
		} else {
			sum += block->bytes[next(&state) % block->size];
			free(block->bytes);
			*block = (struct block){0};
		}
	}
	for (int n = 0; n < SLOTS; n++)
		free(blocks[n].bytes);
	free(blocks);
	return (void *)sum;
}

int main(int count, char **words)
{
	long threads = count > 2 ? atol(words[2]) : 1;
	pthread_t others[64];
	uintptr_t sum = 0;
	if (count > 1)
		operations = atol(words[1]);
	if (count > 3)
		large = atol(words[3]);
	if (threads < 1 || threads > 64 || large < 1)
		return 2;
	for (long n = 1; n < threads; n++)
		if (pthread_create(&others[n], NULL, churn, (void *)n))
			return 1;
	sum += (uintptr_t)churn(NULL);
	for (long n = 1; n < threads; n++) {
		void *part;
		pthread_join(others[n], &part);
		sum += (uintptr_t)part;
	}
	printf("%lu\n", (unsigned long)sum);
	return 0;
}
