// mmap, munmap and brk as Linux 2.6 does them: look for the place, try to merge, else allocate and
// link; cut at both ends, unlink what lies between. The rules are the kernel's, the code is not.

#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "tree.h"

#define PAGE 4096u
#define CHUNK 1024

// Freed records are given out again, last freed first, and zeroed when they are.
struct slab {
  struct area *free;
  void **chunks;
  size_t chunk_count;
  size_t used_of_chunk;
};

struct peer_space {
  struct area *root;
  struct area *head;
  struct area *cache;
  struct slab slab;
  size_t count;
  size_t limit;
  uint64_t total_pages;
  uint64_t locked_pages;
  uint64_t merges;
  uint64_t start_brk;
  uint64_t brk;
};

static struct area *allocate(struct slab *slab)
{
  struct area *node = slab->free;
  if (node) {
    slab->free = node->next;
  } else {
    if (slab->used_of_chunk == CHUNK || !slab->chunk_count) {
      slab->chunks = realloc(slab->chunks, (slab->chunk_count + 1) * sizeof *slab->chunks);
      slab->chunks[slab->chunk_count++] = malloc(CHUNK * sizeof *node);
      slab->used_of_chunk = 0;
    }
    node = (struct area *)slab->chunks[slab->chunk_count - 1] + slab->used_of_chunk++;
  }
  memset(node, 0, sizeof *node);
  return node;
}

static void release(struct slab *slab, struct area *node)
{
  node->next = slab->free;
  slab->free = node;
}

struct place {
  struct area *next;
  struct area *previous;
  struct area *parent;
  struct area **link;
};

// What lies around an address, and where in the tree a node for it would hang.
static struct place prepare(struct peer_space *space, uint64_t address)
{
  struct place place = {NULL, NULL, NULL, &space->root};
  while (*place.link) {
    place.parent = *place.link;
    if (place.parent->end > address) {
      place.next = place.parent;
      if (place.parent->start <= address)
        break;
      place.link = &place.parent->left;
    } else {
      place.previous = place.parent;
      place.link = &place.parent->right;
    }
  }
  return place;
}

static struct area *find(struct peer_space *space, uint64_t address)
{
  struct area *found = space->cache;
  if (found && found->end > address && found->start <= address)
    return found;
  struct area *node = space->root;
  found = NULL;
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
  if (found)
    space->cache = found;
  return found;
}

static struct area *find_with_previous(
    struct peer_space *space, uint64_t address, struct area **previous)
{
  struct area *node = space->root;
  *previous = NULL;
  while (node) {
    if (address < node->end) {
      node = node->left;
    } else {
      *previous = node;
      if (!node->next || address < node->next->end)
        break;
      node = node->right;
    }
  }
  return *previous ? (*previous)->next : space->head;
}

static void link_area(struct peer_space *space, struct area *node, const struct place *place)
{
  if (place->previous) {
    node->next = place->previous->next;
    place->previous->next = node;
  } else {
    node->next = space->head;
    space->head = node;
  }
  tree_link(&space->root, node, place->parent, place->link);
  space->count++;
}

static int fits(const struct area *area, uint64_t flags, const void *file)
{
  return area->flags == flags && area->file == file && !area->operations && !area->policy;
}

static int may_join_below(
    const struct area *area, uint64_t flags, const void *file, const void *anon, uint64_t offset)
{
  return fits(area, flags, file) && (!anon || !area->anon || anon == area->anon)
      && area->page_offset + (area->end - area->start) / PAGE == offset;
}

static int may_join_above(
    const struct area *area, uint64_t flags, const void *file, const void *anon, uint64_t offset,
    uint64_t pages)
{
  return fits(area, flags, file) && (!anon || !area->anon || anon == area->anon)
      && area->page_offset == offset + pages;
}

static void unlink_area(struct peer_space *space, struct area *node, struct area *previous)
{
  if (previous)
    previous->next = node->next;
  else
    space->head = node->next;
  tree_erase(&space->root, node);
  if (space->cache == node)
    space->cache = NULL;
  space->count--;
}

// Gives an area new borders; what lies completely in its way above disappears.
static void adjust(struct peer_space *space, struct area *area, uint64_t start, uint64_t end)
{
  struct area *next = area->next;
  while (next && end >= next->end && end > area->end) {
    unlink_area(space, next, area);
    release(&space->slab, next);
    next = area->next;
  }
  if (start != area->start) {
    area->page_offset += (int64_t)(start - area->start) / PAGE;
    area->start = start;
  }
  area->end = end;
}

