internal import Foundation
internal import Synchronization

/// Ends a blocking read from another thread.
package final class Interruption: Sendable {
    private let requested = Atomic<Bool>(false)

    package init() {}

    package func request() { requested.store(true, ordering: .relaxed) }

    /// For the next reader.
    package func withdraw() { requested.store(false, ordering: .relaxed) }

    package var isRequested: Bool { requested.load(ordering: .relaxed) }
}

/// The interruption of one reader and the deadline of its current operation. FFmpeg asks it while it waits, every
/// 100 ms on a socket.
final class Watchdog: Sendable {
    private let interruption: Interruption
    /// Nanoseconds of the monotonic clock; 0 is none.
    private let deadline = Atomic<UInt64>(0)
    private let closing = Atomic<Bool>(false)

    init(_ interruption: Interruption) {
        self.interruption = interruption
    }

    func setDeadline(seconds: Double) {
        deadline.store(Self.now + UInt64(max(seconds, 0) * 1e9), ordering: .relaxed)
    }

    /// From here on an interruption is no reason to stop: a camera is still told goodbye, if that takes no time.
    func beginClosing() {
        closing.store(true, ordering: .relaxed)
        setDeadline(seconds: 0.05)
    }

    var isInterrupted: Bool { interruption.isRequested && !closing.load(ordering: .relaxed) }

    var isLate: Bool {
        let limit = deadline.load(ordering: .relaxed)
        return limit != 0 && Self.now > limit
    }

    var mustStop: Bool { isInterrupted || isLate }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
