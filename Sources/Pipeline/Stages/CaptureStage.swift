internal import Foundation
internal import Logging
package import Video

extension Pipeline {
    /// The source → frames. A file goes to its end; a live source that is lost is opened again after a while, unless
    /// the run is only until its end. Times and numbers of frames go on from the checkpoint's, and from one opening to the
    /// next. While a pause is given a camera is closed, and a file waits.
    func capture(into frames: Edge<Frame>, from start: Checkpoint, stop: StopSignal, pause: PauseSignal) async throws {
        var backoff = Backoff()
        var opened = false
        var next = (time: start.streamSeconds, number: start.nextFrame)
        guard settings.isEnrolled else {
            report.update { $0.closed = .notEnrolled }
            logger.notice("waiting for enrolment: nobody said that this subject may be captured")
            while !stop.isGiven { try? await Task.sleep(for: .milliseconds(100)) }
            return
        }
        while !stop.isGiven {
            _ = await wait(for: pause, stop: stop)
            if stop.isGiven { return }
            let started = ContinuousClock.now
            do throws(VideoError) {
                try await read(into: frames, stop: stop, pause: pause, next: &next) { opened = true }
                // A file's end is the end; a live source's end is a loss, unless it was asked for.
                if settings.source.isLive, pause.isPaused { continue }
                if !settings.source.isLive || settings.untilEnd || stop.isGiven { return }
            } catch {
                if stop.isGiven { return }
                if error.kind == .interrupted {
                    if settings.source.isLive { continue }
                    return
                }
                guard opened, settings.source.isLive, !settings.untilEnd, error.kind != .unauthorized else {
                    throw Failure(error)
                }
                logger.warning("source lost", metadata: ["why": "\(error.description)"])
            }
            backoff.succeeded(forSeconds: Double((ContinuousClock.now - started).components.seconds))
            let wait = backoff.next() * Double.random(in: 0.8...1.2)
            logger.info("opening the source again", metadata: ["in_s": "\(StatusLine.fixed(wait, 1))"])
            report.update { $0.reconnects += 1 }
            await sleep(seconds: wait, stop: stop)
        }
    }

    /// Waits while a pause is given.
    /// - Returns: how long.
    private func wait(for pause: PauseSignal, stop: StopSignal) async -> Duration {
        guard pause.isPaused, !stop.isGiven else { return .zero }
        let start = ContinuousClock.now
        logger.notice("paused")
        report.update { $0.closed = .paused }
        while pause.isPaused, !stop.isGiven { try? await Task.sleep(for: .milliseconds(50)) }
        report.update { $0.closed = nil }
        if !stop.isGiven { logger.notice("going on") }
        return ContinuousClock.now - start
    }

    /// Reads one opening of the source to its end, or to a pause.
    /// - Parameter next: stream seconds so far and the number of the next frame, over all openings.
    private func read(
        into frames: Edge<Frame>, stop: StopSignal, pause: PauseSignal, next: inout (time: Double, number: Int),
        opened: () -> Void
    ) async throws(VideoError) {
        let interruption = Interruption()
        stop.whenGiven { interruption.request() }
        let isCamera = settings.source.isLive
        let handler = pause.whenPaused { if isCamera { interruption.request() } }
        defer { pause.forget(handler) }
        var reader = try VideoReader(settings.source, options: options, interruption: interruption)
        opened()
        var start = ContinuousClock.now
        let first = next
        while var frame = try reader.next() {
            if stop.isGiven { break }
            if !isCamera { start += await wait(for: pause, stop: stop) }
            frame.time += first.time
            frame.number += first.number
            next = (frame.time, frame.number + 1)
            if settings.realTime, !settings.source.isLive {
                try? await Task.sleep(until: start + .seconds(frame.time - first.time))
            }
            let corrupt = reader.corruptPackets
            report.update {
                $0.framesRead += 1
                $0.framesDropped = frames.lost
                $0.packetsCorrupt = corrupt
                $0.streamTime = max($0.streamTime, frame.time)
            }
            if await !frames.send(frame) { break }
        }
        report.update { $0.framesDropped = frames.lost }
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

    private func sleep(seconds: Double, stop: StopSignal) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end, !stop.isGiven { try? await Task.sleep(for: .milliseconds(50)) }
    }
}

extension Failure {
    /// What a source's failure means to whoever started the program.
    package init(_ error: VideoError) {
        let code: ExitStatus =
            switch error.kind {
            case .noSuchInput: .noInput
            case .empty, .notAVideo, .noVideoStream, .truncated, .undecodable: .badData
            case .unreachable, .refused, .notFound, .timedOut, .busy, .interrupted: .unavailable
            case .unauthorized, .permissionDenied: .noPermission
            case .io: .inputOutput
            }
        self.init(code, error.description)
    }
}
