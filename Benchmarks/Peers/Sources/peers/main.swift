import AddressSpaces
import CPeers
import Glibc
import Replay
import SyscallABI

// Compares our indexes with structures in C and C++: same process, same queries, interleaved.
//
//   peers [find] [hot] [churn] [COUNT...]

let arguments = CommandLine.arguments.dropFirst()
let modes = ["find", "hot", "churn"].filter { arguments.contains($0) }
let counts = arguments.compactMap { Int($0) }
let sizes = counts.isEmpty ? [64, 1024, 16384, 65536, 1_048_576] : counts
let rounds = 11
/// Zero, which the compiler cannot know.
let mask: UInt64 = arguments.contains("nonzero") ? 1 : 0

func find(_ size: Int, hot: Bool) {
  var numbers = SeededNumbers(seed: UInt64(size))
  let layout = BenchLayout(count: size, numbers: &numbers)
  let ascending = Array(layout.ranges.indices)
  let order = ascending.shuffled(using: &numbers)
  let count = size <= 1024 ? 100_000 : 400_000
  let queries = layout.lookups(hot ? .hot : .random, count: count, seed: UInt64(size))
    .map(\.rawValue)

  let tree = peer_tree_new(size)!
  let map = peer_map_new()!
  let vector = peer_vector_new()!
  for position in order {
    let range = layout.ranges[position]
    peer_tree_add(tree, range.start.rawValue, range.end.rawValue)
    peer_map_add(map, range.start.rawValue, range.end.rawValue)
  }
  for range in layout.ranges { peer_vector_add(vector, range.start.rawValue, range.end.rawValue) }
  defer {
    peer_tree_free(tree)
    peer_map_free(map)
    peer_vector_free(vector)
  }

  var measurement = Measurement()
  if hot {
    measurement.add("C tree + cache") { peer_tree_run_cached(tree, queries, count, mask) }
    add(MmapCache<RedBlackTreeIndex>.self, "rbtree + cache", order)
    add(MmapCache<BPlusTreeIndex>.self, "btree + cache", order)
    add(MmapCache<SortedArrayIndex>.self, "array + cache", ascending)
  } else {
    measurement.add("C tree") { peer_tree_run(tree, queries, count, mask) }
    measurement.add("std::map") { peer_map_run(map, queries, count, mask) }
    measurement.add("std::vector") { peer_vector_run(vector, queries, count, mask) }
    if size <= 1024 {
      measurement.add("C list") { peer_list_run(tree, queries, count, mask) }
    }
    add(RedBlackTreeIndex.self, "rbtree", order)
    add(BPlusTreeIndex.self, "btree", order)
    add(SortedArrayIndex.self, "array", ascending)
  }
  let agrees = measurement.run(rounds: rounds, operations: count, numbers: &numbers)
  report("find, \(hot ? "hot" : "random"), \(size) VMAs, ns/lookup", measurement, agrees)

  func add<Index: VMAIndex & ~Copyable>(_ type: Index.Type, _ name: String, _ order: [Int]) {
    let subject = Subject<Index>(layout.ranges, order: order)
    measurement.add(name) { subject.run(queries, mask: mask) }
  }
}

/// All spaces see the same calls, and age alike: each round goes on where the one before ended.
func churn(_ size: Int) {
  var churn = Churn(vmaCount: size, seed: UInt64(size))
  let preparation = [churn.filling(), churn.operations(size)]
  let perRound = 200_000
  let rounds = (0..<(rounds + 1)).map { _ in churn.operations(perRound) }
  let peer = PeerSpace(preparation, rounds)
  let tree = Space<MmapCache<RedBlackTreeIndex>>(preparation, rounds)
  let bPlusTree = Space<MmapCache<BPlusTreeIndex>>(preparation, rounds)

  var measurement = Measurement()
  measurement.add("C tree") { peer.runRound() }
  measurement.add("rbtree") { tree.runRound() }
  measurement.add("btree") { bPlusTree.runRound() }
  var numbers = SeededNumbers(seed: 1)
  let agrees = measurement.run(
    rounds: rounds.count - 1, operations: perRound, numbers: &numbers)
  let digests: Set = [peer.digest, tree.digest, bPlusTree.digest]
  report(
    "churn, about \(peer.count) VMAs, ns/call", measurement, agrees && digests.count == 1)
  let maps = rounds.reduce(0) { $0 + $1.count { $0.kind != 1 } }
  print("  merges: \(Int(peer.merges) * 100 / maps) % of mmap and brk")
  print(
    "  bytes per VMA: C 176, rbtree \(format(tree.bytesPerVMA, 1)), btree "
      + format(bPlusTree.bytesPerVMA, 1))
}

func report(_ title: String, _ measurement: Measurement, _ agrees: Bool) {
  print(title)
  for line in measurement.lines() { print("  " + line) }
  if !agrees { print("  THE ANSWERS DIFFER") }
  fflush(nil)
}

for mode in modes.isEmpty ? ["find", "hot", "churn"] : modes {
  for size in sizes {
    if mode == "churn" { churn(size) } else { find(size, hot: mode == "hot") }
  }
}
