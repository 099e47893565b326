import Foundation
import Pipeline
import Tensors
import Testing

/// The real server over a real socket. Truth: RFC 9110 (HTTP), the HTML standard's event streams, and the files.
@Suite(.ownThreads, .patient(minutes: 4)) struct HTTPServiceTests {
    private static let avatar = Array("glTF".utf8) + (0..<300_000).map { UInt8($0 * 7 & 255) }

    @Test func theAvatarHasItsDigestAsTag() async throws {
        let served = try await Served()
        #expect(try Wire.ask(served.port, "/subjects/anna.glb").status == 404)
        let manifest = try served.publish(Self.avatar)
        let whole = try Wire.ask(served.port, "/subjects/anna.glb")
        #expect(whole.status == 200 && whole.body == Self.avatar)
        #expect(whole.headers["etag"] == "\"\(SHA256.hex(of: Self.avatar))\"")
        #expect(whole.headers["content-type"] == "model/gltf-binary" && whole.headers["x-edition"] == "1")
        let head = try Wire.ask(served.port, "/subjects/anna.glb", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] == "\(Self.avatar.count)")
        let known = try Wire.ask(served.port, "/subjects/anna.glb", ["If-None-Match: \"x\", W/\"\(manifest.sha256)\""])
        #expect(known.status == 304 && known.body.isEmpty && known.headers["etag"] == "\"\(manifest.sha256)\"")

        let better = Self.avatar + [1]
        try served.publish(better)
        let newer = try Wire.ask(served.port, "/subjects/anna.glb", ["If-None-Match: \"\(manifest.sha256)\""])
        #expect(newer.status == 200 && newer.body == better && newer.headers["x-edition"] == "2")
        #expect(try Wire.ask(served.port, "/subjects/anna.000001.glb").body == Self.avatar)
        #expect(try Wire.ask(served.port, "/subjects/anna.000002.glb").body == better)
        #expect(try Wire.ask(served.port, "/subjects/anna.000003.glb").status == 404)
        let json = try Wire.ask(served.port, "/subjects/anna.json")
        #expect(Manifest(json: json.body)?.edition == 2)
        await served.service.stop()
    }

    @Test func nothingElseOfTheDiskIsServed() async throws {
        let served = try await Served()
        try served.publish(Self.avatar)
        try Data("secret".utf8).write(to: URL(fileURLWithPath: served.place.path + "/other.glb"))
        symlink("/etc/hostname", served.place.path + "/anna.000009.glb")
        for path in [
            "/subjects/other.glb", "/subjects/../anna.glb", "/subjects/%2e%2e%2fanna.glb", "/subjects/anna.lock",
            "/subjects/.anna.lock", "/subjects/anna.glb/", "//anna.glb", "/subjects/anna.000009.glb",
            "/subjects/anna.0x1.glb", "/etc/passwd", "/three/../page.js", "/three/..%2fface.database", "*",
            "/subjects/anna%00.glb", "/subjects//events", "/subjects/anna.+00001.glb",
        ] {
            let answer = try Wire.ask(served.port, path)
            #expect(answer.status == 404, "\(path): \(answer.status) \(answer.text.prefix(80))")
        }
        await served.service.stop()
    }

    @Test func everyAnswerKeepsBrowsersInBounds() async throws {
        let served = try await Served()
        for path in ["/", "/page.js", "/api/status", "/metrics", "/healthz", "/nothing"] {
            let answer = try Wire.ask(served.port, path)
            #expect(answer.headers["x-content-type-options"] == "nosniff", "\(path)")
            #expect(
                answer.headers["cache-control"]
                    == (path.count > 1 && path != "/page.js" ? "no-store" : "private, no-cache"))
            let policy = try #require(answer.headers["content-security-policy"], "\(path)")
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
        }
        // The one script in the page's text is allowed by its digest, and there is no other.
        let page = try Wire.ask(served.port, "/")
        #expect(page.text.components(separatedBy: "<script").count == 3)
        #expect(page.headers["content-security-policy"]?.contains("'sha256-") == true)
        await served.service.stop()
    }

    @Test func eventsTellEveryNewEditionAndResume() async throws {
        let served = try await Served()
        try served.publish(Self.avatar)
        let wire = try Wire(port: served.port)
        wire.send("GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let first = wire.receive(until: "\"version\" : 1")
        #expect(first.contains("Content-Type: text/event-stream") && first.contains("id: 1\nevent: edition\ndata: {"))
        try served.publish(Self.avatar + [2])
        let second = wire.receive(until: "\"version\" : 1")
        #expect(second.contains("id: 2\n") && !second.contains("id: 1\n"))

        // Who has edition 2 hears of 3 only; who has 1 hears of 2 at once.
        let known = try Wire(port: served.port)
        known.send("GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 2\r\n\r\n")
        let late = try Wire(port: served.port)
        late.send("GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n")
        #expect(late.receive(until: "\"version\" : 1").contains("id: 2\n"))
        try await Task.sleep(for: .seconds(1))
        try served.publish(Self.avatar + [3])
        let resumed = known.receive(until: "\"version\" : 1")
        #expect(resumed.contains("id: 3\n") && !resumed.contains("id: 2\n"))
        // The end of the program is the end of the stream.
        await served.service.stop()
        #expect(wire.receive(until: "never").contains("id: 3\n"))
    }

    @Test func silentStreamsAreKeptAlive() async throws {
        var limits = HTTPLimits()
        limits.heartbeatSeconds = 0.2
        let served = try await Served(limits: limits)
        let wire = try Wire(port: served.port)
        wire.send("GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(wire.receive(until: ": still here\n\n").contains(": still here"))
        await served.service.stop()
    }

    @Test func motionIsTheNewestLine() async throws {
        let served = try await Served()
        #expect(!served.motion.isWanted)
        served.motion.begin(header: "{\"weights\":[]}\n")
        let wire = try Wire(port: served.port)
        wire.send("GET /subjects/anna/motion HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(wire.receive(until: "[]}").contains("event: names\ndata: {\"weights\":[]}\n\n"))
        #expect(served.motion.isWanted)
        served.motion.send("{\"frame\":2}\n", person: 1)
        served.motion.send("{\"frame\":1}\n", person: 0)
        let text = wire.receive(until: "}")
        #expect(text.contains("data: {\"frame\":1}\n\n") && !text.contains("2}"))
        shutdown(wire.descriptor, Int32(SHUT_RDWR))
        for _ in 0..<50 where served.motion.isWanted { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!served.motion.isWanted, "nobody listens any more")
        await served.service.stop()
    }

    /// Truth: the two policies, on paper.
    @Test func aQueueIsBounded() {
        let newest = EventQueue(.newest, first: [[0]])
        for n: UInt8 in 1...9 { newest.push([n]) }
        #expect(newest.take() == .event([0]) && newest.take() == .event([9]) && newest.take() == .nothing)
        let few = EventQueue(.bounded(2))
        few.push([1])
        few.push([2])
        #expect(!few.isOver && few.take() == .event([1]))
        few.push([3])
        few.push([4])
        #expect(few.isOver && few.take() == .end)
        let ended = EventQueue(.bounded(2))
        ended.push([1])
        ended.finish()
        ended.push([2])
        #expect(ended.take() == .event([1]) && ended.take() == .end)
    }

    /// A closure that a generic container takes and gives back gets wrapped once more each time, until letting go of it
    /// overflows the stack: a listener of half an hour ended the program so. Each look must leave what it looks at as it is.
    @Test func whoeverListensForDaysEndsInOrder() {
        let queue = EventQueue(.newest)
        queue.onPush {}
        for _ in 0..<150_000 { queue.push([1]) }
        queue.abandon()
        #expect(queue.isOver)
        let report = Report()
        report.follow { ["fit": StageActivity()] }
        for _ in 0..<150_000 where report.stages.count != 1 { Issue.record("the stages are not what was said") }
    }

    @Test func statusTellsWhatIsKnown() async throws {
        struct Document: Decodable {
            struct Subject: Decodable {
                struct Hint: Decodable { var code: String }
                var name: String
                var state: String
                var keyframesByYaw: [Int]
                var hint: Hint
                var published: Manifest?
            }
            var version: Int
            var subjects: [Subject]
        }
        let served = try await Served()
        try served.publish(Self.avatar)
        served.report.update {
            $0.source = .waiting(why: "off", until: .now)
            $0.people = 2
            $0.keyframesPerYawBin = [0, 3, 1]
            $0.fitDeviation = .infinity
        }
        let status = try JSONDecoder().decode(Document.self, from: Data(Wire.ask(served.port, "/api/status").body))
        #expect(status.version == 1 && status.subjects.map(\.name) == ["anna", "anna-2"])
        let anna = status.subjects[0]
        #expect(anna.state == "waiting" && anna.hint.code == "reconnect" && anna.keyframesByYaw == [0, 3, 1])
        #expect(anna.published?.edition == 1 && status.subjects[1].published == nil)
        await served.service.stop()
    }

    @Test func readyOnceModelsAndSourceAre() async throws {
        let served = try await Served()
        #expect(try Wire.ask(served.port, "/readyz").status == 503)
        served.report.update { $0.isReady = true }
        #expect(try Wire.ask(served.port, "/readyz").text == "waiting for anna: source\n")
        served.report.update { $0.source = .waiting(why: "off", until: .now + .seconds(60)) }
        #expect(try Wire.ask(served.port, "/readyz").status == 200)
        #expect(try Wire.ask(served.port, "/healthz").text == "ok\n")
        await served.service.stop()
    }

    /// Truth: deadlines that passed long ago; ProgressTests have the rest.
    @Test func healthIsProgress() async throws {
        let served = try await Served()
        served.report.update { $0.source = .opening(until: .now - .seconds(100)) }
        let ill = try await Self.health(of: served, becoming: 503)
        #expect(ill.contains("anna: opening the source has stood still for "))
        served.report.update { $0.source = .closed(.paused) }
        _ = try await Self.health(of: served, becoming: 200)
        await served.service.stop()
    }

    /// It is looked at once a second.
    private static func health(of served: Served, becoming status: Int) async throws -> String {
        let end = ContinuousClock.now + .seconds(5 * Patience.times)
        while true {
            let answer = try Wire.ask(served.port, "/healthz")
            if answer.status == status { return answer.text }
            guard ContinuousClock.now < end else {
                Issue.record("health is \(answer.status), \(answer.text)")
                return answer.text
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
