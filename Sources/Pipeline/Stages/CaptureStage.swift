internal import Foundation
internal import Logging
internal import Tensors
package import Video

extension Pipeline {
    /// The source → frames. A file goes to its end; a live source that is lost is opened again after a while, unless
    /// the run is only until its end. Times and numbers of frames go on from the checkpoint's. While a pause is given a camera
    /// is closed, and a file waits.
    /// - Returns: true when the source has become another camera: everything begins anew, but for what is published.
    func capture(
        into frames: Edge<Frame>, from start: Checkpoint, stop: StopSignal, pause: PauseSignal
    ) async throws -> Bool {
        defer { report.update { if case .refused = $0.source {} else { $0.source = .ended } } }
        guard settings.isEnrolled else {
            await waitForEnrolment(stop: stop)
            return false
        }
        let source = settings.source
        var reopening = Reopening(
            isLive: source.isLive, untilEnd: settings.untilEnd, waitsAtFirst: settings.waitsForSource)
        var joint = StreamJoint(
            isLive: source.isLive, time: max(start.streamSeconds, report.now.streamTime), number: start.nextFrame,
            size: source.isLive ? start.pictureSize : nil)
        let interruption = Interruption()
        stop.whenGiven { interruption.request() }
        let handler = pause.whenPaused { if source.isLive { interruption.request() } }
        defer { pause.forget(handler) }
        // Also where another camera took its place.
        var isLost = silence != nil
        while !stop.isGiven {
            await wait(for: pause, stop: stop)
            interruption.withdraw()
            if stop.isGiven { return false }
            if source.isLive, pause.isPaused { continue }
            var opening = OpenedSource(interruption: interruption)
            let decision: Reopening.Decision
            var lost: VideoError?
            do throws(VideoError) {
                let end = try await read(&opening, &joint, into: frames, stop: stop, pause: pause, wasLost: isLost) {
                    reopening.running()
                    isLost = false
                }
                if end == .anotherCamera { return true }
                if end == .unwanted || stop.isGiven { return false }
                if source.isLive, interruption.isRequested {
                    throw VideoError(.interrupted, source: source.description)
                }
                decision = reopening.ended(goodSeconds: opening.goodSeconds)
            } catch {
                if stop.isGiven || error.kind == .interrupted && !source.isLive { return false }
                if error.kind == .interrupted {
                    joint.reopened(after: silence ?? 0)
                    continue
                }
                lost = error
                decision = reopening.failed(error.kind, goodSeconds: opening.goodSeconds)
            }
            let error = lost ?? VideoError(.ended, source: source.description)
            switch decision {
            case .end: return false
            case .fail:
                if source.isLive { report.update { $0.source = .refused(why: error.description) } }
                throw Failure(error)
            case .wait(let seconds):
                isLost = isLost || opening.first != nil
                await wait(seconds: seconds * Double.random(in: 0.8...1.2), after: error, opening, stop: stop)
            }
            joint.reopened(after: silence ?? 0)
        }
        return false
    }

    /// Seconds since the last picture.
    private var silence: Double? { report.now.lastFrame.map { (ContinuousClock.now - $0) / .seconds(1) } }

    private func waitForEnrolment(stop: StopSignal) async {
        report.update { $0.source = .closed(.notEnrolled) }
        logger.notice(
            "waiting for enrolment: nobody said that this subject may be captured; if so, write enrolled: true into its source"
        )
        while !stop.isGiven { try? await Task.sleep(for: .milliseconds(100)) }
    }

    /// Waits while a pause is given.
    /// - Returns: how long.
    @discardableResult
    private func wait(for pause: PauseSignal, stop: StopSignal) async -> Duration {
        guard pause.isPaused, !stop.isGiven else { return .zero }
        let start = ContinuousClock.now
        let before = report.now.source
        logger.notice("paused")
        report.update { $0.source = .closed(.paused) }
        while pause.isPaused, !stop.isGiven { try? await Task.sleep(for: .milliseconds(50)) }
        report.update { $0.source = before }
        if !stop.isGiven { logger.notice("going on") }
        return ContinuousClock.now - start
    }

    private enum End { case ofSource, unwanted, anotherCamera }

