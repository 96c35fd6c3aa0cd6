/// How often VMAs took and dropped what they share, since they are counted.
public struct ObjectReferences: Hashable, Sendable, BitwiseCopyable {
  public internal(set) var filesTaken: UInt64 = 0
  public internal(set) var filesDropped: UInt64 = 0
  public internal(set) var anonVMAsTaken: UInt64 = 0
  public internal(set) var anonVMAsDropped: UInt64 = 0

  public init() {}

  /// Nothing is held, as it has to be once all VMAs are gone.
  public var isBalanced: Bool {
    filesTaken == filesDropped && anonVMAsTaken == anonVMAsDropped
  }

  /// What is held, as if it had been taken just now.
  var held: ObjectReferences {
    var held = ObjectReferences()
    held.filesTaken = filesTaken - filesDropped
    held.anonVMAsTaken = anonVMAsTaken - anonVMAsDropped
    return held
  }

  /// Adds those of another address space.
  public mutating func add(_ other: ObjectReferences) {
    filesTaken += other.filesTaken
    filesDropped += other.filesDropped
    anonVMAsTaken += other.anonVMAsTaken
    anonVMAsDropped += other.anonVMAsDropped
  }
}
