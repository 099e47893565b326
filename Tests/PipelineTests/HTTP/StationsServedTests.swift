import Foundation
import Logging
import Pipeline
import Tensors
import Testing
import Video

/// Several sources behind one server. Truth: the configuration, and the files of each.
@Suite(.ownThreads, .serialized) struct StationsServedTests {
    /// One that nobody listens on at this moment.
    private static func freePort() throws -> Int {
        let listener = try Listener()
        return listener.port
    }

    /// Holds a port of the loopback address while it lives.
    private final class Listener {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        private(set) var port = 0

        init() throws {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(bound)
            port = Int(UInt16(bigEndian: address.sin_port))
        }

        deinit { close(descriptor) }
    }

    private static func station(_ subject: String, port: Int) -> Station {
        var configuration = Configuration()
        configuration.http.address = "127.0.0.1:\(port)"
        return Station(
            settings: RunSettings(
                source: .file(path: "\(subject).mp4"), output: "out", subject: subject, untilEnd: false, realTime: false
            ),
            configuration: configuration)
    }

    private static func names(_ port: Int) throws -> [String] {
        let status = try Wire.ask(port, "/api/status").text
        return status.matches(of: /"name":"([^"]+)"/).map { String($0.1) }
    }

    @Test func theServerStaysUnlessWhatItShowsChanges() async throws {
        let serving = Serving(webDirectory: "/nowhere", logger: Logger(label: "test"))
        let port = try Self.freePort()
        try await serving.serve([Self.station("anna", port: port), Self.station("ben", port: port)])
        #expect(try Self.names(port) == ["anna", "ben"])
        let listener = try Wire(port: port)
        listener.send("GET /subjects/ben/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(listener.receive(until: "retry").contains("200 OK"))
        // The same once more: whoever listens does not notice.
        try await serving.serve([Self.station("anna", port: port), Self.station("ben", port: port)])
        #expect(try Self.names(port) == ["anna", "ben"])
        try await serving.serve([Self.station("ben", port: port), Self.station("cleo", port: port)])
        #expect(listener.receiveAll() == Array("0\r\n\r\n".utf8), "another list, and the old stream goes on")
        #expect(try Self.names(port) == ["ben", "cleo"])
        #expect(try Wire.ask(port, "/subjects/anna.glb").status == 404)
        await serving.stop()
        #expect(throws: Wire.Refused.self) { try Wire(port: port) }
    }

    @Test func anAddressThatIsTakenLeavesWhatWasServed() async throws {
        let serving = Serving(webDirectory: "/nowhere", logger: Logger(label: "test"))
        let (port, other) = (try Self.freePort(), try Listener())
        // There is nothing to fall back to at the start.
        await #expect(throws: Failure.self) { try await serving.serve([Self.station("anna", port: other.port)]) }
        try await serving.serve([Self.station("anna", port: port)])
        try await serving.serve([Self.station("ben", port: other.port)])
        // The new subjects at the old address.
        #expect(try Self.names(port) == ["ben"])
        await serving.stop()
    }

    @Test(.patient(minutes: 4), .enabled(if: Models.present, Models.missing)) func eachHasItsOwnAvatarAndItsOwnPause()
        async throws
    {
        let place = TemporaryDirectory()
        let (path, port) = (place.path + "/daemon.yaml", try Self.freePort())
        func configure(_ sources: [String]) throws {
            let yaml = """
                output: \(place.path)/out
                realTime: true
                texture: {size: 256, synthesis: false}
                http: {address: "127.0.0.1:\(port)", controls: true}
                sources:

                """
            let lines = sources.map {
                "  - {subject: \($0), enrolled: true, source: \(Film.long), output: \(place.path)/\($0)}"
            }
            try Data((yaml + lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        }
        func wait(_ what: String, until done: () throws -> Bool) async throws {
            // The test's own limit of time ends it.
            while (try? done()) != true {
                try #require(process.isRunning, "\(what): it ended")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        func control(_ subject: String, _ what: String) throws {
            let answer = try Wire.ask(port, "/subjects/\(subject)/\(what)", method: "POST")
            #expect(answer.status == 200, "\(answer.text)")
        }
        func state(_ subject: String) throws -> String {
            let metrics = try PrometheusText(try Wire.ask(port, "/metrics").text)
            return SourceState.names.first {
                metrics.value("likeness_source_state", ["subject": subject, "state": $0]) == 1
            } ?? "none"
        }
        /// Once it is served: the subject's own bytes.
        func isPublished(_ subject: String) throws -> Bool {
            let answer = try Wire.ask(port, "/subjects/\(subject).glb")
            guard answer.status == 200 else { return false }
            #expect(answer.headers["etag"] == "\"\(SHA256.hex(of: answer.body))\"")
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/\(subject)")
            #expect(
                try files.contains {
                    try $0.hasSuffix(".glb")
                        && Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(subject)/\($0)"))
                            == Data(answer.body)
                })
            return true
        }
        try configure(["anna", "ben", "dora"])
        let process = try Program.start(["run", "--config", path, "--models", Models.path])
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await wait("server") { try Self.names(port) == ["anna", "ben", "dora"] }
        for subject in ["ben", "dora"] { try control(subject, "pause") }
        try await wait("anna's avatar") { try isPublished("anna") }
        try await wait("pauses") { try state("ben") == "paused" && state("dora") == "paused" }
        #expect(try Wire.ask(port, "/subjects/dora.glb").status == 404)
        try control("ben", "resume")
        try await wait("ben's avatar") { try isPublished("ben") }

        // Read again: one goes, one comes, and whoever was paused stays so.
        try configure(["cleo", "dora"])
        kill(process.processIdentifier, SIGHUP)
        try await wait("other subjects") { try Self.names(port) == ["cleo", "dora"] }
        try await wait("cleo's avatar") { try isPublished("cleo") }
        #expect(try state("dora") == "paused" && Wire.ask(port, "/subjects/anna.glb").status == 404)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0, "\(process.terminationStatus)")
    }
}
