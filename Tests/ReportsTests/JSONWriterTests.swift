import Foundation
import Testing

@testable import Reports

@Suite struct JSONWriterTests {
  private func document(indented: Bool = false) -> String {
    var out = OutputBuffer()
    var json = JSONWriter(indented: indented)
    json.beginObject(&out)
    json.key("a\"\u{1}", &out)
    json.number(UInt64.max, &out)
    json.key("list", &out)
    json.beginArray(&out)
    json.null(&out)
    json.seconds(nanoseconds: -1_000_000_042, &out)
    json.address(0x7f00, &out)
    json.endArray(&out)
    json.key("empty", &out)
    json.beginObject(&out)
    json.endObject(&out)
    json.key("min", &out)
    json.number(Int64.min, &out)
    json.endObject(&out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func oneLine() {
    #expect(
      document() == #"{"a\"\u0001":18446744073709551615,"#
        + #""list":[null,-1.000000042,"0x7f00"],"empty":{},"min":-9223372036854775808}"#)
  }

  @Test func indentedSaysTheSame() throws {
    let flat = try JSONSerialization.jsonObject(with: Data(document().utf8)) as? NSDictionary
    let indented =
      try JSONSerialization.jsonObject(with: Data(document(indented: true).utf8)) as? NSDictionary
    #expect(flat != nil && flat == indented)
    #expect(document(indented: true).contains("\n  \"list\": [\n    null,\n"))
  }

  @Test func bytesThatAreNotTextAreReplaced() {
    var out = OutputBuffer()
    var json = JSONWriter(indented: false)
    json.string(bytes: [0x61, 0xff, 0x62], &out)
    #expect(String(decoding: out.bytes, as: UTF8.self) == "\"a\u{fffd}b\"")
  }

  @Test func hexadecimalDigits() {
    var out = OutputBuffer()
    out.append(hex: 0)
    out.append(hex: 0xabc, width: 5)
    out.append(hex: .max)
    #expect(String(decoding: out.bytes, as: UTF8.self) == "000abcffffffffffffffff")
  }
}
