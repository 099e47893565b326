package import Logging
internal import Video

/// Several stations in one process. Each has its own pipeline; one that fails is told of, and the others go on.
package struct Daemon: Sendable {
    /// How one station ended.
    package struct Ending: Sendable {
        package let station: Station
        /// `nil` where nothing was published, or it failed.
        package let finished: LastAvatar?
        package let failure: Failure?
        package let spent: Duration
    }

    package let stations: [Station]
    private let pipelines: [Pipeline]
    private let logger: Logger

    /// Loads what all need, before any source is opened.
    package init(stations: [Station], models shelf: ModelShelf, logger: Logger) throws(Failure) {
        precondition(!stations.isEmpty, "a daemon without a station")
        self.stations = stations
        self.logger = logger
        let turns = Turns()
        var pipelines: [Pipeline] = []
        for station in stations {
            var logger = logger
            if stations.count > 1 { logger[metadataKey: "subject"] = "\(station.subject)" }
            pipelines.append(
                station.pipeline(
                    models: try shelf.models(for: station.configuration.texture), logger: logger, turns: turns))
        }
        self.pipelines = pipelines
    }

    /// Runs until every source has ended or failed, or `stop` is given and all have published their last avatar.
    /// - Parameter ended: called when a station has ended, while others may go on.
    /// - Returns: in the order of the stations.
    package func run(stop: StopSignal, ended: @escaping @Sendable (Ending) -> Void = { _ in }) async -> [Ending] {
        await withTaskGroup(of: (Int, Ending).self) { group in
            for (index, pipeline) in pipelines.enumerated() {
                group.addTask {
                    let ending = await Self.run(pipeline, stations[index], stop: stop)
                    if let failure = ending.failure, stations.count > 1 {
                        pipeline.logger.error(
                            "\(failure.description)", metadata: ["status": "\(failure.code.rawValue)"])
                    }
                    ended(ending)
                    return (index, ending)
                }
            }
            var endings: [Int: Ending] = [:]
            for await (index, ending) in group { endings[index] = ending }
            return stations.indices.compactMap { endings[$0] }
        }
    }

    private static func run(_ pipeline: Pipeline, _ station: Station, stop: StopSignal) async -> Ending {
        // A pipeline stops itself when it fails, and only itself.
        let own = StopSignal()
        stop.whenGiven { own.give() }
        let start = ContinuousClock.now
        do {
            let finished = try await pipeline.run(stop: own, pause: station.pause)
            let missing = finished == nil && !stop.isGiven
            return Ending(
                station: station, finished: finished, failure: missing ? station.nothingSeen : nil,
                spent: ContinuousClock.now - start)
        } catch {
            let failure = error as? Failure ?? Failure(.software, "\(error)")
            station.report.failed(failure)
            return Ending(station: station, finished: nil, failure: failure, spent: ContinuousClock.now - start)
        }
    }

    /// What the process ends with: a single station's own failure, or of several the most serious status.
    package static func failure(of endings: [Ending]) -> Failure? {
        let failed = endings.compactMap { ending in ending.failure.map { (ending.station.subject, $0) } }
        guard endings.count > 1 else { return failed.first?.1 }
        guard let worst = failed.max(by: { $0.1.code.seriousness < $1.1.code.seriousness }) else { return nil }
        let names = failed.map { "\($0) (\($1.code.meaning))" }.joined(separator: ", ")
        return Failure(worst.1.code, "\(failed.count) of \(endings.count) sources failed: \(names)")
    }
}

extension Station {
    /// No avatar came of it, and nobody had stopped it.
    fileprivate var nothingSeen: Failure {
        let counters = report.now
        let source = settings.source.description
        guard counters.framesWithFace > 0 else {
            return Failure(
                .noFace,
                "\(source): no face in any of \(counters.framesObserved) frames; "
                    + "the face must be in front of the camera, well lit and not turned away")
        }
        let reasons = counters.rejections.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }
        return Failure(
            .noFace,
            "\(source): a face in \(counters.framesWithFace) frames but none usable: \(reasons.joined(separator: ", "))"
                + "; come nearer, hold still and give more light")
    }
}
