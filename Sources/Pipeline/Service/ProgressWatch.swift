/// Decides whether a run makes progress, for whoever feeds a watchdog. Pure: it is shown a sample now and then.
///
/// Progress is: a source that gives pictures, or that waits within its own deadlines; and no stage that has been at the
/// same step for too long. "No face" is progress, a source that is down is progress, an opening that should have been
/// given up long ago is not.
package struct ProgressWatch: Sendable {
    package struct Sample: Sendable {
        package var source: SourceState
        package var lastFrame: ContinuousClock.Instant?
        /// A film is read as fast as its readers take it: only the stages count.
        package var isLive: Bool
        package var stages: [(name: String, activity: StageActivity)]

        package init(
            source: SourceState, lastFrame: ContinuousClock.Instant?, isLive: Bool,
            stages: [(name: String, activity: StageActivity)]
        ) {
            self.source = source
            self.lastFrame = lastFrame
            self.isLive = isLive
            self.stages = stages
        }
    }

    /// So long may one step take, and so long may the source be beyond its deadline. The longest step that was seen is an
    /// octave of synthesis at 2048² on a slow core, some seconds; a disk may take as long to sync.
    package static let limit = Duration.seconds(60)

    private var steps: [String: (steps: Int, since: ContinuousClock.Instant)] = [:]

    package init() {}

    /// - Returns: what hangs, and for how long; `nil` where all is well.
    package mutating func problem(
        _ sample: Sample, at now: ContinuousClock.Instant
    ) -> (what: String, for: Duration)? {
        var hanging: (what: String, for: Duration)?
        func consider(_ what: String, since: ContinuousClock.Instant) {
            let time = now - since
            if time > Self.limit, time > hanging?.for ?? .zero { hanging = (what, time) }
        }
        switch sample.source {
        case .opening(let until) where sample.isLive: consider("opening the source", since: until)
        case .waiting(_, let until): consider("waiting for the source", since: until)
        case .running where sample.isLive:
            if let last = sample.lastFrame { consider("reading the source", since: last) }
        case .opening, .running, .refused, .closed, .ended: break
        }
        for (name, activity) in sample.stages {
            if activity.isBusy, let known = steps[name], known.steps == activity.steps {
                consider(name, since: known.since)
            } else {
                steps[name] = (activity.steps, now)
            }
        }
        return hanging
    }
}
