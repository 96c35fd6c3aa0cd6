import ArgumentParser

/// The command line: parses it and hands over to one command.
@main
struct VMAReplay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vmareplay",
    abstract: "Replays strace logs on a model of the Linux process address space.",
    version: "0.1.0",
    subcommands: [
      ReplayCommand.self, MapsCommand.self, EventsCommand.self, VerifyCommand.self,
      RecordCommand.self, ExplainCommand.self, CheckCommand.self,
      DiffCommand.self, CompareCommand.self, BenchCommand.self, MinimizeCommand.self,
    ])
}
