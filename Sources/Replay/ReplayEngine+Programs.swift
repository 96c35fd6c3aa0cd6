import AddressSpaces
public import SyscallABI

// Logs without the map that execve made, with the ELF files at hand: these say what was mapped, and
// the log where.

/// A file that execve mapped, the log does not say yet where.
struct UnplacedFile {
  enum Role { case executable, staticExecutable, interpreter }

  var file: LoadableFile
  var role: Role
}

extension ReplayEngine where Index: ~Copyable {
  /// Lets an execve without a map of its own make the mappings of its files, once the log shows
  /// their addresses.
  ///
  /// - Parameter programs: what execve of a path maps; nil if that is not known. Called once for
  ///   each successful execve.
  public mutating func setPrograms(_ programs: @escaping (FileID) -> ProgramImage?) {
    self.programs = programs
  }

  /// Linux: `load_elf_binary`.
  mutating func loadProgram(_ path: FileID, process: Int) {
    guard let programs, path != .none, !processes[process].knowsStart, let image = programs(path)
    else { return }
    processes[process].unplaced = [
      UnplacedFile(
        file: image.executable, role: image.isDynamic ? .executable : .staticExecutable)
    ]
    if let interpreter = image.interpreter {
      processes[process].unplaced.append(UnplacedFile(file: interpreter, role: .interpreter))
    }
    for index in processes[process].unplaced.indices.reversed()
    where processes[process].unplaced[index].file.isFixed {
      place(index, by: 0, process: process)
    }
  }

  /// Once it has relocated itself and the program, a dynamic linker makes what needs no more writes
  /// read-only: mprotect of just these pages shows where the file is.
  mutating func place(byProtecting range: AddressRange, _ prot: Protection, process: Int) {
    if processes[process].unplaced.isEmpty || prot != .read { return }
    let startBrk = processes[process].knowsBreak ? startBrk(of: process) : nil
    for index in processes[process].unplaced.indices {
      let unplaced = processes[process].unplaced[index]
      guard let relro = unplaced.file.relro, relro.length == range.length else { continue }
      let bias = range.start &- relro.start
      guard let extent = unplaced.file.extent.moved(by: bias), isFree(extent, process: process),
        unplaced.fits(extent, startBrk: startBrk)
      else { continue }
      return place(index, by: bias, process: process)
    }
  }

  /// Without randomisation the heap begins on the page above the program, which begins at a known
  /// address.
  mutating func place(belowBreak startBrk: Address, process: Int) {
    guard let index = processes[process].unplaced.firstIndex(where: { $0.role == .executable })
    else { return }
    let extent = processes[process].unplaced[index].file.extent
    let bias = UnplacedFile.baseWithoutRandomisation &- extent.start
    guard extent.moved(by: bias)?.end == startBrk.roundedUpToPage else { return }
    place(index, by: bias, process: process)
  }

  /// The program is over or replaced: what has not been placed by now cannot be.
  mutating func noteUnplaced(_ process: Int) {
    for unplaced in processes[process].unplaced {
      unplacedFiles[unplaced.file.name, default: 0] += 1
    }
    processes[process].unplaced = []
  }

  private func startBrk(of process: Int) -> Address {
    spaces.read(processes[process].space) { $0.layout.startBrk }
  }

  private func isFree(_ range: AddressRange, process: Int) -> Bool {
    spaces.read(processes[process].space) { $0.holes(in: range) == [range] }
  }

  private mutating func place(_ index: Int, by bias: UInt64, process: Int) {
    let unplaced = processes[process].unplaced.remove(at: index)
    let file = unplaced.file
    if unplaced.role != .interpreter {
      spaces.modify(processes[process].space) { space in
        space.layout.startCode = file.code.start &+ bias
        space.layout.endCode = file.code.end &+ bias
        space.layout.startData = file.data.start &+ bias
        space.layout.endData = file.data.end &+ bias
      }
    }
    for piece in file.pieces {
      guard let range = piece.range.moved(by: bias) else { continue }
      let entry = MapsEntry(
        range: range, permissions: piece.permissions, offset: piece.offset, deviceMajor: 0,
        deviceMinor: 0, inode: 0, name: piece.isAnonymous ? .none : file.name)
      install(entry, piece.isAnonymous ? .none : .file, in: processes[process].space)
      processes[process].implied.append(ImpliedRange(range: range, isPlaced: true))
      readImplied(range, process: process)
    }
  }
}

extension UnplacedFile {
  /// Where the kernel puts a program with an interpreter if it does not randomise
  /// (ELF_ET_DYN_BASE).
  static let baseWithoutRandomisation = Address(0x5555_5555_4000)

  /// The heap begins above the program, at most so many bytes (`arch_randomize_brk`).
  private static let largestGap: UInt64 = 1 << 30

  /// Whether a place is one for the program, or for its interpreter, as far as the heap tells.
  fileprivate func fits(_ extent: AddressRange, startBrk: Address?) -> Bool {
    guard let startBrk, role != .staticExecutable else { return true }
    let isBelowHeap =
      extent.end <= startBrk.roundedUpToPage
      && startBrk &- extent.end <= Self.largestGap + Page.size
    return isBelowHeap == (role == .executable)
  }
}

extension AddressRange {
  /// The same range at another place; nil if it is none of user memory.
  fileprivate func moved(by bias: UInt64) -> AddressRange? {
    let moved = AddressRange(start &+ bias, end &+ bias)
    return moved.start < moved.end && moved.end <= taskSize ? moved : nil
  }
}
