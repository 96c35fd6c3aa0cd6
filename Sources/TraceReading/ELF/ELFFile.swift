import SyscallABI

/// The program headers of an ELF file of x86-64: what execve reads of it.
struct ELFFile {
  struct Header {
    var type: UInt32
    var flags: UInt32
    var offset: UInt64
    var address: UInt64
    var fileSize: UInt64
    var memorySize: UInt64

    static let load: UInt32 = 1
    static let interpreter: UInt32 = 3
    static let relro: UInt32 = 0x6474_e552
  }

  /// It has no address of its own (ET_DYN).
  let isPositionIndependent: Bool
  let headers: [Header]
  /// The path of the dynamic linker; nil for none.
  let interpreter: [UInt8]?

  /// - Parameter bytes: the beginning of the file.
  /// - Throws: a message that says what is wrong with it.
  init(_ bytes: [UInt8]) throws(ELFError) {
    guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      throw ELFError("is no ELF file")
    }
    // ELFCLASS64, ELFDATA2LSB, EM_X86_64
    guard bytes[4] == 2, bytes[5] == 1, bytes.number(at: 18, 2) == 62 else {
      throw ELFError("is not for x86-64")
    }
    let type = bytes.number(at: 16, 2)
    // ET_EXEC, ET_DYN
    guard type == 2 || type == 3 else { throw ELFError("is no program") }
    isPositionIndependent = type == 3
    let (start, size, count) = (
      bytes.number(at: 32, 8), Int(bytes.number(at: 54, 2)), Int(bytes.number(at: 56, 2))
    )
    guard size == 56, count > 0, start <= UInt64(bytes.count),
      count * size <= bytes.count - Int(start)
    else { throw ELFError("has no readable program headers") }
    headers = (0..<count).map { Header(bytes, at: Int(start) + $0 * size) }
    let name = headers.first { $0.type == Header.interpreter }
    interpreter = name.flatMap { bytes.text(at: $0.offset, $0.fileSize) }
    if name != nil && interpreter == nil { throw ELFError("names no readable interpreter") }
  }
}

extension ELFFile.Header {
  fileprivate init(_ bytes: [UInt8], at start: Int) {
    type = UInt32(bytes.number(at: start, 4))
    flags = UInt32(bytes.number(at: start + 4, 4))
    offset = bytes.number(at: start + 8, 8)
    address = bytes.number(at: start + 16, 8)
    fileSize = bytes.number(at: start + 32, 8)
    memorySize = bytes.number(at: start + 40, 8)
  }
}

/// What is wrong with a file, as the end of a sentence that begins with its name.
struct ELFError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

extension [UInt8] {
  /// A little-endian number.
  ///
  /// - Precondition: it lies in the array.
  fileprivate func number(at start: Int, _ size: Int) -> UInt64 {
    var number: UInt64 = 0
    for index in (start..<start + size).reversed() { number = number << 8 | UInt64(self[index]) }
    return number
  }

  /// A text that ends with a zero byte; nil if it is not in the array.
  fileprivate func text(at start: UInt64, _ size: UInt64) -> [UInt8]? {
    guard start <= UInt64(count), size > 1, size <= UInt64(count) - start else { return nil }
    let text = self[Int(start)..<Int(start + size)].prefix { $0 != 0 }
    return text.isEmpty ? nil : [UInt8](text)
  }
}
