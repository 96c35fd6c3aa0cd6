public import AddressSpaces
public import SyscallABI

/// What is remembered of a call to which a VMA owes what it is.
public struct RecordedCall: Hashable, Sendable, BitwiseCopyable {
  public var line: UInt64
  /// Where it acted; an empty range for calls without one.
  public var range: AddressRange
  public var prot: Protection
  /// The flags of an mmap.
  public var flags: MapFlags
  public var pid: PID
  public var source: UInt32
  /// Where in the program it was made, if the log shows that.
  public var stack = StackID.none
  public var advice: Advice?
  public var name: SyscallName
  /// For a munmap: it cuts the head or the tail off the last mapping that its thread made.
  public var isTrim = false

  init(_ event: SyscallEvent) {
    line = event.line
    pid = event.pid
    source = event.source
    name = event.name
    prot = Protection(rawValue: 0)
    flags = MapFlags(rawValue: 0)
    range = AddressRange(.zero, .zero)
    switch event.call {
    case .mmap(let addr, let length, let prot, let flags, _, _, _):
      self.prot = prot
      self.flags = flags
      act(on: event.result.succeeded ? Address(event.result.value) : addr, length)
    case .mprotect(let addr, let length, let prot, _):
      self.prot = prot
      act(on: addr, length)
    case .madvise(let addr, let length, let advice):
      self.advice = advice
      act(on: addr, length)
    case .mremap(let addr, let oldSize, let newSize, _, _):
      act(
        on: event.result.succeeded ? Address(event.result.value) : addr, max(oldSize, newSize))
    case .munmap(let addr, let length), .mlock(let addr, let length, _),
      .munlock(let addr, let length), .mbind(let addr, let length, _, _, _),
      .mseal(let addr, let length), .setVMAName(let addr, let length, _),
      .remapFilePages(let addr, let length, _, _, _):
      act(on: addr, length)
    case .brk, .processMadvise, .mlockall, .munlockall, .shmget, .shmat, .shmdt, .clone, .clone3,
      .fork, .execve, .exit, .setLimit:
      break
    }
  }

  private mutating func act(on start: Address, _ length: UInt64) {
    let end = start &+ (Page.align(length) ?? 0)
    if end > start { range = AddressRange(start, end) }
  }
}

/// The calls to which living VMAs owe what they are.
///
/// The number of a call that no VMA names any more is given again, so that the table does not grow
/// with the log.
public struct CallLedger: Sendable {
  private(set) var calls = RecordedCalls()
  private var free: [UInt32] = []
  /// The stack of the call at hand.
  var stack = StackID.none
  private var sweepAt = 8192
  /// The mapping that the thread of the last call made last, as far as it has not been trimmed.
  private var mapping: AddressRange?
  private var mapper = PID.none
  /// The same for the threads before.
  private var otherMappings: [PID: AddressRange] = [:]

  public init() {}

  /// What is known of a call; nil for `.none`.
  public subscript(id: CallID) -> RecordedCall? { calls[id] }

  /// How many calls there is room for.
  public var capacity: Int { calls.count }

  var needsSweep: Bool { calls.count - free.count > sweepAt }

  mutating func add(_ event: SyscallEvent) -> CallID {
    var call = RecordedCall(event)
    call.stack = stack
    noteTrim(&call)
    if let slot = free.popLast() {
      calls[CallID(slot)] = call
      return CallID(slot)
    }
    return calls.append(call)
  }

  /// ```
  /// mmap    MMMMMMMMMMM
  /// munmap  **                (head)
  /// munmap           **       (tail)
  /// ```
  private mutating func noteTrim(_ call: inout RecordedCall) {
    if call.pid != mapper { change(mapper: call.pid) }
    switch call.name {
    case .mmap, .mmap2, .oldMmap: mapping = call.flags.contains(.fixed) ? nil : call.range
    case .munmap:
      guard var mapping, call.range.length < mapping.length else { return }
      if call.range.start == mapping.start {
        mapping.start = call.range.end
      } else if call.range.end == mapping.end {
        mapping.end = call.range.start
      } else {
        return
      }
      call.isTrim = true
      self.mapping = mapping
    default: break
    }
  }

  private mutating func change(mapper next: PID) {
    otherMappings[mapper] = mapping
    mapping = otherMappings[next]
    mapper = next
  }

  /// Forgets every call that is not live, by its number.
  mutating func sweep(_ isLive: [Bool]) {
    for slot in 1..<calls.count where !isLive[slot] {
      let id = CallID(UInt32(slot))
      if calls[id] == nil { continue }
      calls[id] = nil
      free.append(id.rawValue)
    }
    if otherMappings.count > 4096 { otherMappings.removeAll() }
    sweepAt = max(8192, (calls.count - free.count) * 2)
  }
}
