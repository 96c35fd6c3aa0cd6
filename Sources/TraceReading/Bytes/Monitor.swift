// Unsafe because the C library's locks are C structures. What makes it safe: they stay at one
// address from `init` to `deinit`, and no pointer to them leaves this file.

import Glibc

/// A lock, and a way to wait until something under it changes.
@safe
final class Monitor: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init() {
    unsafe lock = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(lock)
    unsafe pthread_cond_destroy(changed)
    unsafe lock.deallocate()
    unsafe changed.deallocate()
  }

  func withLock<T>(_ body: () -> T) -> T {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    return body()
  }

  /// The same, and wakes all that wait once the lock is free again: they would have to wait for it.
  func change<T>(_ body: () -> T) -> T {
    defer { unsafe pthread_cond_broadcast(changed) }
    return withLock(body)
  }

  /// Lets others have the lock until one of them changes something. Only within `withLock`, and in
  /// a loop that looks whether it is what one waits for.
  func wait() { unsafe pthread_cond_wait(changed, lock) }
}

/// A thread of its own that runs to its end unwatched: it may hang in a pipe that nobody writes.
///
/// It works ahead for the thread that starts it: where there are fewer processors than threads, it
/// does not interrupt that one whenever there is room again (`SCHED_BATCH`).
enum DetachedThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// - Returns: 0, or the error with which no thread could be started.
  static func start(_ run: @escaping @Sendable () -> Void) -> Int32 {
    var thread = pthread_t()
    let body = Body {
      interruptNobody()
      run()
    }
    let context = unsafe Unmanaged.passRetained(body).toOpaque()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
    if status == 0 {
      pthread_detach(thread)
    } else {
      unsafe Unmanaged<Body>.fromOpaque(context).release()
    }
    return status
  }

  /// Gives the calling thread the policy SCHED_BATCH, which needs no privilege; where it is refused
  /// everything works, too.
  private static func interruptNobody() {
    let batch: Int32 = 3
    var parameters = sched_param()
    unsafe sched_setscheduler(0, batch, &parameters)
  }
}
