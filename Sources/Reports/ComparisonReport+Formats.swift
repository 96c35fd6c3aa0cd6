import Replay
import SyscallABI

extension ComparisonReport {
  // MARK: Text

  func appendText(_ out: inout OutputBuffer) {
    for column in columns {
      out.append(line: "\(column.label): \(column.trace), rules of \(column.kernel)")
    }
    for section in sections {
      out.append("\n")
      append(section, &out)
    }
    for column in columns.indices.dropFirst() {
      out.append("\n")
      appendParting(columns[column], &out)
      for remark in remarks(on: column) { out.append(line: remark + ".") }
    }
  }

  private func append(_ section: Section, _ out: inout OutputBuffer) {
    var header: [(String, TextTable.Alignment)] = [(section.title.uppercased(), .left)]
    header.append((columns[0].label, .right))
    let hasDifference = columns.count == 2
    for column in columns.dropFirst() {
      header.append((column.label, .right))
      if hasDifference { header.append(("DIFFERENCE", .right)) }
      header.append(("RATIO", .right))
    }
    var table = TextTable(header.map { (title: $0.0, alignment: $0.1) })
    for row in section.rows {
      let base = row.values[0]
      var cells = [row.label, Self.figure(base, row.unit)]
      for value in row.values.dropFirst() {
        cells.append(Self.figure(value, row.unit))
        if hasDifference {
          let sign = value == base ? "" : value > base ? "+" : "-"
          cells.append(
            sign + Self.figure(value > base ? value - base : base - value, row.unit))
        }
        cells.append(Self.ratio(value, base))
      }
      table.add(cells)
    }
    table.append(to: &out)
  }

  private func appendParting(_ other: Column, _ out: inout OutputBuffer) {
    let parting = parting(other)
    let names = "\(columns[0].label) and \(other.label)"
    func place(_ call: Fingerprint?) -> String {
      call.map { "line \(Figures.grouped($0.line)) \($0.name.text)" } ?? "no further call"
    }
    if parting.first == nil && parting.second == nil {
      out.append(
        line: "\(names) make the same calls, as far as compared "
          + "(\(Figures.count(UInt64(parting.common), "call")), addresses left aside).")
    } else {
      out.append(
        line: "\(names) part ways after \(Figures.count(UInt64(parting.common), "call")): "
          + "\(place(parting.first)) against \(place(parting.second))"
          + (parting.first?.name == parting.second?.name ? " (other arguments or result)." : "."))
    }
  }

  // MARK: JSON

  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.key("traces", &out)
    json.beginArray(&out)
    for (index, column) in columns.enumerated() {
      json.beginObject(&out)
      json.member("label", column.label, &out)
      json.member("trace", column.trace, &out)
      json.member("kernel", column.kernel, &out)
      if index > 0 { appendParting(parting(column), &json, &out) }
      json.endObject(&out)
    }
    json.endArray(&out)
    json.key("figures", &out)
    json.beginObject(&out)
    for row in sections.flatMap(\.rows) {
      json.key(row.key, &out)
      json.beginArray(&out)
      for value in row.values { json.number(value, &out) }
      json.endArray(&out)
    }
    json.endObject(&out)
    json.key("remarks", &out)
    json.beginArray(&out)
    for column in columns.indices.dropFirst() {
      for remark in remarks(on: column) { json.string(remark, &out) }
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func appendParting(
    _ parting: Parting, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.member("common_calls", UInt64(parting.common), &out)
    json.member("first_line", parting.first?.line, &out)
    json.member("own_line", parting.second?.line, &out)
  }

  // MARK: CSV

  func appendCSV(_ out: inout OutputBuffer) {
    out.append(line: (["figure"] + columns.map { Self.quoted($0.label) }).joined(separator: ","))
    for row in sections.flatMap(\.rows) {
      out.append(line: ([row.key] + row.values.map { "\($0)" }).joined(separator: ","))
    }
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"\(text.replacing("\"", with: "\"\""))\""
  }
}
