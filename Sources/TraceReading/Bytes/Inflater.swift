// Unsafe in its signature only: whoever implements it says why it keeps to both buffers.

/// The state of inflating one gzip file, member by member.
protocol Inflater: AnyObject {
  /// Inflates from the start of `input` to the start of `output` and takes what is done off both.
  ///
  /// Ends with an empty `input`, an empty `output`, or another answer than `goesOn`. Where it ended
  /// with an empty `output`, there may be more to deliver without any further input.
  ///
  /// Neither buffer is kept.
  func inflate(
    _ input: inout UnsafeMutableRawBufferPointer, to output: inout UnsafeMutableRawBufferPointer
  ) -> InflateResult

  /// Makes ready for the next member; false if that cannot be.
  func reset() -> Bool

  /// Passes over the checksum and the length behind each member from now on; false if they are
  /// always looked at.
  func leaveChecks() -> Bool
}

/// How a call of `Inflater.inflate` ended.
enum InflateResult: Equatable {
  case goesOn
  /// `input` begins behind the trailer of the member.
  case memberEnded
  /// The data cannot be what was compressed.
  case damaged(String)
  case noMemory
}

/// Who inflates.
enum InflateLibrary: CaseIterable {
  case zlib
  #if canImport(CISAL)
    /// Intel's library, which takes a third of zlib's time (on other processors too).
    case isal
  #endif

  /// The fastest there is in this build.
  static let fastest = allCases.last!

  /// - Throws: `.io(ENOMEM)`.
  func makeInflater(path: String) throws(TraceError) -> any Inflater {
    switch self {
    case .zlib: try ZlibInflater(path: path)
    #if canImport(CISAL)
      case .isal: ISALInflater()
    #endif
    }
  }
}
