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

    /// Serves these from here on, or nothing where no address is given.
    package func serve(_ stations: [Station]) async throws(Failure) {
        guard let settings = stations.first?.configuration.http else { return }
        let new = Shown(
            settings: settings,
            stations: stations.map { [$0.avatar, $0.settings.source.description, "\($0.settings.isLive)"] })
        if new == shown { return }
        await stop()
        shown = new
        if settings.address.isEmpty { return }
        service = try await HTTPService(
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
