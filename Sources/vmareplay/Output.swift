import ArgumentParser
import Reports
import SystemPackage

/// Standard output, standard error or a file: the one place where results are written.
///
/// Every write is checked. A reader that closed its pipe has what it wants: the program ends with
/// status 0. A full disk is an error.
struct Output {
  private let descriptor: FileDescriptor
  private let name: String

  static let standard = Output(descriptor: .standardOutput, name: "standard output")

  /// Above this many bytes a buffer is written out.
  static let drainLimit = 1 << 16

  /// Writes the buffer and empties it.
  func write(_ buffer: inout OutputBuffer) throws {
    do {
      _ = try descriptor.writeAll(buffer.bytes)
    } catch Errno.brokenPipe {
      throw ExitStatus.done.code
    } catch let error as Errno {
      Diagnostics.error("cannot write to \(name): \(error)")
      throw ExitStatus.ioError.code
    }
    buffer.removeAll()
  }

  /// Writes the buffer if it has become long.
  func drain(_ buffer: inout OutputBuffer) throws {
    if buffer.bytes.count >= Self.drainLimit { try write(&buffer) }
  }
}

/// Messages for people, on standard error. A failure to write them changes nothing.
enum Diagnostics {
  static func error(_ message: String) { write("vmareplay: \(message)\n") }

  static func note(_ message: String) { write("vmareplay: note: \(message)\n") }

  /// Says that a trace has no such process; for `throw`.
  ///
  /// - Parameter pid: nil if none was named.
  static func noProcess(_ pid: Int32?, in trace: String) -> ExitCode {
    let name = pid.map { "no process \($0)" } ?? "no process"
    error("\(trace): \(name); 'vmareplay replay' lists them")
    return ExitStatus.noInput.code
  }

  /// Text as it is, for what is not a message of its own line.
  static func raw(_ text: String) { write(text) }

  private static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }
}
