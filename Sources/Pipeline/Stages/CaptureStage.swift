internal import Foundation
internal import Logging
package import Video

extension Pipeline {
    /// The source → frames. A file goes to its end; a live source that is lost is opened again after a while, unless
    /// the run is only until its end.
    func capture(into frames: Edge<Frame>, stop: StopSignal) async throws {
        var backoff = Backoff()
        var opened = false
        var offset = 0.0
        defer { report.update { $0.source = .ended } }
        while !stop.isGiven {
            let started = ContinuousClock.now
            do throws(VideoError) {
                offset = try await read(into: frames, stop: stop, offset: offset) { opened = true }
                // A file's end is the end; a live source's end is a loss.
                if !settings.source.isLive || settings.untilEnd || stop.isGiven { return }
            } catch {
                if stop.isGiven || error.kind == .interrupted { return }
                guard opened, settings.source.isLive, !settings.untilEnd, error.kind != .unauthorized else {
                    throw Failure(error)
                }
                logger.warning("source lost", metadata: ["why": "\(error.description)"])
            }
            backoff.succeeded(forSeconds: Double((ContinuousClock.now - started).components.seconds))
            let wait = backoff.next() * Double.random(in: 0.8...1.2)
            logger.info("opening the source again", metadata: ["in_s": "\(StatusLine.fixed(wait, 1))"])
            report.update {
                $0.source = .waiting
                $0.reconnects += 1
            }
            await sleep(seconds: wait, stop: stop)
        }
    }

    /// Reads one opening of the source to its end.
    /// - Parameter offset: stream seconds of earlier openings.
    /// - Returns: stream seconds of this and the earlier ones.
    private func read(
        into frames: Edge<Frame>, stop: StopSignal, offset: Double, opened: () -> Void
    ) async throws(VideoError) -> Double {
        let interruption = Interruption()
        stop.whenGiven { interruption.request() }
        var reader = try VideoReader(settings.source, options: options, interruption: interruption)
        opened()
        report.update { $0.source = .running }
        let start = ContinuousClock.now
        var time = offset
        while var frame = try reader.next() {
            if stop.isGiven { break }
            frame.time += offset
            time = frame.time
            if settings.realTime, !settings.source.isLive {
                try? await Task.sleep(until: start + .seconds(frame.time - offset))
            }
            let corrupt = reader.corruptPackets
            report.update {
                $0.framesRead += 1
                $0.framesDropped = frames.lost
                $0.packetsCorrupt = corrupt
                $0.streamTime = max($0.streamTime, time)
            }
            if await !frames.send(frame) { break }
        }
        report.update { $0.framesDropped = frames.lost }
        return time
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
