internal import ArgumentParser
internal import Dispatch
internal import Face
internal import Foundation
internal import Logging
internal import Pipeline
internal import Tensors
internal import Video

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Watches a source and publishes each better avatar.",
        discussion: """
            SOURCE is a webcam (/dev/video0), an RTSP or other network address (rtsp://user:password@host/path), a video \
            file or a photograph, or - for a video on standard input. A file is read to its end, every frame of it; of a \
            camera the newest frame wins, and a camera that is lost is opened again.

            Put a password into the environment and write rtsp://user:${NAME}@host/path in single quotes: the name is \
            replaced by the variable's value, and other users do not see it in the list of processes.

            The first SIGINT or SIGTERM ends the run in order, and the last avatar is published; another one, a second \
            or more later, ends it at once.
            """)

    @Option(name: .shortAndLong, help: "What to watch.") var source: String
    @Option(name: .shortAndLong, help: "The directory to publish into; it is created.") var output: String
    @Option(help: "Name of the published files.") var subject = "avatar"
    @Option(
        name: .shortAndLong,
        help: "A preset by name (webcam, rtsp, photo, low-power, quality) or the path of a YAML file.")
    var preset: String?
    @Option(help: "The directory that set-up filled.") var models: String?
    @Flag(help: "End when the source ends, also a camera or a network source.") var untilEnd = false
    @Flag(help: "Play a file at its own pace, like a camera, instead of as fast as possible.") var realTime = false
    @Flag(help: "The source is a mirror image: left and right are put back.") var mirrored = false
    @Flag(help: "RTSP over UDP instead of TCP.") var udp = false
    @Flag(help: "Leave unseen skin smooth instead of synthesizing its fine structure (half a minute on two cores).")
    var noSynthesis = false
    @Flag(help: "Write skin without normal and roughness maps.") var noMaps = false
    @Option(help: "Write a picture of the result here (PNG): frame, fitted head, avatar from five sides.")
    var sheet: String?
    @Option(
        help: """
            Write the person's motion here, a line of JSON per frame: head pose, gaze and the 52 expression weights. A named \
            pipe loses lines that nobody reads; a file grows.
            """)
    var motion: String?
    @Option(
        help: """
            Show a live page, figures and the avatar over HTTP at this address: 127.0.0.1:8080, [::1]:8080; port 0 takes a \
            free one and the log names it.
            """)
    var http: String?
    @Flag(name: .shortAndLong, help: "Log more.") var verbose = false

    func validate() throws {
        do { try Publishing.checkSubject(subject) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        VideoReader.prepare()
        var configuration = Configuration()
        do {
            if let preset { configuration = try Configuration(preset: preset, directories: Places.presets()) }
        } catch {
            throw Failure(error)
        }
        if mirrored { configuration.video.mirrored = true }
        if udp { configuration.video.rtspTransport = "udp" }
        if noSynthesis { configuration.texture.synthesis = false }
        if noMaps { configuration.texture.maps = false }
        if let http { configuration.http.address = http }
        LoggingSystem.bootstrap { _ in StderrLog() }
        var logger = Logger(label: "likenessd")
        logger.logLevel = verbose ? .debug : .info
        let directory = Places.models(option: models)
        let report = Report()
        var settings = RunSettings(
            source: VideoSource(parsing: try Secrets.expand(source)), output: output, subject: subject,
            untilEnd: untilEnd, realTime: realTime, motion: motion)
        var server: HTTPService?
        if !configuration.http.address.isEmpty {
            let feed = MotionFeed()
            settings.motionFeed = feed
            server = try await HTTPService(
                configuration.http,
                subjects: [
                    PublishedSubject(
                        name: subject, output: output, source: settings.source.description, report: report, motion: feed
                    )
                ], webDirectory: directory + "/web", logger: logger)
        }
        let pipeline = Pipeline(
            settings: settings, configuration: configuration,
            models: try LoadedModels(directory: directory, texture: configuration.texture),
            report: report, logger: logger)
        report.update { $0.modelsLoaded = true }
        let stop = StopSignal()
        let signals = Signals(stop, logger: logger)
        let status = Task { await Self.showStatus(report, logger) }
        let start = ContinuousClock.now
        defer { signals.end() }
        let finished: FinishedAvatar?
        do {
            finished = try await pipeline.run(stop: stop)
        } catch {
            status.cancel()
            await server?.stop()
            throw error
        }
        status.cancel()
        await server?.stop()
        Terminal.clearStatus()
        let spent = ContinuousClock.now - start
        let counters = report.now
        let files = (0..<max(counters.people, 1)).map { "\(output)/\(settings.subject(ofPerson: $0)).glb" }
        print(
            StatusLine.summary(
                counters, seconds: Double(spent.components.seconds) + Double(spent.components.attoseconds) * 1e-18,
                output: counters.edition == nil && finished == nil ? nil : files.joined(separator: ", ")))
        if let sheet, let finished {
            do {
                try Data(ResultSheet.image(of: finished).png()).write(to: URL(fileURLWithPath: sheet))
            } catch {
                throw Failure(.cannotCreate, "cannot write \(sheet): \(error.localizedDescription)")
            }
            print("sheet: \(sheet)")
        }
        if finished == nil, !stop.isGiven {
            throw Failure(.noFace, Self.whyNothing(settings.source.description, counters))
        }
    }

    private static func whyNothing(_ source: String, _ c: Counters) -> String {
        guard c.framesWithFace > 0 else {
            return "\(source): no face in any of \(c.framesObserved) frames; "
                + "the face must be in front of the camera, well lit and not turned away"
        }
        let reasons = c.rejections.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }
        return "\(source): a face in \(c.framesWithFace) frames but none usable: \(reasons.joined(separator: ", "))"
            + "; come nearer, hold still and give more light"
    }

    private static func showStatus(_ report: Report, _ logger: Logger) async {
        var ticks = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            if Task.isCancelled { return }
            ticks += 1
            if Terminal.isInteractive {
                Terminal.showStatus(StatusLine.text(report.now))
            } else if ticks % 40 == 0 {
                logger.info("\(StatusLine.text(report.now))")
            }
        }
    }
}

/// The first signal asks for an orderly end; one that comes a second or more after it ends at once. `timeout`, shells
/// and terminals give the same signal to a process and to its group: within the second it is the same request.
final class Signals {
    private let sources: [any DispatchSourceSignal]

    init(_ stop: StopSignal, logger: Logger) {
        let queue = DispatchQueue(label: "signals")
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                guard let given = stop.given else {
                    logger.info("ending: the last avatar is being finished; once more to end at once")
                    stop.give()
                    return
                }
                if ContinuousClock.now - given >= .seconds(1) { _exit(128 + number) }
            }
            source.resume()
            return source
        }
    }

    func end() { for source in sources { source.cancel() } }
}
