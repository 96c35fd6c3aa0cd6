// Unsafe because ISA-L is a C library that takes pointers. What makes it safe: `state`, `header`
// and `store` are allocated once and freed in `deinit` only, within a call `next_in` and `next_out`
// describe the buffers of the caller or `store`, what the library says is left of them is held
// against their sizes, and `stored` is always a part of `store`.

#if canImport(CISAL)
  internal import CISAL

  /// Inflates by ISA-L.
  ///
  /// A member's header is read here, since the library forgets where in it the input ended. Other
  /// precautions are for damaged data. It may have taken more than there was. It begins a member in
  /// memory of its own, of which it then gives out only as much as there is room for: so it always
  /// gets room for all. And it may have counted the bytes of a copy from too far back, which nobody
  /// wrote: as many as there can be are taken off.
  @safe
  final class ISALInflater: Inflater {
    /// Two windows and a match: as much as its own memory has.
    private static let ownMemory = 2 * Int(IGZIP_HIST_SIZE) + 512
    private static let longestCopy = 258

    private let state: UnsafeMutablePointer<inflate_state>
    /// As far as it has been read; none of its fields is kept.
    private let header: UnsafeMutablePointer<isal_gzip_header>
    /// What was inflated where the caller has little room.
    private let store: UnsafeMutableRawBufferPointer
    /// The part of it that is still to be given out, and what is to be said behind it.
    private var stored: UnsafeMutableRawBufferPointer
    private var storedResult = InflateResult.goesOn

    init() {
      // Too large for the stack, and the library's to fill.
      unsafe state = .allocate(capacity: 1)
      unsafe isal_inflate_init(state)
      unsafe state.pointee.crc_flag = UInt32(ISAL_GZIP)
      unsafe header = .allocate(capacity: 1)
      unsafe header.initialize(to: isal_gzip_header())
      unsafe store = .allocate(byteCount: Self.ownMemory, alignment: 16)
      unsafe stored = UnsafeMutableRawBufferPointer(rebasing: store[..<0])
    }

    deinit {
      unsafe state.deallocate()
      unsafe header.deallocate()
      unsafe store.deallocate()
    }

    func inflate(
      _ input: inout UnsafeMutableRawBufferPointer, to output: inout UnsafeMutableRawBufferPointer
    ) -> InflateResult {
      if unsafe stored.isEmpty && output.count >= Self.ownMemory {
        return unsafe inflateDirectly(&input, to: &output)
      }
      if unsafe stored.isEmpty {
        var room = unsafe store
        storedResult = unsafe inflateDirectly(&input, to: &room)
        unsafe stored = UnsafeMutableRawBufferPointer(rebasing: store.dropLast(room.count))
      }
      let count = unsafe min(stored.count, output.count)
      unsafe output.copyMemory(from: UnsafeRawBufferPointer(rebasing: stored[..<count]))
      unsafe output.dropAll(but: output.count - count)
      unsafe stored.dropAll(but: stored.count - count)
      return unsafe stored.isEmpty ? storedResult : .goesOn
    }

    private func inflateDirectly(
      _ input: inout UnsafeMutableRawBufferPointer, to output: inout UnsafeMutableRawBufferPointer
    ) -> InflateResult {
      unsafe state.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe state.pointee.avail_in = UInt32(input.count)
      unsafe state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe state.pointee.avail_out = UInt32(output.count)
      let result = readHeader() ?? inflateMember()
      // Of damaged data it may have taken more than there was.
      let left = unsafe Int(Int32(bitPattern: state.pointee.avail_in))
      var room = unsafe Int(Int32(bitPattern: state.pointee.avail_out))
      if result == .damaged(Self.reason(ISAL_INVALID_LOOKBACK)) { room += Self.longestCopy }
      unsafe input.dropAll(but: min(max(left, 0), input.count))
      unsafe output.dropAll(but: min(max(room, 0), output.count))
      return result
    }

    /// Nil once the member's header has been read.
    private func readHeader() -> InflateResult? {
      if unsafe state.pointee.wrapper_flag != 0 { return nil }
      let status = unsafe isal_read_gzip_header(state, header)
      if status > 0 { return .goesOn }
      if status < 0 { return .damaged(Self.reason(status)) }
      let reserved: UInt32 = 0xe0
      if unsafe header.pointee.flags & reserved != 0 { return .damaged("unknown header flags set") }
      return nil
    }

    private func inflateMember() -> InflateResult {
      let status = unsafe isal_inflate(state)
      if status != ISAL_DECOMP_OK { return .damaged(Self.reason(status)) }
      return unsafe state.pointee.block_state == ISAL_BLOCK_FINISH ? .memberEnded : .goesOn
    }

    func reset() -> Bool {
      unsafe isal_inflate_reset(state)
      unsafe state.pointee.crc_flag = UInt32(ISAL_GZIP)
      unsafe header.pointee = isal_gzip_header()
      return true
    }

    /// Its checksum costs next to nothing.
    func leaveChecks() -> Bool { false }

    /// What is wrong, in zlib's words where it has the same.
    private static func reason(_ status: Int32) -> String {
      switch status {
      case ISAL_INVALID_BLOCK: "invalid block"
      case ISAL_INVALID_SYMBOL: "invalid code"
      case ISAL_INVALID_LOOKBACK: "invalid distance too far back"
      case ISAL_INVALID_WRAPPER: "incorrect header check"
      case ISAL_UNSUPPORTED_METHOD: "unknown compression method"
      case ISAL_INCORRECT_CHECKSUM: "incorrect data check"
      default: "bad data"
      }
    }
  }
#endif
