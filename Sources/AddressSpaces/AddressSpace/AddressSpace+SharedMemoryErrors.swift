public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// The error with which shmat would fail; nil if it would succeed. Nothing is changed.
  ///
  /// Where the kernel would look for a free range, one is taken to exist.
  ///
  /// - Parameters:
  ///   - address: the address asked for; zero for none.
  ///   - length: the size of the segment in bytes.
  /// - Returns: `invalidArgument` (misaligned without SHM_RND, SHM_REMAP without an address,
  ///   something mapped in the way), `noMemory` (limits), `notPermitted` (over sealed memory).
  ///
  /// Linux: `do_shmat`.
  public borrowing func predictShmat(
    _ address: Address, length: UInt64, flags: AttachFlags
  ) -> Errno? {
    let replaces = flags.contains(.remap)
    let start = flags.contains(.round) ? address.roundedDownToPage : address
    if !start.isPageAligned { return .invalidArgument }
    if start == .zero && replaces { return .invalidArgument }
    guard let size = Page.align(length), size > 0 else { return .invalidArgument }
    if address != .zero && !replaces {
      if start &+ size < start { return .invalidArgument }
      if isMapped(anyOf: AddressRange(start, start &+ size)) { return .invalidArgument }
    }
    var prot: Protection = flags.contains(.readOnly) ? .read : .read | .write
    if flags.contains(.exec) { prot = prot | .exec }
    return predictMmap(
      at: start, length: length, prot: prot,
      flags: address == .zero ? .shared : .shared | .fixed, hasFile: true,
      fileIsWritable: !flags.contains(.readOnly))
  }
}
