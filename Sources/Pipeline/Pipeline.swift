package import Logging
internal import Dispatch
internal import Face
internal import Video

/// The whole way of a frame, and the only place that knows all stages.
///
///     capture ─frames→ observe ─keyframes→ fit ─fits→ texture ─avatars→ synthesize ─complete→ publish
///
/// Each arrow is an `Edge`. On a live source the edges behind the camera and behind the fit keep the newest and count
/// what they lose; on a file they suspend, every frame is seen, and since all decisions are made on stream time the
/// same file gives the same avatars. Where people are kept apart, each has its own state in every stage. Every stage is one task on a queue of its own and owns its state as locals.
package struct Pipeline: Sendable {
    package var settings: RunSettings
    package var configuration: Configuration
    package var models: LoadedModels
    package var report: Report
    package var logger: Logger
    /// Whoever listens to the motion now.
    package var motionFeed: MotionFeed?
    /// Shared with the pipelines beside this one.
    package var turns: Turns

    package init(
        settings: RunSettings, configuration: Configuration, models: LoadedModels, report: Report, logger: Logger,
        turns: Turns = Turns()
    ) {
        self.settings = settings
        self.configuration = configuration
        self.models = models
        self.report = report
        self.logger = logger
        self.turns = turns
    }

    /// Runs until the source ends or `stop` is given; then drains the stages, so that the last avatar is published. Goes on
    /// from the last checkpoint, where one is kept; where the source becomes another camera, all but what is published begins
    /// anew. While `pause` is given the source is closed.
    /// - Returns: the last published or finished avatar, for a contact sheet.
    package func run(stop: StopSignal, pause: PauseSignal = PauseSignal()) async throws -> LastAvatar? {
        var last: LastAvatar?
        var goesOn = true
        while true {
            let anotherCamera = Latest<Void>()
            last = try await run(stop: stop, pause: pause, goesOn: goesOn, anotherCamera: anotherCamera) ?? last
            var seen = 0
            if stop.isGiven || anotherCamera.newer(than: &seen) == nil { return last }
            goesOn = false
        }
    }

    /// Runs as long as the source is one camera.
    /// - Parameter goesOn: from the checkpoint.
    private func run(
        stop: StopSignal, pause: PauseSignal, goesOn: Bool, anotherCamera: Latest<Void>
    ) async throws -> LastAvatar? {
        // An output that cannot be written is found out before the camera is opened.
        try noteOutput()
        let state = try openState(goesOn: goesOn)
        let start = state.checkpoint
        let keeper = StateKeeper(start)
        state.directory.map { pause.follow(PauseMarker(directory: $0.path, subject: $0.subject)) }
        let live = settings.isLive
        let frames = Edge<Frame>(live ? .newest : .suspending(capacity: 2))
        let keyframes = Edge<KeyframeEvent>(.suspending(capacity: 4))
        let fits = Edge<FittedKeyframes>(live ? .newest : .suspending(capacity: 1)) { $0.person }
        let avatars = Edge<FinishedAvatar>(live ? .newest : .suspending(capacity: 1)) { $0.made.person }
        let complete = Edge<FinishedAvatar>(live ? .newest : .suspending(capacity: 1)) { $0.made.person }
        // Made once for the two stages that paint.
        let atlas = TextureAtlas(model: models.head, size: configuration.texture.size)
        let mapper =
            configuration.texture.maps
            ? SkinMapper(atlas: atlas, size: min(max(configuration.texture.synthesisSize, atlas.size) / 2, atlas.size))
            : nil
        // Beside the arrows: whoever follows motion looks at the newest fit.
        let newestFit = Latest<FittedKeyframes>()
        let ending = Latest<Failure>()
        report.follow {
            [
                "observe": frames.activity, "fit": keyframes.activity, "texture": fits.activity,
                "synthesize": avatars.activity, "publish": complete.activity,
            ]
        }
        defer { report.follow { [:] } }
        // Also while the source keeps its reader waiting, what there is gets finished.
        stop.whenGiven { frames.finish() }
        report.update { $0.isReady = true }

        return try await withThrowingTaskGroup(of: LastAvatar?.self) { group in
            group.addTask(executorPreference: StageExecutor("capture")) {
                defer { frames.finish() }
                if try await capture(into: frames, from: start, stop: stop, pause: pause) { anotherCamera.set(()) }
                return nil
            }
            group.addTask(executorPreference: StageExecutor("observe")) {
                defer { keyframes.finish() }
                try await observe(
                    frames, into: keyframes, followedBy: newestFit, from: start, keeper: keeper, ending: ending)
                return nil
            }
            group.addTask(executorPreference: StageExecutor("fit", quality: .utility)) {
                defer { fits.finish() }
                await fit(keyframes, into: fits, newest: newestFit, from: start, keeper: keeper)
                return nil
            }
            group.addTask(executorPreference: StageExecutor("texture", quality: .utility)) {
                defer { avatars.finish() }
                await texture(fits, into: avatars, atlas: atlas)
                return nil
            }
            group.addTask(executorPreference: LowPriorityExecutor("synthesize")) {
                defer { complete.finish() }
                await synthesize(avatars, into: complete, atlas: atlas, from: start, keeper: keeper, stop: stop)
                return nil
            }
            group.addTask(executorPreference: StageExecutor("publish", quality: .utility)) {
                // The last stage to end.
                defer { keeper.end() }
                return try await publish(complete, mapper: mapper)
            }
            if let directory = state.directory {
                group.addTask(executorPreference: LowPriorityExecutor("state")) {
                    await keepState(keeper, in: directory)
                    return nil
                }
                group.addTask {
                    await followPause(pause, until: keeper)
                    return nil
                }
            }
            var last: LastAvatar?
            do {
                while let result = try await group.next() { last = result ?? last }
            } catch {
                // One stage failed: the others must not wait on it for ever.
                stop.give()
                for edge in [frames.finish, keyframes.finish, fits.finish, avatars.finish, complete.finish] { edge() }
                group.cancelAll()
                throw error
            }
            var seen = 0
            if let failure = ending.newer(than: &seen) { throw failure }
            return last
        }
    }
}
