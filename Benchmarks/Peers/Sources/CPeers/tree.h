// A textbook red-black tree of VMAs, linked by pointers, threaded by a list.

#ifndef PEER_TREE_H
#define PEER_TREE_H

#include <stdint.h>

// As large as the kernel's record of a VMA was in 2.6 on x86-64, with the fields that its merging
// reads where they would be.
struct area {
  void *owner;
  uint64_t start;
  uint64_t end;
  struct area *next;
  uint64_t protection;
  uint64_t flags;
  struct area *parent;
  struct area *left;
  struct area *right;
  uint64_t is_red;
  uint64_t sharing[4];
  uint64_t anon_chain[2];
  void *anon;
  const void *operations;
  uint64_t page_offset;
  void *file;
  void *private_data;
  void *policy;
};

_Static_assert(sizeof(struct area) == 176, "the peer must be as large as what it stands for");

// Hangs a new node below `parent`, at `link`, and restores the colours.
void tree_link(struct area **root, struct area *node, struct area *parent, struct area **link);
void tree_erase(struct area **root, struct area *node);

#endif
