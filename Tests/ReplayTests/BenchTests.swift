import AddressSpaces
import SyscallABI
import Testing

@testable import Replay

/// The parts of the benchmark that need no clock.
@Suite struct BenchTests {
  @Test func medianAndInterval() {
    let odd = SampleStatistics([5, 1, 3])
    #expect(odd.median == 3)
    #expect(SampleStatistics([4, 1, 2, 3]).median == 2.5)
    let many = SampleStatistics((1...25).map { Double($0) })
    #expect(many.median == 13)
    #expect(many.interval.low < 13 && many.interval.high > 13)
    #expect(many.interval.low >= 7 && many.interval.high <= 19)
  }

  /// Against the table: U = 2 of 64 for two sets of eight; and no difference without one.
  @Test func mannWhitney() throws {
    let low = SampleStatistics([1, 2, 3, 4, 5, 6, 7, 9])
    let high = SampleStatistics([8, 8.5, 10, 11, 12, 13, 14, 15])
    #expect(low.differs(from: high))
    #expect(high.differs(from: low, level: 0.01))
    let score = try #require(low.standardScore(against: high))
    #expect((score + 3.15).magnitude < 0.01)
    let mixed = SampleStatistics([1, 3, 5, 7, 9, 11, 13, 15])
    let others = SampleStatistics([2, 4, 6, 8, 10, 12, 14, 16])
    #expect(!mixed.differs(from: others))
    #expect(!low.differs(from: low))
    let same = SampleStatistics([2, 2, 2])
    #expect(same.standardScore(against: same) == nil)
  }

  private var layout: BenchLayout {
    BenchLayout(
      ranges: (0..<50).map { number in
        let start = Address(0x1_0000_0000 + UInt64(number) * 0x5000)
        return AddressRange(start, start &+ (number % 3 == 0 ? 0x5000 : 0x3000))
      })
  }

  @Test(arguments: [8, 64, 1000])
  func scaledLayoutsAreInOrder(count: Int) {
    let scaled = layout.scaled(to: count, seed: 3)
    #expect(scaled.ranges.count == count)
    #expect(scaled.ranges == layout.scaled(to: count, seed: 3).ranges)
    for (lower, upper) in zip(scaled.ranges, scaled.ranges.dropFirst()) {
      #expect(lower.end <= upper.start && !lower.isEmpty)
    }
    #expect(scaled.ranges.allSatisfy { [3, 5].contains($0.lengthInPages) })
  }

  @Test func lookupsFallWhereTheyShould() {
    let layout = layout
    for stream in [LookupStream.random, .hot, .faults] {
      let lookups = layout.lookups(stream, count: 5000, seed: 7)
      #expect(lookups == layout.lookups(stream, count: 5000, seed: 7))
      let inside = lookups.count { address in layout.ranges.contains { $0.contains(address) } }
      #expect(inside >= 4500, "\(stream.name)")
    }
    let trace = layout.lookups(.trace([Address(1), Address(2)]), count: 3, seed: 1)
    #expect(trace == [Address(1), Address(2), Address(1)])
  }

  /// Each picture must end in the case that it is for, once for every copy.
  @Test(arguments: MergeCase.allCases)
  func picturesGiveTheirCase(mergeCase: MergeCase) {
    let field = MergeField(operation: .merge(mergeCase), count: 20)
    var space = field.make(RedBlackTreeIndex.self)
    let before = space.statistics
    field.run(&space, order: Array((0..<20).reversed())[...])
    for other in MergeCase.allCases {
      let merges = space.statistics.merges(other) - before.merges(other)
      #expect(merges == (other == mergeCase ? 20 : 0), "\(other)")
    }
  }

  @Test func refusedNeighboursStayApart() {
    let field = MergeField(operation: .refused, count: 20)
    var space = field.make(BPlusTreeIndex.self)
    #expect(space.mapCount == 40)
    field.run(&space, order: Array(0..<20)[...])
    #expect(space.mapCount == 60)
    #expect(space.statistics.refusals(.flags) == 40)
  }

