import AddressSpaces
import CPeers
import SyscallABI

/// Puts VMAs into an index in the given order.
func fill<Index: VMAIndex & ~Copyable>(
  _ index: inout Index, _ ranges: [AddressRange], order: [Int]
) {
  for position in order {
    let range = ranges[position]
    index.insert(
      VMA.Handle(slot: UInt32(position + 1)), range, between: index.findPrepare(range.start))
  }
}

/// The same loop as the peers have: see `peers.h`.
@inline(never)
func run<Index: VMAIndex & ~Copyable>(
  _ index: inout Index, _ queries: UnsafeBufferPointer<UInt64>, mask: UInt64
) -> UInt64 {
  var sum: UInt64 = 0
  var last: UInt64 = 0
  for query in queries {
    let found = index.find(Address(query ^ (last & mask)))
    last = found.isNone ? 0 : found.start.rawValue ^ found.end.rawValue
    sum &+= last
  }
  return sum
}

/// An index that a closure can hold.
final class Subject<Index: VMAIndex & ~Copyable> {
  private var index = Index()

  init(_ ranges: [AddressRange], order: [Int]) { fill(&index, ranges, order: order) }

  func run(_ queries: [UInt64], mask: UInt64) -> UInt64 {
    queries.withUnsafeBufferPointer { peers.run(&index, $0, mask: mask) }
  }

  var bytesPerVMA: Double { Double(index.bytes) / Double(index.count) }
}

/// The address space of the C peer.
final class PeerSpace {
  private let space = peer_space_new(Churn.heapStart)!
  private let rounds: [[peer_operation]]
  private var round = 0
  private let mergesBefore: UInt64

  init(_ preparation: [[peer_operation]], _ rounds: [[peer_operation]]) {
    self.rounds = rounds
    for operations in preparation { peer_space_run(space, operations, operations.count) }
    mergesBefore = peer_space_merges(space)
  }

  deinit { peer_space_free(space) }

  var count: Int { peer_space_count(space) }
  /// In all rounds.
  var merges: UInt64 { peer_space_merges(space) - mergesBefore }
  var digest: UInt64 { peer_space_digest(space) }

  func runRound() -> UInt64 {
    peer_space_run(space, rounds[round], rounds[round].count)
    round += 1
    return UInt64(count)
  }
}

/// A whole address space of ours that a closure can hold.
final class Space<Index: VMAIndex & ~Copyable> {
  private var space = AddressSpace<Index>(profile: .linux2_6)
  private let rounds: [[peer_operation]]
  private var round = 0

  init(_ preparation: [[peer_operation]], _ rounds: [[peer_operation]]) {
    self.rounds = rounds
    let heap = Address(Churn.heapStart)
    space.setHeap(start: heap, end: heap)
    space.limits.maxMapCount = .max
    for operations in preparation { run(operations) }
  }

  var bytesPerVMA: Double { Double(space.bytes) / Double(space.mapCount) }

  func runRound() -> UInt64 {
    run(rounds[round])
    round += 1
    return UInt64(space.mapCount)
  }

  private func run(_ operations: [peer_operation]) {
    operations.withUnsafeBufferPointer { peers.run(&space, $0) }
  }

  var digest: UInt64 {
    var digest: UInt64 = 0
    space.forEachVMA { vma in
      digest = (digest &* 31 &+ vma.range.start.rawValue) &* 31 &+ vma.range.end.rawValue
    }
    return digest
  }
}

@inline(never)
func run<Index: VMAIndex & ~Copyable>(
  _ space: inout AddressSpace<Index>, _ operations: UnsafeBufferPointer<peer_operation>
) {
  for operation in operations {
    let address = Address(operation.address)
    let length = UInt64(operation.pages) << Page.shift
    switch operation.kind {
    case 0:
      _ = try? space.mmap(
        at: address, length: length, prot: Protection(rawValue: UInt64(operation.flags)),
        flags: MapFlags(rawValue: 0x22), leniently: true)
    case 1: try? space.munmap(address, length: length, leniently: true)
    default: space.brk(address)
    }
  }
}
