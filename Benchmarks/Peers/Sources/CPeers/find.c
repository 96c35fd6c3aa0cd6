#define _POSIX_C_SOURCE 199309L

#include <stdlib.h>
#include <time.h>

#include "peers.h"
#include "tree.h"

struct peer_tree {
  struct area *root;
  struct area *head;
  struct area *cache;
  struct area *nodes;
  size_t used;
};

struct peer_tree *peer_tree_new(size_t capacity)
{
  struct peer_tree *tree = calloc(1, sizeof *tree);
  tree->nodes = calloc(capacity, sizeof *tree->nodes);
  return tree;
}

void peer_tree_free(struct peer_tree *tree)
{
  free(tree->nodes);
  free(tree);
}

void peer_tree_add(struct peer_tree *tree, uint64_t start, uint64_t end)
{
  struct area *node = &tree->nodes[tree->used++];
  struct area **link = &tree->root;
  struct area *parent = NULL;
  struct area *previous = NULL;
  while (*link) {
    parent = *link;
    if (start < parent->end) {
      link = &parent->left;
    } else {
      previous = parent;
      link = &parent->right;
    }
  }
  node->start = start;
  node->end = end;
  if (previous) {
    node->next = previous->next;
    previous->next = node;
  } else {
    node->next = tree->head;
    tree->head = node;
  }
  tree_link(&tree->root, node, parent, link);
}

// The first VMA that ends above the address.
static inline struct area *find(const struct peer_tree *tree, uint64_t address)
{
  struct area *node = tree->root;
  struct area *found = NULL;
  while (node) {
    if (node->end > address) {
      found = node;
      if (node->start <= address)
        break;
      node = node->left;
    } else {
      node = node->right;
    }
  }
  return found;
}

static inline uint64_t result(const struct area *found)
{
  return found ? found->start ^ found->end : 0;
}

uint64_t peer_tree_run(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask)
{
  uint64_t sum = 0;
  uint64_t last = 0;
  for (size_t i = 0; i < count; i++) {
    last = result(find(tree, queries[i] ^ (last & mask)));
    sum += last;
  }
  return sum;
}

uint64_t peer_tree_run_cached(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask)
{
  uint64_t sum = 0;
  uint64_t last = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t address = queries[i] ^ (last & mask);
    struct area *found = tree->cache;
    if (!(found && found->end > address && found->start <= address)) {
      found = find(tree, address);
      if (found)
        tree->cache = found;
    }
    last = result(found);
    sum += last;
  }
  return sum;
}

uint64_t peer_list_run(
    struct peer_tree *tree, const uint64_t *queries, size_t count, uint64_t mask)
{
  uint64_t sum = 0;
  uint64_t last = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t address = queries[i] ^ (last & mask);
    struct area *node = tree->head;
    while (node && node->end <= address)
      node = node->next;
    last = result(node);
    sum += last;
  }
  return sum;
}

uint64_t peer_thread_time(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
