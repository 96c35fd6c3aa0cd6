import SyscallABI

@testable import AddressSpaces

/// Walks through all programs over an alphabet, or a sample of them.
struct ProgramSearch {
  let alphabet: [CertainCall]
  var programs = 0
  var states = 0
  /// Sum of the widths of the intervals and of what the runs really span.
  var width = 0
  var reached = 0
  private var seen: [Key: Int] = [:]
  var failure: String?

  struct Key: Hashable {
    var runs: Set<[UInt64]>
    var reading: [String]
  }

  init(_ alphabet: [CertainCall]) { self.alphabet = alphabet }

  /// Every program of up to `depth` more calls; what comes of equal states is looked at once.
  mutating func exhaust(
    _ runs: FaultSchedules, _ reading: CertainAddressSpace, depth: Int,
    program: [CertainCall] = []
  ) {
    guard depth > 0, failure == nil else { return }
    let key = Key(runs: runs.signature, reading: Self.text(reading))
    if let done = seen[key], done >= depth { return }
    seen[key] = depth
    for call in alphabet {
      for (result, after) in runs.applying(call) {
        var next = reading
        call.perform(on: &next, result: result, after: after.runs[0].space)
        let program = program + [call]
        check(after, next, program)
        if failure != nil { return }
        exhaust(after, next, depth: depth - 1, program: program)
        if failure != nil { return }
      }
    }
  }

  /// One program, on every kernel that may have given other results too.
  mutating func follow(
    _ program: ArraySlice<CertainCall>, _ runs: FaultSchedules, _ reading: CertainAddressSpace
  ) {
    guard let call = program.first, failure == nil else { return }
    for (result, after) in runs.applying(call) {
      var next = reading
      call.perform(on: &next, result: result, after: after.runs[0].space)
      check(after, next, [call])
      follow(program.dropFirst(), after, next)
    }
  }

  /// One program; the result of each call is that of a run that is drawn.
  mutating func walk(
    length: Int, profile: KernelProfile = .linux6, _ random: inout SeededGenerator
  ) {
    var runs = FaultSchedules(profile: profile)
    var reading = CertainAddressSpace(profile: profile)
    var program: [CertainCall] = []
    for _ in 0..<length {
      let call = alphabet.randomElement(using: &random)!
      let (result, after) = runs.applying(call).randomElement(using: &random)!
      if after.runs.count > 400 { return }
      let companion = after.runs.randomElement(using: &random)!
      call.perform(on: &reading, result: result, after: companion.space)
      program.append(call)
      runs = after
      check(runs, reading, program)
      if failure != nil { return }
    }
    programs += 1
  }

  mutating func check(
    _ runs: FaultSchedules, _ reading: CertainAddressSpace, _ program: [CertainCall]
  ) {
    states += 1
    let counts = runs.mapCounts
    width += reading.mapCountMax - reading.mapCountMin
    reached += counts.upperBound - counts.lowerBound
    if reading.mapCountMin <= counts.lowerBound && counts.upperBound <= reading.mapCountMax {
      // Every border of a run must be one that the reading holds for possible, and the other
      // way round.
      guard let wrong = runs.runs.firstIndex(where: { !Self.admits(reading, $0) }) else { return }
      failure =
        "\(program): \(Self.text(reading)) does not admit "
        + "\(runs.runs[wrong].space.vmas().map { "\($0.range)" })"
      return
    }
    failure =
      "\(program): \(counts) is not in "
      + "\(reading.mapCountMin)...\(reading.mapCountMax) \(Self.text(reading))"
  }

  static func admits(_ reading: CertainAddressSpace, _ run: FaultSchedules.Run) -> Bool {
    let starts = Set(run.space.vmas().map(\.range.start))
    var mine: Set<Address> = []
    var admitted = true
    reading.forEachPiece { piece in
      mine.insert(piece.start)
      let isStart = starts.contains(piece.start)
      if piece.border.state != .maybe && !isStart { admitted = false }
      guard let vma = run.space.vmaContaining(piece.start) else {
        admitted = false
        return
      }
      let known = VMAFlags(rawValue: ~piece.doubtfulFlags.rawValue)
      if vma.flags.intersection(known) != piece.flags { admitted = false }
      let anon: AnonPossibilities =
        vma.anonVMA.isNone ? .none : (vma.anonVMA.isForkChild ? .inherited : .own)
      if !piece.anon.contains(anon) { admitted = false }
    }
    return admitted && starts.isSubset(of: mine)
  }

  static func text(_ reading: CertainAddressSpace) -> [String] {
    var pieces: [String] = []
    reading.forEachPiece { piece in
      let pages = Int((piece.start.rawValue - Canvas.origin) / Page.size)
      var text = "\(pages)+\(piece.range.lengthInPages) \(piece.border.state)"
      text += piece.border.agrees ? "~" : ""
      text += " \(String(piece.flags.rawValue, radix: 16))?"
      text += "\(String(piece.doubtfulFlags.rawValue, radix: 16)) a\(piece.anon.rawValue)"
      text += " f\(piece.file == .none ? 0 : piece.mapping) \(piece.identity) \(piece.linear)"
      pieces.append(text)
    }
    return pieces
  }
}
