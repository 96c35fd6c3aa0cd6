import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// The place where drawings are: one column is one page.
enum Canvas {
  static let origin: UInt64 = 0x7000_0000_0000

  static func range(_ columns: Range<Int>) -> AddressRange {
    AddressRange(
      Address(origin + UInt64(columns.lowerBound) * Page.size),
      Address(origin + UInt64(columns.upperBound) * Page.size))
  }

  /// The columns that hold `*`.
  static func marked(_ drawing: String) -> AddressRange {
    let columns = Array(drawing).indices.filter { Array(drawing)[$0] == "*" }
    return range(columns[0]..<columns[columns.count - 1] + 1)
  }

  /// The runs of equal letters.
  static func runs(_ drawing: String) -> [(letter: Character, range: AddressRange)] {
    let columns = Array(drawing)
    var runs: [(Character, AddressRange)] = []
    var start = 0
    for column in columns.indices {
      let isLast = column + 1 == columns.count || columns[column + 1] != columns[column]
      guard isLast else { continue }
      if columns[column] != " " { runs.append((columns[column], range(start..<column + 1))) }
      start = column + 1
    }
    return runs
  }
}

/// What a letter of a drawing stands for.
enum Paint {
  /// Private anonymous memory, readable and writable.
  static let plain: VMAFlags = [.read, .write, .mayRead, .mayWrite, .mayExec, .account]

  /// Upper case is `plain`. Lower case is memory that can only be read, but was writable once, so
  /// that making it writable makes it plain.
  static func flags(_ letter: Character) -> VMAFlags {
    letter.isUppercase ? plain : plain.subtracting(.write)
  }
}

/// Every index that the model can stand on.
enum TestedIndex: String, CaseIterable, CustomTestStringConvertible {
  case redBlackTree, linkedList, cachedTree, cachedList

  var testDescription: String { rawValue }
}

/// Makes the VMAs of a drawing.
func paint<Index: VMAIndex & ~Copyable>(
  _ drawing: String, profile: KernelProfile = .linux6, written: String = ""
) throws -> AddressSpace<Index> {
  var space = AddressSpace<Index>(profile: profile)
  for (letter, range) in Canvas.runs(drawing) {
    try space.install(range, flags: Paint.flags(letter), written: written.contains(letter))
  }
  return space
}

/// The borders of the VMAs, as the runs of a drawing.
func borders<Index: VMAIndex & ~Copyable>(
  _ space: borrowing AddressSpace<Index>
) -> [AddressRange] {
  space.vmas().map(\.range)
}

func borders(_ drawing: String) -> [AddressRange] { Canvas.runs(drawing).map(\.range) }

/// The cases of merging that happened.
func merges<Index: VMAIndex & ~Copyable>(_ space: borrowing AddressSpace<Index>) -> [MergeCase] {
  var list: [MergeCase] = []
  for mergeCase in MergeCase.allCases {
    for _ in 0..<space.statistics.merges(mergeCase) { list.append(mergeCase) }
  }
  return list
}

/// The reasons for which merging was refused.
func refusals<Index: VMAIndex & ~Copyable>(
  _ space: borrowing AddressSpace<Index>
) -> [MergeRefusal] {
  var list: [MergeRefusal] = []
  for reason in MergeRefusal.allCases {
    for _ in 0..<space.statistics.refusals(reason) { list.append(reason) }
  }
  return list
}

/// Maps plain memory at the stars of `mapping`, or makes the stars of `changing` plain, and expects
/// the VMAs of `after` and one merge of the given case (none for nil).
func expectMerge(
  _ index: TestedIndex, before: String, mapping: String = "", changing: String = "",
  after: String, _ mergeCase: MergeCase?, profile: KernelProfile = .linux6,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  switch index {
  case .redBlackTree:
    try expectMergeOn(
      RedBlackTreeIndex.self, before, mapping, changing, after, mergeCase, profile, sourceLocation)
  case .linkedList:
    try expectMergeOn(
      LinkedListIndex.self, before, mapping, changing, after, mergeCase, profile, sourceLocation)
  case .cachedTree:
    try expectMergeOn(
      MmapCache<RedBlackTreeIndex>.self, before, mapping, changing, after, mergeCase, profile,
      sourceLocation)
  case .cachedList:
    try expectMergeOn(
      MmapCache<LinkedListIndex>.self, before, mapping, changing, after, mergeCase, profile,
      sourceLocation)
  }
}

private func expectMergeOn<Index: VMAIndex & ~Copyable>(
  _ index: Index.Type, _ before: String, _ mapping: String, _ changing: String, _ after: String,
  _ mergeCase: MergeCase?, _ profile: KernelProfile, _ sourceLocation: SourceLocation
) throws {
  var space: AddressSpace<Index> = try paint(before, profile: profile)
  if !mapping.isEmpty {
    let range = Canvas.marked(mapping)
    try space.mmap(
      at: range.start, length: range.length, prot: .read | .write,
      flags: .private | .anonymous | .fixed)
  } else {
    let range = Canvas.marked(changing)
    try space.mprotect(range.start, length: range.length, prot: .read | .write)
  }
  space.checkInvariants()
  let found = borders(space)
  let cases = merges(space)
  #expect(found == borders(after), sourceLocation: sourceLocation)
  #expect(cases == (mergeCase.map { [$0] } ?? []), sourceLocation: sourceLocation)
}

typealias TreeSpace = AddressSpace<RedBlackTreeIndex>

/// The address of a column.
func column(_ number: Int) -> Address { Canvas.range(number..<number + 1).start }

/// The length of some columns, in bytes.
func pages(_ count: Int) -> UInt64 { UInt64(count) * Page.size }

/// Maps the runs of a drawing as private anonymous memory.
func mappedRuns(_ drawing: String, _ prot: Protection = .read | .write) throws -> TreeSpace {
  var space = TreeSpace()
  for (_, range) in Canvas.runs(drawing) {
    try space.mmap(
      at: range.start, length: range.length, prot: prot, flags: .private | .anonymous | .fixed)
  }
  return space
}
