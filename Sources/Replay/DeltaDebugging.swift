/// Finds out which parts of a failure matter.
public enum DeltaDebugging {
  /// Leaves out as much of a sequence as can be left out while a condition holds.
  ///
  /// Parts are left out in halves, then in quarters, down to single elements, until none can be
  /// left out any more. The order stays.
  ///
  /// - Parameters:
  ///   - items: a sequence for which the condition holds.
  ///   - limit: how often the condition may be asked.
  ///   - holds: asked of sequences with fewer elements; the same for the same sequence.
  /// - Returns: a sequence for which the condition holds. No single element of it can be left out,
  ///   unless the limit was reached.
  /// - Complexity: O(*n*²) questions at worst, O(*k* log *n*) where *k* elements matter.
  public static func minimize<Item>(
    _ items: [Item], limit: Int = .max, while holds: ([Item]) throws -> Bool
  ) rethrows -> [Item] {
    var kept = items
    var questions = 0
    var size = max(kept.count / 2, 1)
    while true {
      var hasShrunk = false
      // From the end: what comes last depends on what comes first, and not the other way round.
      var end = kept.count
      while end > 0 {
        let start = max(end - size, 0)
        let rest = Array(kept[..<start] + kept[end...])
        if questions == limit { return kept }
        questions += 1
        if try holds(rest) {
          kept = rest
          hasShrunk = true
        }
        end = start
      }
      if size > 1 {
        size = min(size / 2, max(kept.count / 2, 1))
      } else if !hasShrunk || kept.isEmpty {
        return kept
      }
    }
  }
}
