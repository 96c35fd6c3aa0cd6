import CZlib

/// The optional fields of a member's header.
struct GzipFields: OptionSet {
  var rawValue: UInt8
  static let text = GzipFields(rawValue: 1)
  static let checksum = GzipFields(rawValue: 2)
  static let extra = GzipFields(rawValue: 4)
  static let name = GzipFields(rawValue: 8)
  static let comment = GzipFields(rawValue: 16)
}

/// `bytes` as one gzip member whose header has optional fields.
func gzip(_ bytes: [UInt8], fields: GzipFields) -> [UInt8] {
  let plain = gzip(bytes)
  var header = Array(plain[..<10])
  header[3] = fields.rawValue
  if fields.contains(.extra) { header += [7, 0] + Array("BC1two3".utf8) }
  if fields.contains(.name) { header += Array("trace.strace".utf8) + [0] }
  if fields.contains(.comment) { header += Array("of a program".utf8) + [0] }
  if fields.contains(.checksum) {
    let checksum = unsafe crc32_z(0, header, header.count)
    header += [UInt8(truncatingIfNeeded: checksum), UInt8(truncatingIfNeeded: checksum >> 8)]
  }
  return header + plain[10...]
}

/// `bytes` as one gzip member.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = unsafe z_stream()
  precondition(
    unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size)) == Z_OK)
  defer { _ = unsafe deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, UInt(bytes.count))))
  let count = unsafe input.withUnsafeMutableBufferPointer { source in
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = UInt32(target.count)
      precondition(unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END)
      return unsafe target.count - Int(stream.avail_out)
    }
  }
  return Array(output[..<count])
}
