import Reports
import SystemPackage
import TraceReading

/// The files of `--save` and `--against`.
enum BenchFiles {
  /// A word with a slash or a dot is a path. Any other is a name, kept in the cache folder.
  static func path(of word: String) -> String {
    if word.contains("/") || word.contains(".") { return word }
    return "\(folder)/\(word).bench"
  }

  private static var folder: String { "\(Platform.cacheFolder)/vmareplay/bench" }

  static func read(_ word: String) throws -> BenchmarkRecord {
    let path = path(of: word)
    let bytes: [UInt8]
    do throws(TraceError) {
      bytes = try InputFile.read(path)
    } catch {
      throw TraceSession.report(error)
    }
    guard let record = BenchmarkRecord(text: String(decoding: bytes, as: UTF8.self)) else {
      Diagnostics.error("\(path): not a file that 'bench --save' has written")
      throw ExitStatus.badTrace.code
    }
    return record
  }

  static func write(_ record: BenchmarkRecord, to word: String) throws {
    let path = path(of: word)
    if path != word { Platform.makeFolder(folder) }
    var out = OutputBuffer()
    record.append(to: &out)
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      _ = try file.closeAfter { try file.writeAll(out.bytes) }
    } catch {
      Diagnostics.error("cannot write \(path): \(error)")
      throw ExitStatus.cannotCreate.code
    }
  }
}
