public import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Everything that is known of a VMA.
  borrowing func vma(_ entry: VMAEntry) -> VMA {
    let record = slab[entry.handle]
    let attributes = self.attributes[record.attributes]
    return VMA(
      handle: entry.handle, range: entry.range, flags: attributes.flags, file: attributes.file,
      pageOffset: attributes.pageOffset(at: entry.start), policy: attributes.policy,
      name: attributes.name, userfault: attributes.userfault,
      hasCloseHook: attributes.hasCloseHook, anonVMA: record.anonVMA)
  }

  /// The first VMA that ends above `address`; it need not contain it.
  ///
  /// Linux: `find_vma`, without the cache.
  public borrowing func findVMA(_ address: Address) -> VMA? {
    let entry = index.search(address)
    return entry.isNone ? nil : vma(entry)
  }

  /// The VMA that contains `address`.
  ///
  /// Linux: `vma_lookup`.
  public borrowing func vmaContaining(_ address: Address) -> VMA? {
    let entry = index.search(address)
    return entry.isNone || address < entry.start ? nil : vma(entry)
  }

  /// A lookup as a page fault makes it: it counts in the cache and moves it.
  ///
  /// Linux: `find_vma`.
  @inline(__always)
  public mutating func lookUp(_ address: Address) -> VMAEntry { index.find(address) }

  /// Calls `body` for each VMA in address order.
  ///
  /// - Complexity: O(*n*).
  public borrowing func forEachVMA(_ body: (VMA) -> Void) {
    index.forEachEntry { body(vma($0)) }
  }

  /// Calls `body` for each VMA that overlaps `range`, in address order.
  public borrowing func forEachVMA(in range: AddressRange, _ body: (VMA) -> Void) {
    var entry = index.search(range.start)
    while !entry.isNone && entry.start < range.end {
      body(vma(entry))
      entry = index.next(entry)
    }
  }

  /// The VMAs in address order.
  public borrowing func vmas() -> [VMA] {
    var list: [VMA] = []
    list.reserveCapacity(mapCount)
    forEachVMA { list.append($0) }
    return list
  }

  /// Whether any page of `range` is mapped.
  public borrowing func isMapped(anyOf range: AddressRange) -> Bool {
    index.search(range.start).start < range.end
  }

  /// The parts of `range` that are not mapped, in address order.
  public borrowing func holes(in range: AddressRange) -> [AddressRange] {
    var holes: [AddressRange] = []
    var position = range.start
    var entry = index.search(range.start)
    while position < range.end {
      let end = entry.isNone ? range.end : min(entry.start, range.end)
      if position < end { holes.append(AddressRange(position, end)) }
      if entry.isNone || entry.start >= range.end { break }
      position = entry.end
      if position < range.end { entry = index.next(entry) }
    }
    return holes
  }

  /// The number of gaps between VMAs; the space below the first and above the last is none.
  public var holes: Int {
    var count = 0
    var end: Address?
    var entry = index.first()
    while !entry.isNone {
      if let end, end != entry.start { count += 1 }
      end = entry.end
      entry = index.next(entry)
    }
    return count
  }

  /// Whether `/proc/PID/maps` calls this VMA `[heap]`.
  ///
  /// Linux: `vma_is_initial_heap`.
  public func isHeap(_ vma: VMA) -> Bool {
    if vma.file != .none { return false }
    if profile.follows(.heapByOverlap) {
      return vma.range.start < currentBreak && vma.range.end > layout.startBrk
    }
    return vma.range.start <= layout.startBrk && vma.range.end >= currentBreak
  }

  /// Whether `/proc/PID/maps` calls this VMA `[stack]`.
  ///
  /// Linux: `vma_is_initial_stack`.
  public func isStack(_ vma: VMA) -> Bool { vma.range.contains(layout.startStack) }
}
