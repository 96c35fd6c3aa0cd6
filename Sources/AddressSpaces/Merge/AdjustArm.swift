/// The way in which `vma_adjust` moves borders.
///
/// `V` is the VMA that it is called for, `N` the one above, `X` the one after `N`.
public enum AdjustArm: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// Only `V` itself changes: it takes or gives up free space.
  case none
  /// `VVVNNN => VVVVVV`: what is above disappears. `remove_next` is 1; cases 1, 7 and 8.
  case removeNext
  /// `VVVNNNXXX => VVVVVVVVV`: two disappear. `remove_next` is 2, then once more 1; case 6.
  case removeTwo
  /// `VVVNNNNN => VVVVVNNN`: `adjust_next` is above zero; case 5.
  case takeFromNext
  /// `VVVVVNNN => VVVNNNNN`: `adjust_next` is below zero, and the importer is `N`; case 4.
  case giveToNext
  /// `VVVVVV => VVVNNN`: `insert` is the other half of a split.
  case insert
}
