internal import Foundation
internal import Synchronization

/// Ends a blocking read from another thread, or when its deadline is over. FFmpeg asks it some hundred times a second.
package final class Interruption: Sendable {
    private let requested = Atomic<Bool>(false)
    /// Nanoseconds of the monotonic clock; 0 is none.
    private let deadline = Atomic<UInt64>(0)

    package init() {}

    package func request() { requested.store(true, ordering: .relaxed) }

    package var isRequested: Bool { requested.load(ordering: .relaxed) }

    func setDeadline(seconds: Double) {
        deadline.store(Self.now + UInt64(seconds * 1e9), ordering: .relaxed)
    }

    var isLate: Bool {
        let limit = deadline.load(ordering: .relaxed)
        return limit != 0 && Self.now > limit
    }

    var mustStop: Bool { isRequested || isLate }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
