extension JSONWriter {
  /// A key with its number; null for nil.
  mutating func member(_ name: String, _ value: UInt64?, _ out: inout OutputBuffer) {
    key(name, &out)
    if let value { number(value, &out) } else { null(&out) }
  }

  /// A key with its text; null for nil.
  mutating func member(_ name: String, _ value: String?, _ out: inout OutputBuffer) {
    key(name, &out)
    if let value { string(value, &out) } else { null(&out) }
  }

  mutating func member(_ name: String, _ value: Bool, _ out: inout OutputBuffer) {
    key(name, &out)
    bool(value, &out)
  }
}
