internal import ArgumentParser
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

            Instead of --source and --output, --config names a file with any number of sources and every setting. Every \
            key can be overridden: by --set texture.size=512 (for one of several sources --set sources.0.texture.size=512, \
            or by its subject), or by LIKENESS_TEXTURE_SIZE in the environment. Later ones win: defaults, preset, file, \
            environment, command line.

            Without a terminal, SIGHUP and a change of a settings' or preset's file make it read its settings again: it ends in \
            order and goes on with the new ones, and its models stay loaded. Under systemd it tells how it stands (sd_notify).

            The first SIGINT or SIGTERM ends the run in order, and the last avatar is published; another one, a second \
            or more later, ends it at once. SIGUSR1 closes the camera until SIGUSR2 (also likenessd pause and resume); \
            where checkpoints are kept a pause outlives the process.
            """)

    @Option(name: .shortAndLong, help: "What to watch.") var source: String?
    @Option(name: .shortAndLong, help: "The directory to publish into; it is created.") var output: String?
    @Option(help: "Name of the published files (default: avatar).") var subject: String?
    @Option(name: .shortAndLong, help: "A file with all settings and any number of sources.") var config: String?
    @Option(name: .customLong("set"), help: "Override a key, as in texture.size=512; may be given again and again.")
    var assignments: [String] = []
    @Flag(help: "Print the effective configuration, every key explained and without secrets, and end.")
    var printConfig = false
    @Option(
        name: .shortAndLong,
        help: "A preset by name (webcam, rtsp, photo, low-power, quality) or the path of a YAML file.")
    var preset: String?
    @Option(help: "The directory that set-up filled.") var models: String?
    @Flag(help: "End when the source ends, also a camera or a network source.") var untilEnd = false
    @Flag(help: "Wait for a camera that is not there yet, instead of failing: for services.") var wait = false
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
            The directory of checkpoints, which a restart goes on from; readable by its owner only. Without it: the \
            configuration's, systemd's state directory, OUTPUT/.likeness-state for a camera, and none for a file. \
            none: keep none.
            """)
    var state: String?
    @Option(
        help: """
            Show a live page, figures and the avatar over HTTP at this address: 127.0.0.1:8080, [::1]:8080; port 0 takes a \
            free one and the log names it.
            """)
    var http: String?
    @Flag(name: .shortAndLong, help: "Log more.") var verbose = false

    func validate() throws {
        if let subject {
            do { try Publishing.checkSubject(subject) } catch { throw ValidationError("\(error)") }
        }
        // Who names no file must say these two somewhere; what is wrong with a file is a fault of the configuration.
        for (key, option) in [("source", source), ("output", output)] where config == nil && option == nil {
            let variable = ProcessInfo.processInfo.environment[ConfigurationKeys.environmentName(key)] ?? ""
            let isSaid = !variable.isEmpty || assignments.contains { $0.hasPrefix("\(key)=") }
            guard isSaid else {
                throw ValidationError("Missing expected argument '--\(key) <\(key)>', or --config <file>")
            }
        }
    }

    /// What the options say, as a layer over everything else.
    private var options: Overrides {
        var options = Overrides()
        let texts = [
            ("source", source), ("output", output), ("subject", subject), ("preset", preset), ("motion", motion),
        ]
        for (key, text) in texts { if let text { options.set(key, .text(text), "--\(key)") } }
        if untilEnd { options.set("untilEnd", .flag(true), "--until-end") }
        if let http { options.set("http.address", .text(http), "--http") }
        if let state { options.set("state.directory", .text(state), "--state") }
        if wait { options.set("wait", .flag(true), "--wait") }
        if realTime { options.set("realTime", .flag(true), "--real-time") }
        if mirrored { options.set("video.mirrored", .flag(true), "--mirrored") }
        if udp { options.set("video.rtspTransport", .text("udp"), "--udp") }
        if noSynthesis { options.set("texture.synthesis", .flag(false), "--no-synthesis") }
        if noMaps { options.set("texture.maps", .flag(false), "--no-maps") }
        return options
    }

    /// Everything that was said, put together.
    private func asked() throws(Failure) -> DaemonConfiguration {
        do {
            return try DaemonConfiguration(
                path: config, environment: ProcessInfo.processInfo.environment, assignments: assignments,
                options: options)
        } catch {
            throw Failure(error)
        }
    }

    /// What was said, with its secrets looked up.
    private func stations() throws -> [Station] {
        let asked = try asked()
        if sheet != nil, asked.sources.count > 1 { throw Failure(.usage, "--sheet is for a single source") }
        _ = try asked.sources.first.map { source throws(Failure) in
            try Secrets.expand(source.configuration.http.token, of: "http.token")
        }
        return try asked.sources.map { source throws(Failure) in
            var station = try Station(source)
            station.settings.made += [sheet].compactMap { $0 }
            return station
        }
    }

    func run() async throws {
        let asked = try asked()
        if printConfig { return print(asked.yaml(), terminator: "") }
        let stations = try stations()
        LoggingSystem.bootstrap { _ in StderrLog() }
        var logger = Logger(label: "likenessd")
        logger.logLevel = verbose ? .debug : .info
        for warning in asked.warnings { logger.warning("\(warning)") }
        if verbose { FFmpegLog.send { [logger] level, line in logger.debug("FFmpeg \(level): \(line)") } }
        let directory = Places.models(option: models)
        let shelf = ModelShelf(directory: directory)
        let serving = Serving(webDirectory: directory + "/web", logger: logger)
        let roster = Roster()
        let stop = StopSignal()
        let signals = Signals(stop, roster, logger: logger)
        let status = Task { [logger] in await Self.showStatus(roster, logger) }
        defer {
            status.cancel()
            signals.end()
        }
        let service = Service(logger: logger)
        service.watch(asked.files)
        let load: @Sendable () throws -> [Station] = {
            let stations = try self.stations()
            service.watch(try self.asked().files)
            return stations
        }
        let endings = try await service.run(stations, load: load, stop: stop) { [logger] asked, stop in
            let stations = roster.replace(by: asked)
            try await serving.serve(stations)
            let daemon = try Daemon(stations: stations, models: shelf, logger: logger)
            service.supervision.watch(
                stations.map { (stations.count > 1 ? $0.subject : "", $0.settings.isLive, $0.report) })
            return await daemon.run(stop: stop)
        }
        await serving.stop()
        status.cancel()
        Terminal.clearStatus()
        for ending in endings { try show(ending, named: endings.count > 1) }
        if let failure = Daemon.failure(of: endings) { throw failure }
    }

    /// The summary of a source that was read to its end, or as far as was wanted.
    private func show(_ ending: Daemon.Ending, named: Bool) throws(Failure) {
        if let failure = ending.failure, failure.code != .noFace { return }
        let counters = ending.station.report.now
        let settings = ending.station.settings
        let files = (0..<max(counters.people, 1)).map { "\(settings.output)/\(settings.subject(ofPerson: $0)).glb" }
        let isPublished = counters.edition != nil || ending.finished != nil
        if named { print("\(settings.subject): \(settings.source)") }
        print(
            StatusLine.summary(
                counters,
                seconds: Double(ending.spent.components.seconds) + Double(ending.spent.components.attoseconds) * 1e-18,
                output: isPublished ? files.joined(separator: ", ") : nil))
        guard let sheet, let finished = ending.finished else { return }
        do {
            try Data(ResultSheet.image(of: finished).png()).write(to: URL(fileURLWithPath: sheet))
        } catch {
            throw Failure(.cannotCreate, "cannot write \(sheet): \(error.localizedDescription)")
        }
        print("sheet: \(sheet)")
    }

    private static func showStatus(_ roster: Roster, _ logger: Logger) async {
        var ticks = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            if Task.isCancelled { return }
            ticks += 1
            let stations = roster.stations
            guard !stations.isEmpty else { continue }
            if Terminal.isInteractive {
                // Several take turns on the one line.
                let station = stations[ticks / 12 % stations.count]
                Terminal.showStatus(line(station, named: stations.count > 1))
            } else if ticks % 40 == 0 {
                for station in stations { logger.info("\(line(station, named: stations.count > 1))") }
            }
        }
    }

    private static func line(_ station: Station, named: Bool) -> String {
        (named ? "\(station.subject): " : "") + StatusLine.text(station.report.now)
    }
}