// Cases 1 to 3: a new range becomes part of what lies below, above, or both.
static struct area *merge(
    struct peer_space *space, struct area *previous, struct area *next, uint64_t start,
    uint64_t end, uint64_t flags, uint64_t offset)
{
  uint64_t pages = (end - start) / PAGE;
  if (previous && previous->end == start && may_join_below(previous, flags, NULL, NULL, offset)) {
    if (next && next->start == end && may_join_above(next, flags, NULL, NULL, offset, pages)
        && (!previous->anon || !next->anon || previous->anon == next->anon)) {
      adjust(space, previous, previous->start, next->end);
    } else {
      adjust(space, previous, previous->start, end);
    }
    space->merges++;
    return previous;
  }
  if (next && next->start == end && may_join_above(next, flags, NULL, NULL, offset, pages)) {
    adjust(space, next, start, next->end);
    space->merges++;
    return next;
  }
  return NULL;
}

static void account(struct peer_space *space, uint64_t flags, int64_t pages)
{
  space->total_pages += pages;
  if (flags & 0x2000)
    space->locked_pages += pages;
}

static void split(struct peer_space *space, struct area *area, uint64_t address, int new_below)
{
  struct area *new = allocate(&space->slab);
  *new = *area;
  if (new_below) {
    new->end = address;
    area->page_offset += (address - area->start) / PAGE;
    area->start = address;
  } else {
    new->start = address;
    new->page_offset += (address - area->start) / PAGE;
    area->end = address;
  }
  struct place place = prepare(space, new->start);
  link_area(space, new, &place);
}

static void unmap(struct peer_space *space, uint64_t start, uint64_t end)
{
  struct area *previous;
  struct area *area = find_with_previous(space, start, &previous);
  if (!area || area->start >= end)
    return;
  if (start > area->start) {
    if (end < area->end && space->count >= space->limit)
      return;
    split(space, area, start, 0);
    previous = area;
  }
  struct area *last = find(space, end);
  if (last && end > last->start)
    split(space, last, end, 1);
  area = previous ? previous->next : space->head;
  while (area && area->start < end) {
    struct area *next = area->next;
    account(space, area->flags, -(int64_t)((area->end - area->start) / PAGE));
    unlink_area(space, area, previous);
    release(&space->slab, area);
    area = next;
  }
}

static void map(struct peer_space *space, uint64_t start, uint64_t end, uint64_t flags)
{
  struct place place = prepare(space, start);
  if (place.next && place.next->start < end) {
    unmap(space, start, end);
    place = prepare(space, start);
  }
  uint64_t offset = start / PAGE;
  account(space, flags, (end - start) / PAGE);
  if (merge(space, place.previous, place.next, start, end, flags, offset))
    return;
  struct area *area = allocate(&space->slab);
  area->owner = space;
  area->start = start;
  area->end = end;
  area->flags = flags;
  area->protection = flags & 7;
  area->page_offset = offset;
  link_area(space, area, &place);
}

static void set_brk(struct peer_space *space, uint64_t address)
{
  if (address < space->start_brk)
    return;
  uint64_t old = (space->brk + PAGE - 1) & ~(uint64_t)(PAGE - 1);
  uint64_t new = (address + PAGE - 1) & ~(uint64_t)(PAGE - 1);
  if (new < old) {
    unmap(space, new, old);
  } else if (new > old) {
    struct area *above = find(space, old);
    if (above && new + PAGE > above->start)
      return;
    map(space, old, new, 0x100073);
  }
  space->brk = address;
}

struct peer_space *peer_space_new(uint64_t start_brk)
{
  struct peer_space *space = calloc(1, sizeof *space);
  space->start_brk = space->brk = start_brk;
  space->limit = (size_t)-1;
  return space;
}

void peer_space_free(struct peer_space *space)
{
  for (size_t i = 0; i < space->slab.chunk_count; i++)
    free(space->slab.chunks[i]);
  free(space->slab.chunks);
  free(space);
}

void peer_space_run(
    struct peer_space *space, const struct peer_operation *operations, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const struct peer_operation *op = &operations[i];
    uint64_t end = op->address + (uint64_t)op->pages * PAGE;
    switch (op->kind) {
    case 0:
      map(space, op->address, end, op->flags | 0x100070);
      break;
    case 1:
      unmap(space, op->address, end);
      break;
    default:
      set_brk(space, op->address);
    }
  }
}

size_t peer_space_count(const struct peer_space *space) { return space->count; }

uint64_t peer_space_merges(const struct peer_space *space) { return space->merges; }

uint64_t peer_space_digest(const struct peer_space *space)
{
  uint64_t digest = 0;
  for (const struct area *area = space->head; area; area = area->next)
    digest = (digest * 31 + area->start) * 31 + area->end;
  return digest;
}
