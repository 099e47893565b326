package import Logging
internal import Video

/// The one server of a process. It stays when the settings are read again, unless they change what it shows or where.
package actor Serving {
    private struct Shown: Equatable {
        var settings: Configuration.HTTP
        var stations: [[String]]
    }

    private let webDirectory: String
    private let logger: Logger
    private var shown: Shown?
    private var service: HTTPService?

    /// - Parameter webDirectory: holds three.js.
    package init(webDirectory: String, logger: Logger) {
        self.webDirectory = webDirectory
        self.logger = logger
    }

    /// Serves these from here on, or nothing where no address is given. Where that fails after the settings were read again,
    /// it is told, and what was served before is served on.
    package func serve(_ stations: [Station]) async throws(Failure) {
        guard let settings = stations.first?.configuration.http else { return }
        let new = Shown(
            settings: settings,
            stations: stations.map { [$0.avatar, $0.settings.source.description, "\($0.settings.isLive)"] })
        if new == shown { return }
        let before = shown?.settings
        await stop()
        do throws(Failure) {
            shown = new
            service = try await start(settings, stations)
        } catch {
            guard let before else { throw error }
            logger.error("\(error.description); http stays as it was")
            // So the same settings are tried again when they are read again.
            shown = Shown(settings: before, stations: new.stations)
            do throws(Failure) { service = try await start(before, stations) } catch {
                logger.error("nothing is served: \(error.description)")
                shown = Shown(settings: Configuration.HTTP(), stations: new.stations)
            }
        }
    }

    private func start(
        _ settings: Configuration.HTTP, _ stations: [Station]
    ) async throws(Failure) -> HTTPService? {
        if settings.address.isEmpty { return nil }
        return try await HTTPService(
            settings, subjects: stations.map(PublishedSubject.init), webDirectory: webDirectory, logger: logger)
    }

    package func stop() async {
        await service?.stop()
        service = nil
    }
}

extension PublishedSubject {
    fileprivate init(_ station: Station) {
        let pause = station.pause
        self.init(
            name: station.subject, output: station.settings.output, source: station.settings.source.description,
            report: station.report, isLive: station.settings.isLive, motion: station.motionFeed
        ) { control in
            switch control {
            case .pause: pause.pause()
            case .resume: pause.resume()
            }
            return true
        }
    }
}
