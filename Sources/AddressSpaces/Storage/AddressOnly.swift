/// A member that makes the value which holds it be handled through its address.
///
/// An existential can only be handled so. Without such a member the compiler copies all of a large
/// value to the stack at every call of a method that only reads it: a kilobyte for an address
/// space, several times for each call of the log.
package struct AddressOnly: Sendable {
  private let nothing: (any Sendable)? = nil

  package init() {}
}
