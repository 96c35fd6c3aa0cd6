import SystemPackage

/// The file that a recording goes to. After the first write that fails it takes nothing more: the
/// program goes on undisturbed, and the error is told at the end.
struct RecordingFile: ~Copyable {
  private var stream: DeflateStream
  private let file: FileDescriptor
  private let path: String
  private var failure: Errno?
  private(set) var length = 0

  init(creating path: String) throws {
    do {
      file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch let error as Errno {
      throw RecordingFailure.cannotCreate("cannot create '\(path)': \(error)")
    }
    self.path = path
    stream = DeflateStream(file: file)
  }

  mutating func write(_ bytes: [UInt8]) {
    guard failure == nil else { return }
    length += bytes.count
    do { try stream.write(bytes) } catch { failure = error }
  }

  mutating func write(_ text: String) { write(Array(text.utf8)) }

  /// Ends and closes the file.
  ///
  /// - Throws: `RecordingFailure` if anything could not be written; a closed pipe is no failure.
  mutating func close() throws {
    if failure == nil { do { try stream.finish() } catch { failure = error } }
    do { try file.close() } catch let error as Errno { failure = failure ?? error }
    guard let failure, failure != .brokenPipe else { return }
    throw RecordingFailure.inputOutput(
      "cannot write '\(path)': \(failure); the recording is not complete")
  }
}
