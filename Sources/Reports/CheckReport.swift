/// What a trace was allowed to use, and what it used.
public struct CheckReport {
  /// One figure with its bound.
  public struct Budget: Sendable {
    public enum Unit: Sendable { case count, bytes }

    /// As in the option: `max-vmas`.
    public var name: String
    public var value: UInt64
    /// What is allowed; nil for a figure that is only told.
    public var bound: UInt64?
    public var unit = Unit.count
    /// The line that broke the budget first, or on which the value was reached.
    public var line: UInt64?
    /// Where the bound comes from, if it needs words.
    public var note: String?

    public init(
      name: String, value: UInt64, bound: UInt64?, unit: Unit = .count, line: UInt64? = nil,
      note: String? = nil
    ) {
      self.name = name
      self.value = value
      self.bound = bound
      self.unit = unit
      self.line = line
      self.note = note
    }

    public var isBroken: Bool { bound.map { value > $0 } ?? false }

    /// Where the bound of a headroom comes from; `share` as in `20 %`.
    public static func headroomNote(_ share: String, of maxMapCount: Int) -> String {
      "\(share) of max_map_count \(Figures.grouped(maxMapCount)) to stay free"
    }
  }

  private let trace: String
  /// The figures that a later run can be held to, by name.
  private let figures: [(name: String, value: UInt64)]
  private let budgets: [Budget]

  public init(trace: String, figures: [(name: String, value: UInt64)], budgets: [Budget]) {
    self.trace = trace
    self.figures = figures
    self.budgets = budgets
  }

  public var isKept: Bool { !budgets.contains(where: \.isBroken) }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  private func appendText(_ out: inout OutputBuffer) {
    for budget in budgets {
      guard let bound = budget.bound else { continue }
      var line = "\(trace): \(budget.isBroken ? "above" : "within") \(budget.name): "
      line += "\(figure(budget.value, budget.unit)) of \(figure(bound, budget.unit))"
      if let note = budget.note { line += " (\(note))" }
      if let place = budget.line {
        line += budget.isBroken ? ", broken at line " : ", at line "
        line += Figures.grouped(place)
      }
      out.append(line: line)
    }
  }

  private func figure(_ value: UInt64, _ unit: Budget.Unit) -> String {
    unit == .bytes ? Figures.size(bytes: value) : Figures.grouped(value)
  }

  private func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("kept", isKept, &out)
    json.key("figures", &out)
    json.beginObject(&out)
    for figure in figures { json.member(figure.name, figure.value, &out) }
    json.endObject(&out)
    json.key("budgets", &out)
    json.beginArray(&out)
    for budget in budgets {
      guard let bound = budget.bound else { continue }
      json.beginObject(&out)
      json.member("name", budget.name, &out)
      json.member("value", budget.value, &out)
      json.member("bound", bound, &out)
      json.member("broken", budget.isBroken, &out)
      json.member("line", budget.line, &out)
      json.member("note", budget.note, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }
}
