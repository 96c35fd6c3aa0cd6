// zlib keeps pointers to its input and output inside its own record: this file lends them for the
// length of one call each, and no pointer leaves it.

import CZlib
import SystemPackage

/// Writes a gzip file piece by piece, in several members, and checks every write.
@safe struct DeflateStream: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>
  private let file: FileDescriptor
  private var output = [UInt8](repeating: 0, count: 65_536)
  private var bytesInMember = 0
  private var isEmpty = true
  /// Damage costs a reader at most one member; each costs some twenty bytes.
  private static let memberLength = 4 << 20

  init(file: FileDescriptor) {
    self.file = file
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let gzip: Int32 = 16
    let size = Int32(unsafe MemoryLayout<z_stream>.size)
    let status = unsafe deflateInit2_(
      stream, 6, Z_DEFLATED, 15 + gzip, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(status == Z_OK, "zlib has no memory for a stream")
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  mutating func write(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Self.memberLength - bytesInMember)
      try deflate(piece, flush: Z_NO_FLUSH)
      bytesInMember += piece.count
      rest = rest.dropFirst(piece.count)
      if bytesInMember == Self.memberLength { try finishMember() }
    }
  }

  /// Ends the file. It has at least one member, also if nothing was written.
  mutating func finish() throws(Errno) {
    if bytesInMember > 0 || isEmpty { try finishMember() }
  }

  private mutating func finishMember() throws(Errno) {
    try deflate([], flush: Z_FINISH)
    unsafe deflateReset(stream)
    bytesInMember = 0
    isEmpty = false
  }

  private mutating func deflate(_ bytes: ArraySlice<UInt8>, flush: Int32) throws(Errno) {
    var consumed = 0
    while true {
      let input = bytes.dropFirst(consumed)
      let (left, produced) = unsafe input.withUnsafeBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { target in
          unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
          unsafe stream.pointee.avail_in = UInt32(source.count)
          unsafe stream.pointee.next_out = target.baseAddress
          unsafe stream.pointee.avail_out = UInt32(target.count)
          _ = unsafe CZlib.deflate(stream, flush)
          return unsafe (
            Int(stream.pointee.avail_in), target.count - Int(stream.pointee.avail_out)
          )
        }
      }
      consumed = bytes.count - left
      try RecordingPlatform.write(output[..<produced], to: file)
      if produced < output.count { return }
    }
  }
}
