import AddressSpaces

/// How the address spaces of a replay descend from each other, by their places in the table of
/// spaces, and what those that are gone took and dropped.
struct LineageTable {
  private var lineages: [AnonVMALineage?] = []
  private var nextNumber: UInt32 = 0
  /// Of address spaces that are gone.
  var references = ObjectReferences()

  subscript(slot: Int) -> AnonVMALineage {
    get { lineages[slot]! }
    set {
      while lineages.count <= slot { lineages.append(nil) }
      lineages[slot] = newValue
    }
  }

  /// A number that no address space had before.
  mutating func newNumber() -> UInt32 {
    nextNumber += 1
    return nextNumber
  }
}