  /// All indexes must find the same: the runner says what each found.
  @Test func everyIndexGivesTheSameAnswer() {
    var time: UInt64 = 0
    let layout = layout
    let plan = BenchPlan(
      layout: layout, lookups: layout.lookups(.random, count: 300, seed: 1), trace: nil, seed: 1)
    let runner = BenchRunner(
      plan: plan, indexes: IndexKind.allCases, operations: BenchOperation.all)
    let results = runner.run(
      rounds: 2, seed: 1,
      clock: {
        // The first reads find out what the clock costs; after them things take their time.
        time += time < 200_000 ? 1000 : 1_000_000
        return time
      }, histogram: { SortedTimes() }, progress: { _ in })
    #expect(Set(results.map(\.index)) == Set(IndexKind.allCases))
    // No trace, so that nothing of it can be timed.
    #expect(results.allSatisfy { !$0.operation.needsTrace })
    for operation in BenchOperation.all where !operation.needsTrace {
      let answers = results.filter { $0.operation == operation }.map(\.answer)
      #expect(answers.count == 4 && Set(answers).count == 1, "\(operation.name)")
    }
    #expect(results.allSatisfy { $0.samples.count == 2 && $0.counts.vmas == 50 })
    // Each block of 128 lookups took 999 microseconds, the last of 44 the most a lookup.
    for result in results where result.operation == .find {
      #expect(result.p99 == 22_704.545, "\(result.index)")
    }
    #expect(runner.count().map(\.counts) == results.map(\.counts))
    #expect(runner.count().map(\.answer) == results.map(\.answer))
    let probes = { (kind: IndexKind) in results.first { $0.index == kind }!.counts.probes! }
    #expect(probes(.list) > 300 * 20 && probes(.list) < 300 * 31)
    #expect(probes(.btree) == 300 * 2)
    #expect(probes(.rbtree) > 300 * 3 && probes(.rbtree) < 300 * 8)
  }

  /// Inserted in rising order, a tree rotates once for most of its VMAs.
  @Test func rotationsAreCounted() {
    let layout = layout
    var plan = BenchPlan(layout: layout, lookups: [], trace: nil, seed: 1)
    plan.order = Array(layout.ranges.indices)
    let runner = BenchRunner(
      plan: plan, indexes: IndexKind.allCases, operations: [.insert, .remove, .find])
    let results = runner.count()
    #expect(results.allSatisfy { ($0.counts.rotations == nil) == ($0.index != .rbtree) })
    let rotations = results.first { $0.index == .rbtree && $0.operation == .insert }
    #expect((30...50).contains(rotations?.counts.rotations ?? 0))
    // Without lookups there is nothing to time.
    #expect(!results.contains { $0.operation == .find })
  }

  /// The cache answers what it answers in a replay, and only its misses look at nodes.
  @Test func probesBehindTheCacheAreThoseOfItsMisses() throws {
    let layout = layout
    let start = layout.ranges[3].start
    let plan = BenchPlan(
      layout: layout, lookups: [start, start, start &+ 0x1000, layout.ranges[9].start],
      trace: nil, seed: 1)
    let runner = BenchRunner(plan: plan, indexes: [.list], operations: [.find, .findCached])
    let results = runner.count()
    #expect(results.map(\.counts.probes) == [4 + 4 + 4 + 10, 4 + 10])
    #expect(results.map(\.counts.hits) == [nil, 2])
  }
}

private struct SortedTimes: BenchHistogram {
  var times: [UInt64] = []

  mutating func record(_ picoseconds: UInt64) { times.append(picoseconds) }

  func percentile(_ percent: Double) -> UInt64 {
    times.isEmpty ? 0 : times.sorted()[Int((Double(times.count - 1) * percent / 100).rounded())]
  }
}
