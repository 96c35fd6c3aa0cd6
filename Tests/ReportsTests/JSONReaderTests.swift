import Reports
import Testing

@Suite struct JSONReaderTests {
  private func parse(_ text: String) -> JSONValue? { JSONValue(parsing: Array(text.utf8)) }

  @Test func membersAreFound() throws {
    let value = try #require(parse(#" {"a": {"b": 18446744073709551615, "c": [1, -2.5e3]}} "#))
    #expect(value["a"]?["b"]?.number == .max)
    #expect(value["a"]?["c"]?.number == nil && value["b"] == nil)
  }

  @Test(arguments: [
    "", "{", "{}x", "[1,]", #"{"a" 1}"#, "nul", #""abc"#, "1.2.3", #""\"#,
    String(repeating: "[", count: 100_000),
  ])
  func brokenDocumentsAreRefused(text: String) {
    #expect(parse(text) == nil)
  }
}
