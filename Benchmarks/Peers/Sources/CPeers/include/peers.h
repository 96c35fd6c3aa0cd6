// The structures that our indexes are compared with, behind one plain C interface each.
//
// Every "run" makes dependent lookups: the address of each is the query, mixed with the result of
// the lookup before under a mask that is zero at run time and unknown to the compiler. It returns
// the sum of all results, so that nothing can be left out and answers can be compared.

#ifndef PEERS_H
#define PEERS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A red-black tree of 176-byte nodes linked by pointers, with a list in address order.
struct peer_tree;
struct peer_tree *peer_tree_new(size_t capacity);
void peer_tree_free(struct peer_tree *tree);
void peer_tree_add(struct peer_tree *tree, uint64_t start, uint64_t end);
uint64_t peer_tree_run(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask);
// With a cache of the last VMA found in front.
uint64_t peer_tree_run_cached(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask);
// Along the list, from its head.
uint64_t peer_list_run(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask);

// The whole path of mmap, munmap and brk on such a tree.
struct peer_operation {
  uint64_t address;
  uint32_t pages;
  // 0 mmap, 1 munmap, 2 brk.
  uint16_t kind;
  // For mmap: the flags of the mapping.
  uint16_t flags;
};
struct peer_space;
struct peer_space *peer_space_new(uint64_t start_brk);
void peer_space_free(struct peer_space *space);
void peer_space_run(
    struct peer_space *space, const struct peer_operation *operations, size_t count);
size_t peer_space_count(const struct peer_space *space);
uint64_t peer_space_merges(const struct peer_space *space);
// A digest of all borders in address order.
uint64_t peer_space_digest(const struct peer_space *space);

// std::map from the end of each VMA.
struct peer_map;
struct peer_map *peer_map_new(void);
void peer_map_free(struct peer_map *map);
void peer_map_add(struct peer_map *map, uint64_t start, uint64_t end);
uint64_t peer_map_run(
    struct peer_map *map, const uint64_t *queries, size_t count, uint64_t mask);

// std::vector sorted by end, with std::upper_bound.
struct peer_vector;
struct peer_vector *peer_vector_new(void);
void peer_vector_free(struct peer_vector *vector);
// In address order.
void peer_vector_add(struct peer_vector *vector, uint64_t start, uint64_t end);
uint64_t peer_vector_run(
    struct peer_vector *vector, const uint64_t *queries, size_t count, uint64_t mask);

// CPU time of this thread, in nanoseconds.
uint64_t peer_thread_time(void);

#ifdef __cplusplus
}
#endif

#endif
