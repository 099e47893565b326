package import Logging
internal import Video

/// One source with its subject: what it is asked to do, how, and what came of it so far. Two are equal that are asked for the
/// same.
package struct Station: Sendable, Equatable {
    package var settings: RunSettings
    package let configuration: Configuration
    package let report: Report
    package let pause: PauseSignal
    /// Where motion is served.
    package let motionFeed: MotionFeed?

    package var subject: String { settings.subject }

    package init(
        settings: RunSettings, configuration: Configuration, report: Report = Report(),
        pause: PauseSignal = PauseSignal(), motionFeed: MotionFeed? = nil
    ) {
        self.settings = settings
        self.configuration = configuration
        self.report = report
        self.pause = pause
        self.motionFeed = motionFeed ?? (configuration.http.address.isEmpty ? nil : MotionFeed())
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.settings == b.settings && a.configuration == b.configuration
    }

    /// What it publishes, among the stations of a process.
    var avatar: String { "\(settings.output)/\(subject)" }

    /// The same with what an earlier one has counted, and its pause.
    func continuing(_ earlier: Station) -> Station {
        Station(
            settings: settings, configuration: configuration, report: earlier.report, pause: earlier.pause,
            motionFeed: configuration.http.address.isEmpty ? nil : earlier.motionFeed)
    }

    /// Looks the names of secrets up.
    package init(_ source: SourceConfiguration) throws(Failure) {
        func expanded(_ text: String, _ key: String) throws(Failure) -> String {
            try Secrets.expand(text, of: key + (source.said[key].map { " (\($0.origin))" } ?? ""))
        }
        var configuration = source.configuration
        // What is of the whole program looks its names up itself.
        for key in ConfigurationKeys.ofSections where key.place != .top {
            guard case .text(let text)? = key.read?(configuration), Secrets.areNamed(in: text) else { continue }
            let value = ConfigurationValue.text(try expanded(text, key.path))
            guard key.takes(value) else {
                throw Failure(
                    .configuration, "\(key.path), once its secret is looked up, is wrong: give \(key.expected)")
            }
            key.write?(&configuration, value)
        }
        let subject = try expanded(source.subject, "subject")
        do { try Publishing.checkSubject(subject) } catch { throw Failure(.configuration, error.description) }
        var settings = RunSettings(
            source: VideoSource(parsing: try expanded(source.source, "source")),
            output: try expanded(source.output, "output"), subject: subject, untilEnd: source.untilEnd,
            realTime: source.realTime,
            motion: try source.motion.map { motion throws(Failure) in try expanded(motion, "motion") })
        settings.waitsForSource = source.waits
        settings.isEnrolled = source.isEnrolled
        settings.state = Places.state(
            configured: configuration.state.directory, output: settings.output, keepsByDefault: settings.source.isLive)
        settings.made = [settings.motion].compactMap { $0 }
        self.init(settings: settings, configuration: configuration)
    }

    package func pipeline(models: LoadedModels, logger: Logger, turns: Turns) -> Pipeline {
        var pipeline = Pipeline(
            settings: settings, configuration: configuration, models: models, report: report, logger: logger,
            turns: turns)
        pipeline.motionFeed = motionFeed
        return pipeline
    }
}
