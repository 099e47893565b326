import Foundation
import Logging
import Pipeline

/// A directory with editions, served by the real server on a free port.
final class Served: Sendable {
    let place = TemporaryDirectory()
    let report = Report()
    let motion = MotionFeed()
    let service: HTTPService
    var port: Int { service.address.port }

    /// - Parameter web: where three.js lies.
    init(
        _ settings: Configuration.HTTP = .onFreePort, limits: HTTPLimits = HTTPLimits(), web: String = "/nowhere",
        control: (@Sendable (PublishedSubject.Control) async -> Bool)? = nil
    ) async throws {
        let output = place.path
        let subject = PublishedSubject(
            name: "anna", output: output, source: "a test", report: report, motion: motion, control: control)
        service = try await HTTPService(
            settings, subjects: [subject], webDirectory: web, limits: limits, logger: Logger(label: "test"))
    }

    /// Publishes as the pipeline does.
    @discardableResult func publish(_ file: [UInt8], coverage: Double = 0.5) throws -> Manifest {
        var directory = try AvatarDirectory(
            path: place.path, subject: "anna", keep: 10)
        return try directory.publish(file) { edition, name, digest in
            var quality = AvatarQuality(coverage: coverage, confidence: 0.5, deviation: 1)
            (quality.seen, quality.refined, quality.inferred) = (coverage, 0, 1 - coverage)
            return Manifest(
                subject: "anna", edition: edition, file: name, stable: "anna.glb", sha256: digest, bytes: file.count,
                published: "2026-01-01T00:00:00Z", source: "a test", streamSeconds: 1, quality: quality, keyframes: 3,
                generator: Version.text, licences: [])
        }
    }
}

extension Configuration.HTTP {
    static var onFreePort: Self {
        var settings = Self()
        settings.address = "127.0.0.1:0"
        return settings
    }
}
