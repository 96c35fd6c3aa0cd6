import SystemPackage

/// Makes the recorder behave as the program's job would: the terminal's signals are the program's
/// own business, the recorder only takes care that the recording goes on or pauses with it.
struct JobSignals {
  let pipe: FileDescriptor
  /// A stop from the terminal that the program has not obeyed yet, and until when it may.
  private var stop: (signal: Int32, deadline: Int)?
  /// A request to end that a process sent to the recorder, for the program; and when it is due.
  private var request: (signal: Int32, due: Int)?
  /// After the recorder went on: when to make the program go on, if it has not by itself.
  private var resume: Int?
  private static let patienceMicroseconds = 300_000
  private static let names = [15: "SIGTERM", 1: "SIGHUP"]

  init(pipe: FileDescriptor) { self.pipe = pipe }

  /// Something is due soon, so that the log should not be read for long without a pause.
  var arePending: Bool { stop != nil || request != nil || resume != nil }

  mutating func act(on text: inout RecordingLog, strace: Int32) {
    while let (signal, isFromProcess) = RecordingPlatform.nextSignal(from: pipe) {
      let now = RecordingPlatform.now()
      if RecordingPlatform.terminalStops.contains(signal) {
        stop = (signal, now + Self.patienceMicroseconds)
      } else if RecordingPlatform.requestsToEnd.contains(signal), isFromProcess {
        text.signalsOfProgram.removeAll()
        request = (signal, now + Self.patienceMicroseconds)
      }
    }
    let now = RecordingPlatform.now()
    pause(text, strace: strace, now)
    passOn(&text, strace: strace, now)
    if let due = resume, now > due {
      resume = nil
      if text.programIsStopped, let program = text.program {
        RecordingPlatform.send(RecordingPlatform.goOn, to: program)
      }
    }
  }

  /// Stops the recorder when the program has stopped, and strace with it: nothing that other
  /// processes do meanwhile may pass without its snapshot.
  private mutating func pause(_ text: RecordingLog, strace: Int32, _ now: Int) {
    guard let (signal, deadline) = stop else { return }
    if text.programIsStopped {
      stop = nil
      RecordingPlatform.send(RecordingPlatform.stop, to: strace)
      RecordingPlatform.stopMyself(by: signal)
      RecordingPlatform.send(RecordingPlatform.goOn, to: strace)
      resume = RecordingPlatform.now() + Self.patienceMicroseconds
    } else if now > deadline {
      stop = nil
    }
  }

  /// `kill` and the like name the recorder and mean the program. A signal to the whole group has
  /// reached the program already.
  private mutating func passOn(_ text: inout RecordingLog, strace: Int32, _ now: Int) {
    guard let (signal, due) = request else { return }
    if let name = Self.names[Int(signal)], text.signalsOfProgram.contains(name) {
      request = nil
    } else if now > due {
      request = nil
      RecordingPlatform.send(signal, to: text.program ?? strace)
    }
  }
}
