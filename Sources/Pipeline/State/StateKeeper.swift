internal import Face
internal import Logging
internal import Synchronization
internal import Video

/// The newest of what every stage has to go on from, for whoever writes it down. A stage hands over values, which costs it
/// the length of a list and no picture.
final class StateKeeper: Sendable {
    private struct State {
        var checkpoint: Checkpoint
        var revision = 0
        var isOver = false
    }

    private let state: Mutex<State>

    /// - Parameter checkpoint: what the run begins with.
    init(_ checkpoint: Checkpoint) { state = Mutex(State(checkpoint: checkpoint)) }

    /// The checkpoint, if it is newer than `revision`, which then is its own.
    func newer(than revision: inout Int) -> Checkpoint? {
        state.withLock {
            guard $0.revision > revision else { return nil }
            revision = $0.revision
            return $0.checkpoint
        }
    }

    var isOver: Bool { state.withLock(\.isOver) }

    /// All stages have ended.
    func end() { state.withLock { $0.isOver = true } }

    private func change(_ change: (inout Checkpoint) -> Void) {
        state.withLock {
            change(&$0.checkpoint)
            $0.revision += 1
        }
    }

    /// A person's keyframes and what was chosen by, as one.
    func selected(_ keyframes: [Keyframe], _ selection: KeyframeSelector.State, person: Int, frame: Int, time: Double) {
        change {
            while $0.people.count <= person { $0.people.append(Checkpoint.Person()) }
            $0.people[person].keyframes = keyframes.sorted { $0.frame < $1.frame }
            $0.people[person].selection = selection
            $0.nextFrame = max($0.nextFrame, frame + 1)
            $0.streamSeconds = max($0.streamSeconds, time)
        }
    }

    /// The stream goes on; that alone is no reason to write.
    func reached(frame: Int, time: Double) {
        state.withLock {
            $0.checkpoint.nextFrame = max($0.checkpoint.nextFrame, frame + 1)
            $0.checkpoint.streamSeconds = max($0.checkpoint.streamSeconds, time)
        }
    }

    func fitted(_ fit: ShapeFit, isDense: Bool, person: Int) {
        change {
            guard $0.people.indices.contains(person) else { return }
            ($0.people[person].fit, $0.people[person].isDense) = (fit, isDense)
        }
    }

    func synthesized(_ synthesis: Checkpoint.Synthesis, person: Int) {
        change {
            guard $0.people.indices.contains(person) else { return }
            $0.people[person].synthesis = synthesis
        }
    }
}

extension Pipeline {
    /// The state to go on from, and where it is kept.
    struct OpenState {
        /// `nil` where none is kept.
        var directory: StateDirectory?
        var checkpoint: Checkpoint
    }

    /// Reads the checkpoint before the source is opened. What cannot be used is told and set aside.
    /// - Parameter goesOn: else it is another camera's, and the next one takes its place.
    func openState(goesOn: Bool = true) throws(Failure) -> OpenState {
        let source = settings.source.description
        var open = OpenState(checkpoint: Checkpoint(head: models.headDigest, source: source))
        guard let path = settings.state else { return open }
        do throws(FileSystemError) {
            let directory = try StateDirectory(path: path, subject: settings.subject)
            guard goesOn else {
                open.directory = directory
                return open
            }
            let loaded = try directory.load(head: models.headDigest, model: models.head, source: source)
            for line in loaded.lines { logger.error("\(line)") }
            open.directory = directory
            open.checkpoint = loaded.checkpoint ?? open.checkpoint
        } catch {
            throw Failure(error)
        }
        let checkpoint = open.checkpoint
        guard !checkpoint.people.isEmpty else { return open }
        logger.info(
            "resumed",
            metadata: [
                "keyframes": "\(checkpoint.keyframeCount)",
                "stream_s": "\(StatusLine.fixed(checkpoint.streamSeconds, 1))",
                "people": "\(checkpoint.people.count { !$0.keyframes.isEmpty })",
            ])
        report.update {
            $0.people = checkpoint.people.count { !$0.keyframes.isEmpty }
            $0.keyframes = checkpoint.people[0].keyframes.count
            $0.keyframesPerYawBin = KeyframeSelector(state: checkpoint.people[0].selection).countsPerYaw
            $0.fitDeviation = checkpoint.people[0].fit?.deviation.surface
            $0.streamTime = checkpoint.streamSeconds
        }
        return open
    }

    /// Writes what is new, every few seconds and at the end. Where it fails the run goes on, and it is tried again.
    func keepState(_ keeper: StateKeeper, in directory: StateDirectory) async {
        var revision = 0
        var isFailing = false
        while true {
            let isOver = keeper.isOver
            if let checkpoint = keeper.newer(than: &revision) {
                do throws(FileSystemError) {
                    try directory.write(checkpoint)
                    report.update { $0.checkpoints += 1 }
                    if isFailing { logger.notice("the checkpoint is written again") }
                    isFailing = false
                } catch {
                    report.update { $0.checkpointFailures += 1 }
                    if !isFailing { logger.error("no checkpoint: \(error.description)") }
                    isFailing = true
                    // Due again, changed or not.
                    revision = 0
                }
            }
            if isOver { return }
            let end = ContinuousClock.now + .seconds(configuration.state.intervalSeconds)
            while ContinuousClock.now < end, !keeper.isOver { try? await Task.sleep(for: .milliseconds(50)) }
        }
    }
}
