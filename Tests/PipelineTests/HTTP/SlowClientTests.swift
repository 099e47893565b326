import Foundation
import Pipeline
import Testing

/// Clients that take nothing, say nothing, or never stop. Truth: the limits that the server was given.
@Suite(.ownThreads, .patient(minutes: 3), .serialized) struct SlowClientTests {
    private static let avatar = [UInt8](repeating: 7, count: 8_000_000)

    private static var quick: HTTPLimits {
        var limits = HTTPLimits()
        (limits.requestSeconds, limits.stallSeconds) = (1, 2)
        return limits
    }

    /// Bytes that this process holds, from /proc.
    private static var resident: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }

    @Test func aHundredSlowClientsTakeNoMemoryAndNoTime() async throws {
        let served = try await Served(limits: Self.quick)
        try served.publish(Self.avatar)
        served.motion.begin(header: "{}")
        let before = Self.resident
        let clients = try (0..<100).map { i -> Wire in
            let wire = try Wire(port: served.port, window: 4096)
            let path = ["/subjects/anna.glb", "/subjects/anna/events", "/subjects/anna/motion"][i % 3]
            wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return wire
        }
        let line = String(repeating: "x", count: 500)
        let start = ContinuousClock.now
        for _ in 0..<2000 { served.motion.send(line, person: 0) }
        #expect(ContinuousClock.now - start < .seconds(5 * Patience.times), "making events does not wait for clients")
        // Everybody else is served as ever.
        for _ in 0..<5 { #expect(try Wire.ask(served.port, "/healthz").status == 200) }
        #expect(try Wire.ask(served.port, "/subjects/anna.glb").body.count == Self.avatar.count)
        // A sanitizer keeps what was given back, and a border around what was not.
        let most = Patience.times > 1 ? 240_000_000 : 80_000_000
        #expect(Self.resident - before < most, "\((Self.resident - before) / 1_000_000) MB")
        // Those who take nothing of the file, or of a torrent of motion, are gone after the stall; events go on.
        for _ in 0..<200 where Self.connections(served) > 40 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(Self.connections(served) <= 40, "\(Self.connections(served)) connections")
        _ = clients
        await served.service.stop()
    }

    private static func connections(_ served: Served) -> Int {
        let metrics = (try? Wire.ask(served.port, "/metrics").text) ?? ""
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("likeness_http_connections ") }
        return line.flatMap { Int($0.split(separator: " ")[1]) } ?? Int.max
    }

    @Test func aRequestHasToCome() async throws {
        let served = try await Served(limits: Self.quick)
        served.report.update { $0.source = .closed(.paused) }
        let silent = try Wire(port: served.port)
        let dripping = try Wire(port: served.port)
        let start = ContinuousClock.now
        for character in "GET /healthz HTTP/1.1\r\nHost: loc" {
            dripping.send(String(character))
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(silent.receiveAll().isEmpty && dripping.receiveAll().isEmpty)
        // Seconds by themselves; other tests on the same two cores can hold this one up for a minute.
        #expect(ContinuousClock.now - start < .seconds(180 * Patience.times))
        // One that is kept alive may ask again, and is closed when it does not.
        let idle = try Wire(port: served.port)
        for _ in 0..<2 {
            idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(idle.receive(until: "ok\n").contains("200 OK"))
        }
        #expect(idle.receiveAll().isEmpty)
        await served.service.stop()
    }

    /// A client that has the beginning of an avatar and takes no more by itself.
    private static func sending(stopSeconds: Double) async throws -> (served: Served, wire: Wire, first: [UInt8]) {
        var limits = HTTPLimits()
        limits.stopSeconds = stopSeconds
        let served = try await Served(limits: limits)
        try served.publish(avatar)
        let wire = try Wire(port: served.port, window: 4096)
        wire.send("GET /subjects/anna.glb HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return (served, wire, wire.receive(100))
    }

    @Test func whatIsBeingSentComesWholeWhenTheServerStops() async throws {
        let (served, wire, first) = try await Self.sending(stopSeconds: 60)
        let events = try Wire(port: served.port)
        events.send("GET /subjects/anna/motion HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(events.receive(until: "\r\n\r\n").contains("200 OK"))
        let port = served.port
        async let stopped: Void = served.service.stop()
        // Nobody new is let in, and what has begun goes on.
        while (try? Wire(port: port)) != nil { try await Task.sleep(for: .milliseconds(10)) }
        let whole = try Wire.response(first + wire.receiveAll())
        #expect(whole.status == 200 && whole.body == Self.avatar, "\(whole.body.count) bytes")
        await stopped
        #expect(events.receiveAll().isEmpty)
    }

    @Test func aClientThatTakesNothingDoesNotHoldTheEnd() async throws {
        let (served, wire, first) = try await Self.sending(stopSeconds: 0.2)
        await served.service.stop()
        #expect(try Wire.response(first + wire.receiveAll()).body.count < Self.avatar.count)
    }

    @Test func requestsAreSmall() async throws {
        let served = try await Served()
        let long = String(repeating: "a", count: 40_000)
        #expect([400, 413, 431].contains(try Wire.ask(served.port, "/", ["X-Long: \(long)"]).status))
        let many = (0..<200).map { "X-\($0): 1" }
        #expect([400, 413, 431].contains(try Wire.ask(served.port, "/", many).status))
        let body = try Wire.ask(served.port, "/", ["Content-Length: 100000"], body: long)
        #expect(body.status == 413)
        let chunks = try Wire.ask(served.port, "/", ["Transfer-Encoding: chunked"], body: "9c40\r\n\(long)\r\n")
        #expect(chunks.status == 413)
        for nonsense in ["\r\n\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}", "GET / HTTP/9.9\r\n\r\n"] {
            let wire = try Wire(port: served.port, seconds: 3)
            wire.send(nonsense)
            shutdown(wire.descriptor, Int32(SHUT_WR))
            let text = String(decoding: wire.receiveAll(), as: UTF8.self)
            #expect(text.isEmpty || text.contains(" 400 ") || text.contains(" 505 "), "\(text.prefix(60))")
        }
        #expect(try Wire.ask(served.port, "/healthz").status == 200)
        await served.service.stop()
    }

    @Test func thereAreSoManyAndNoMore() async throws {
        var limits = HTTPLimits()
        limits.connections = 5
        let served = try await Served(limits: limits)
        let few = try (0..<5).map { _ in try Wire(port: served.port) }
        for wire in few { wire.send("GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        for wire in few { #expect(wire.receive(until: "retry").contains("200 OK")) }
        let more = try Wire(port: served.port, seconds: 5)
        more.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(more.receiveAll().isEmpty)
        shutdown(few[0].descriptor, Int32(SHUT_RDWR))
        var status = 0
        for _ in 0..<50 where status != 200 {
            try await Task.sleep(for: .milliseconds(20))
            status = (try? Wire.ask(served.port, "/healthz").status) ?? 0
        }
        #expect(status == 200)
        await served.service.stop()
    }
}