    /// Reads one opening of the source to its end.
    private func read(
        _ opening: inout OpenedSource, _ joint: inout StreamJoint, into frames: Edge<Frame>, stop: StopSignal,
        pause: PauseSignal, wasLost: Bool, running: () -> Void
    ) async throws(VideoError) -> End {
        report.update { $0.source = .opening(until: .now + .seconds(configuration.video.openSeconds)) }
        var reader = try VideoReader(settings.source, options: options, interruption: opening.interruption)
        while let decoded = try reader.next() {
            if stop.isGiven { break }
            if opening.first == nil {
                running()
                report.update {
                    if wasLost { $0.reconnects += 1 }
                    $0.source = .running
                }
                if wasLost, let silence {
                    logger.notice("the source is back", metadata: ["after_s": "\(StatusLine.fixed(silence, 1))"])
                }
            }
            if !settings.source.isLive { opening.paused(for: await wait(for: pause, stop: stop)) }
            opening.sawFrame()
            var usable: Frame?
            switch joint.join(decoded) {
            case .use(let frame): usable = frame
            case .leaveOut: break
            case .anotherCamera:
                logger.warning(
                    "the source shows pictures of another size or shape: starting over with it",
                    metadata: ["size": "\(decoded.image.width)x\(decoded.image.height)"])
                return .anotherCamera
            }
            if settings.realTime, !settings.source.isLive, let start = opening.first {
                try? await Task.sleep(until: start + .seconds(decoded.time))
            }
            let corrupt = opening.corrupt(reader.corruptPackets)
            report.update {
                $0.framesRead += 1
                $0.framesDropped = frames.lost
                $0.packetsCorrupt += corrupt
                $0.streamTime = max($0.streamTime, usable?.time ?? 0)
                $0.lastFrame = opening.last
                if usable == nil { $0.rejections["another picture size", default: 0] += 1 }
            }
            if let usable, await !frames.send(usable) { return .unwanted }
        }
        report.update { $0.framesDropped = frames.lost }
        return .ofSource
    }

    private var options: VideoOptions {
        var options = VideoOptions()
        let video = configuration.video
        options.width = video.width
        options.height = video.height
        options.framesPerSecond = video.framesPerSecond
        options.pixelFormat = video.pixelFormat.isEmpty ? nil : video.pixelFormat
        options.udp = video.rtspTransport == "udp"
        options.mirrored = video.mirrored
        options.openSeconds = video.openSeconds
        options.readSeconds = video.readSeconds
        options.threads = video.decoderThreads
        return options
    }

    /// Waits to open a source again; shorter for a device that comes back.
    private func wait(seconds: Double, after error: VideoError, _ opening: OpenedSource, stop: StopSignal) async {
        let end = ContinuousClock.now + .seconds(seconds)
        let wasRunning = opening.first != nil
        report.update {
            if wasRunning { $0.losses += 1 } else { $0.openingsFailed += 1 }
            $0.source = .waiting(why: error.description, until: end)
        }
        logger.log(
            level: wasRunning ? .warning : .info, wasRunning ? "source lost" : "source cannot be opened",
            metadata: ["why": "\(error.description)", "again_in_s": "\(StatusLine.fixed(seconds, 1))"])
        var device: String?
        if case .device(let path) = settings.source { device = path }
        var wasThere = device.map { FileManager.default.fileExists(atPath: $0) } ?? true
        while ContinuousClock.now < end, !stop.isGiven {
            try? await Task.sleep(for: .milliseconds(50))
            guard let device else { continue }
            let isThere = FileManager.default.fileExists(atPath: device)
            if isThere, !wasThere { return }
            wasThere = isThere
        }
    }
}

/// What one opening of the source has given so far.
private struct OpenedSource {
    let interruption: Interruption
    private(set) var first: ContinuousClock.Instant?
    private(set) var last: ContinuousClock.Instant?
    private var corrupt = 0

    init(interruption: Interruption) {
        self.interruption = interruption
    }

    /// What is played at its own pace goes on where it was.
    mutating func paused(for time: Duration) { first = first.map { $0 + time } }

    mutating func sawFrame() {
        last = .now
        first = first ?? last
    }

    /// Damaged packets since the last call.
    mutating func corrupt(_ total: Int) -> Int {
        defer { corrupt = total }
        return total - corrupt
    }

    var goodSeconds: Double {
        guard let first, let last else { return 0 }
        return (last - first) / .seconds(1)
    }
}

extension Failure {
    /// What a source's failure means to whoever started the program.
    package init(_ error: VideoError) {
        let code: ExitStatus =
            switch error.kind {
            case .noSuchInput: .noInput
            case .unknownScheme: .configuration
            case .empty, .notAVideo, .noVideoStream, .truncated, .undecodable: .badData
            case .unreachable, .refused, .notFound, .timedOut, .busy, .interrupted, .ended: .unavailable
            case .unauthorized, .permissionDenied: .noPermission
            case .io: .inputOutput
            }
        self.init(code, error.description)
    }
}
