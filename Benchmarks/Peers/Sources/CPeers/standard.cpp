#include <algorithm>
#include <map>
#include <vector>

#include "peers.h"

struct peer_map {
  struct record {
    uint64_t start;
    uint64_t handle;
  };
  std::map<uint64_t, record> records;
};

peer_map *peer_map_new(void) { return new peer_map; }
void peer_map_free(peer_map *map) { delete map; }

void peer_map_add(peer_map *map, uint64_t start, uint64_t end)
{
  map->records.emplace(end, peer_map::record{start, map->records.size()});
}

uint64_t peer_map_run(peer_map *map, const uint64_t *queries, size_t count, uint64_t mask)
{
  uint64_t sum = 0;
  uint64_t last = 0;
  for (size_t i = 0; i < count; i++) {
    auto found = map->records.upper_bound(queries[i] ^ (last & mask));
    last = found == map->records.end() ? 0 : found->first ^ found->second.start;
    sum += last;
  }
  return sum;
}

struct peer_vector {
  struct record {
    uint64_t start;
    uint64_t end;
    uint64_t handle;
  };
  std::vector<record> records;
};

peer_vector *peer_vector_new(void) { return new peer_vector; }
void peer_vector_free(peer_vector *vector) { delete vector; }

void peer_vector_add(peer_vector *vector, uint64_t start, uint64_t end)
{
  vector->records.push_back({start, end, vector->records.size()});
}

uint64_t peer_vector_run(
    peer_vector *vector, const uint64_t *queries, size_t count, uint64_t mask)
{
  uint64_t sum = 0;
  uint64_t last = 0;
  const auto &records = vector->records;
  for (size_t i = 0; i < count; i++) {
    auto found = std::upper_bound(
        records.begin(), records.end(), queries[i] ^ (last & mask),
        [](uint64_t address, const peer_vector::record &r) { return address < r.end; });
    last = found == records.end() ? 0 : found->start ^ found->end;
    sum += last;
  }
  return sum;
}
