/// Why a recording could not be made, with what can be done about it.
struct RecordingFailure: Error {
  /// The exit status, as in sysexits: 66 no input, 73 cannot create, 74 I/O error.
  var status: Int32
  var message: String

  static func cannotCreate(_ message: String) -> Self { .init(status: 73, message: message) }
  static func inputOutput(_ message: String) -> Self { .init(status: 74, message: message) }
}
