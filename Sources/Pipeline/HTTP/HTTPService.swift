internal import Foundation
package import Logging

/// The page, the figures and the avatars of all subjects over HTTP, beside the pipelines and without ever slowing them.
package final class HTTPService: Sendable {
    /// Where it listens, with the port that the system chose.
    package let address: HTTPAddress
    private let server: HTTPServer
    private let editions: EditionFeed
    private let ticking: Task<Void, Never>

    /// - Parameters:
    ///   - settings: `settings.address` must not be empty.
    ///   - webDirectory: holds three.js.
    /// - Throws: `Failure` 78 for settings that cannot be served safely, 69 where the address cannot be bound.
    package init(
        _ settings: Configuration.HTTP, subjects: [PublishedSubject], webDirectory: String,
        limits: HTTPLimits = HTTPLimits(), logger: Logger
    ) async throws(Failure) {
        if let problem = settings.problem { throw Failure(.configuration, problem) }
        guard let wanted = HTTPAddress(settings.address) else { preconditionFailure("there is no address to serve") }
        let token = settings.token.isEmpty ? nil : try Secrets.expand(settings.token)
        if let token, token.utf8.count < 16 {
            throw Failure(.configuration, "http.token names a secret of fewer than 16 characters: give a longer one")
        }
        let rules = AccessRules(
            isLoopback: wanted.isLoopback, allowedHosts: settings.allowedHosts, token: token,
            controls: settings.controls)
        let (editions, moments) = (EditionFeed(), Moments(subjects))
        let endpoints = Endpoints(
            subjects: subjects, page: PageFiles(webDirectory: webDirectory), editions: editions, moments: moments,
            controls: settings.controls)
        do throws(FileSystemError) {
            server = try await HTTPServer(host: wanted.numericHost, port: wanted.port, limits: limits) {
                request, traffic in
                switch rules.verdict(on: request) {
                case .refused(var response):
                    response.headers += Endpoints.always + [Endpoints.noStore]
                    return response
                case .allowed:
                    return await endpoints.answer(request, traffic: traffic)
                }
            }
        } catch {
            throw Failure(
                .unavailable,
                "cannot listen on \(wanted): \(String(cString: strerror(error.code))); choose another http.address")
        }
        address = HTTPAddress(host: wanted.host, port: server.port)
        self.editions = editions
        ticking = Task(executorPreference: StageExecutor("http.ticking")) {
            var ticks = 0
            while !Task.isCancelled {
                editions.poll()
                if ticks % 2 == 0 { moments.look() }
                ticks += 1
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        logger.info("serving", metadata: ["page": "http://\(address)/"])
    }

    /// Ends all streams and connections.
    package func stop() async {
        ticking.cancel()
        editions.finish()
        await server.stop()
    }
}
