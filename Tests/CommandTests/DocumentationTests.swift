import Foundation
import TestSupport
import Testing

/// What the documentation shows is what the program prints: a line `...` stands for what is left
/// out.
@Suite struct DocumentationTests {
  struct Example: CustomTestStringConvertible, Sendable {
    var page: String
    /// What follows the prompt, without `vmareplay`.
    var command: String
    var output: [String]
    var testDescription: String { "\(page): \(command)" }
  }

  /// The commands on bundled recordings, with their output. In debug, where every mutation is
  /// checked, those on large recordings are left out.
  static var examples: [Example] {
    get throws {
      let folder = ProjectFiles.root.appending(path: "Documentation")
      let pages =
        try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".md") }.sorted().map { "Documentation/\($0)" } + ["README.md"]
      return try pages.flatMap { page in
        try examples(
          in: String(contentsOf: ProjectFiles.root.appending(path: page), encoding: .utf8)
        )
        .map { Example(page: page, command: $0, output: $1) }
      }.filter { isOnRecordings($0.command) }
    }
  }

  private static func isOnRecordings(_ command: String) -> Bool {
    #if EXHAUSTIVE
      return command.contains("Traces/")
    #else
      return command.contains("Traces/") && !command.contains("incident-full")
    #endif
  }

  /// The commands behind `$ vmareplay` in blocks of a page, with what stands below each.
  private static func examples(in page: String) -> [(String, [String])] {
    var examples: [(command: String, output: [String])] = []
    var isInBlock = false
    var continues = false
    for line in page.components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        isInBlock.toggle()
        continues = false
        if !isInBlock, let last = examples.indices.last { examples[last].output.append("```") }
      } else if continues {
        examples[examples.count - 1].command += " " + line
        continues = line.hasSuffix("\\")
      } else if isInBlock, line.hasPrefix("$ vmareplay ") {
        examples.append((String(line.dropFirst("$ vmareplay ".count)), []))
        continues = line.hasSuffix("\\")
      } else if isInBlock, !examples.isEmpty {
        examples[examples.count - 1].output.append(line)
      }
    }
    return examples.map { example in
      let end = example.output.firstIndex { $0 == "```" } ?? example.output.endIndex
      return (
        example.command.replacing("\\", with: ""), trimmed(Array(example.output[..<end]))
      )
    }
  }

  private static func trimmed(_ lines: [String]) -> [String] {
    var lines = lines.map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  @Test func thereAreExamples() throws {
    let pages = try Set(Self.examples.map(\.page))
    #expect(pages.isSuperset(of: ["README.md", "Documentation/Allocators.md"]))
    #expect(pages.count(where: { $0.contains("Incidents/") }) >= 9)
  }

  @Test(arguments: try examples) func theOutputIsReal(example: Example) async throws {
    let run = try RecordRun()
    try FileManager.default.createSymbolicLink(
      at: run.folder.appending(path: "Traces"),
      withDestinationURL: ProjectFiles.root.appending(path: "Traces"))
    let outcome = try await run.run(["bash", "-c", "\(RecordRun.program) \(example.command)"])
    var printed = Self.trimmed(outcome.output.components(separatedBy: "\n"))[...]
    let parts = example.output.split(separator: "...", omittingEmptySubsequences: false)
    for (number, part) in parts.enumerated() {
      if number == 0 {
        try #require(printed.starts(with: part), "\(difference(Array(printed), Array(part)))")
        printed = printed.dropFirst(part.count)
        continue
      }
      let wanted =
        part.isEmpty
        ? printed.endIndex
        : printed.indices.first {
          printed[$0...].starts(with: part)
        }
      let start = try #require(wanted, "\(part.first ?? "") ... is not printed")
      printed = printed[(start + part.count)...]
    }
    #expect(printed.isEmpty, "more is printed: \(printed.first ?? "")")
  }

  private func difference(_ printed: [String], _ shown: [String]) -> String {
    for (number, line) in shown.enumerated()
    where number >= printed.count || printed[number] != line {
      return "shown: \(line)\nprinted: \(number < printed.count ? printed[number] : "nothing")"
    }
    return ""
  }
}
