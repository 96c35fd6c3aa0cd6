import AddressSpaces
import Testing

/// A program of random memory calls under strace, alone, with a child and with threads: the replay
/// of its log must give the map that each process read of itself, all flags included.
///
/// The program notes when it writes which page, so that nothing is assumed. Without the notes, the
/// programs that write nothing must come out exactly too. `VMA_LIVE_SEEDS=first..<end` runs other
/// seeds.
@Suite(.serialized) struct StraceWalkTests {
  @Test(
    .enabled(if: RunningKernel.hasCurrentRules, "needs Linux 6.18"),
    .enabled(if: Walker.canRun, "strace or cc is missing, or tracing is not permitted here"))
  func theReplayOfALogIsTheKernelsMap() throws {
    let walker = try Walker()
    defer { walker.remove() }
    var differences: [String] = []
    var (maps, calls) = (0, 0)
    // With nothing known of the writes some maps must differ, or they would not matter here.
    var wrongGuesses = 0
    for seed in Self.seeds {
      let mode = ["t", "f", "tf", "tp", "tfp", "p"][Int(seed % 6)]
      let program = WalkProgram(seed: seed, calls: 120, mode: mode)
      let run = try walker.run(program)
      calls += run.calls
      maps += run.maps.count
      var found = try run.differences(knowsFaults: true)
      let guessed = try run.differences(knowsFaults: false)
      if mode.contains("t") { wrongGuesses += guessed.isEmpty ? 0 : 1 } else { found += guessed }
      if found.isEmpty { continue }
      let shortest = try walker.shrink(program) { try $0.mayNotDiffer() }
      differences.append(
        "\(program): \(found.joined(separator: "\n"))\n" + (try walker.describe(shortest)))
      if differences.count >= 5 { break }
    }
    print("under strace: \(maps) maps of \(Self.seeds.count) programs, \(calls) calls")
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n\n"))")
    #expect(maps > Self.seeds.count && wrongGuesses > Self.seeds.count / 10)
  }

  /// A model with the rules of another kernel fails, and what is left of a program that shows it is
  /// a few calls, none of which can be left out.
  @Test(
    .enabled(if: RunningKernel.hasCurrentRules, "needs Linux 6.18"),
    .enabled(if: Walker.canRun, "strace or cc is missing, or tracing is not permitted here"),
    arguments: ["", "t", "f"])
  func aFailureShrinks(mode: String) throws {
    let walker = try Walker()
    defer { walker.remove() }
    func differs(_ run: Walker.Run) throws -> [String] {
      try run.differences(knowsFaults: true, profile: .linux2_6)
    }
    let failing = try (1..<20).lazy.map { WalkProgram(seed: $0, calls: 60, mode: mode + "-") }
      .first { try !differs(walker.run($0)).isEmpty }
    let program = try #require(failing)
    let shortest = try walker.shrink(program, by: differs)
    #expect(shortest.steps.count <= 8, "\(shortest)")
    let run = try walker.run(shortest)
    #expect(try !differs(run).isEmpty)
    for step in shortest.steps {
      var shorter = shortest
      shorter.steps.removeAll { $0 == step }
      #expect(try differs(walker.run(shorter)).isEmpty)
    }
    // What is printed names the seed and shows the calls that are left.
    let text = try walker.describe(shortest)
    #expect(text.contains("seed \(program.seed), mode \(program.mode)"))
    #expect(text.split(separator: "\n").count >= shortest.steps.count)
  }

  private static var seeds: Range<UInt64> {
    LiveKernelTests.seeds ?? 1..<37
  }
}
