#pragma once

// Begins to fetch a cache line that will be read soon; does nothing where it cannot be read.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address, 0, 3); }
