import AddressSpaces
import SyscallABI

// What address spaces share; only for observers that keep objects.

extension ReplayEngine where Index: ~Copyable {
  mutating func startObjects(of id: SpaceTable<Index>.ID) {
    spaces.modify(id) { $0.keepObjects() }
    lineages[id.slot] = AnonVMALineage(space: lineages.newNumber())
  }

  mutating func inheritObjects(from parent: SpaceTable<Index>.ID, to child: SpaceTable<Index>.ID) {
    let number = lineages.newNumber()
    let source = lineages[parent.slot]
    lineages[child.slot] = spaces.read(parent) { parentSpace in
      spaces.read(child) { space in
        AnonVMALineage(space: number, of: space, parent: source, parentSpace)
      }
    }
  }

  /// The last user of an address space is gone: its VMAs drop what they hold, which is checked.
  mutating func endObjects(of id: SpaceTable<Index>.ID) {
    let references = spaces.modify(id) { space in
      space.removeAll()
      return space.objectReferences
    }
    lineages.references.add(references)
  }

  /// Stops the program if anything is still held when all processes are over.
  mutating func finishObjects() {
    for index in processes.indices
    where processes[index].isInUse && processes[index].isUnclaimed && !processes[index].hasEnded {
      discardUnclaimedChild(index)
    }
    var held = lineages.references
    spaces.visitAll { held.add($0.objectReferences) }
    precondition(held.isBalanced, "references to shared objects are left")
  }

  mutating func showObjects(before end: ProcessView, process: Int) {
    guard let scope = observer.objectScope(before: end) else { return }
    let image = objectImage(scope, process: process, view: end)
    observer.willEnd(end, objects: image)
  }

  /// What one process maps, or all that live, at this moment.
  ///
  /// - Complexity: O(*n* log *n*) in all their VMAs.
  private func objectImage(
    _ scope: ObjectImage.Scope, process: Int, view: ProcessView
  ) -> ObjectImage {
    var builder = ObjectImageBuilder(scope, files: files, paths: paths)
    for group in spacesToShow(scope, process: process) {
      let views = group.map { $0 == process ? view : processes[$0].view }
      let id = processes[group[0]].space
      spaces.read(id) { builder.add($0, lineages[id.slot], views) }
    }
    if scope == .all { builder.addReferences(lineages.references) }
    return builder.image
  }

  /// The processes to show, those that share an address space together, as the log first showed
  /// them.
  private func spacesToShow(_ scope: ObjectImage.Scope, process: Int) -> [[Int]] {
    if scope == .process { return [[process]] }
    let living = processes.indices.filter {
      $0 == process
        || (processes[$0].isInUse && !processes[$0].hasEnded && !processes[$0].isUnclaimed)
    }
    var groups: [[Int]] = []
    var groupOfSlot: [Int: Int] = [:]
    for index in living.sorted(by: { processes[$0].ordinal < processes[$1].ordinal }) {
      let slot = processes[index].space.slot
      if let group = groupOfSlot[slot] {
        groups[group].append(index)
      } else {
        groupOfSlot[slot] = groups.count
        groups.append([index])
      }
    }
    return groups
  }
}
