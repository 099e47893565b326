package import Video

/// What to do when a source cannot be opened, is lost or ends. Pure: it is told what happened and says what comes next.
///
/// A killed RTSP server looks like the clean end of a film, so of a live source both are a loss. What waiting cannot mend
/// (a password, an address) ends the run instead of knocking at a camera's door, which may lock after some wrong passwords.
package struct Reopening: Sendable {
    package enum Decision: Sendable, Equatable {
        /// The source's end is the run's.
        case end
        /// The run fails.
        case fail
        /// Open it again after so many seconds, before jitter.
        case wait(seconds: Double)
    }

    /// A camera that knew the password before may be starting up: it is asked twice more, after so many seconds.
    package static let waitsWhenRefused = [60.0, 300]
    /// A device's node gets its group a moment after it appears: so many openings without permission are forgiven.
    package static let forgivenPermissions = 5

    /// A loss can be made up for.
    private let reopens: Bool
    /// Also the first opening may fail.
    private let waitsAtFirst: Bool
    private var hasRun = false
    private var backoff = Backoff()
    private var refusals = 0
    private var permissions = 0

    /// - Parameters:
    ///   - isLive: the source is a device or on the network.
    ///   - untilEnd: the run lasts as long as the source.
    ///   - waitsAtFirst: a source that is not there yet is waited for.
    package init(isLive: Bool, untilEnd: Bool, waitsAtFirst: Bool) {
        reopens = isLive && !untilEnd
        self.waitsAtFirst = waitsAtFirst
    }

    /// The first picture of an opening is there.
    package mutating func running() {
        hasRun = true
        refusals = 0
        permissions = 0
    }

    /// - Parameter goodSeconds: from the first to the last picture of this opening.
    package mutating func ended(goodSeconds: Double) -> Decision {
        reopens ? wait(goodSeconds) : .end
    }

    /// - Parameter goodSeconds: from the first to the last picture of this opening; 0 where none came.
    package mutating func failed(_ kind: VideoError.Kind, goodSeconds: Double) -> Decision {
        guard reopens, hasRun || waitsAtFirst else { return .fail }
        switch kind {
        case .unknownScheme, .interrupted: return .fail
        case .unauthorized:
            guard hasRun, refusals < Self.waitsWhenRefused.count else { return .fail }
            defer { refusals += 1 }
            return .wait(seconds: Self.waitsWhenRefused[refusals])
        case .permissionDenied:
            guard permissions < Self.forgivenPermissions else { return .fail }
            permissions += 1
            return wait(goodSeconds)
        case .notAVideo, .noVideoStream, .truncated, .empty:
            // It answers, and what it has is no film. Of a camera that had one this may pass.
            return hasRun ? wait(goodSeconds) : .fail
        case .noSuchInput, .undecodable, .unreachable, .refused, .notFound, .timedOut, .busy, .io, .ended:
            return wait(goodSeconds)
        }
    }

    private mutating func wait(_ goodSeconds: Double) -> Decision {
        backoff.succeeded(forSeconds: goodSeconds)
        return .wait(seconds: backoff.next())
    }
}
