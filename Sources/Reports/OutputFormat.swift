/// The forms in which a result can be printed; a command offers those that fit it.
public enum OutputFormat: String, CaseIterable, Sendable {
  case text
  case json
  case ndjson
  case csv
  /// Counts only.
  case none
}
