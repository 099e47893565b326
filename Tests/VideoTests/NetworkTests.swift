import Foundation
import Synchronization
import Testing
import Video

/// A loopback TCP server for one connection after another; says what its closure answers.
private final class Listener: Sendable {
    let port: UInt16
    private let descriptor: Int32

    /// - Parameter answer: the reply to each request; `nil` closes the connection, an empty one stays silent.
    init(_ answer: @escaping @Sendable (String) -> String?) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread {
            while true {
                let client = accept(descriptor, nil, nil)
                if client < 0 { return }
                Thread { Self.serve(client, answer) }.start()
            }
        }
        thread.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private static func serve(_ client: Int32, _ answer: (String) -> String?) {
        defer { close(client) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let got = recv(client, &buffer, buffer.count, 0)
            guard got > 0, let reply = answer(String(decoding: buffer[..<got], as: UTF8.self)) else { return }
            let bytes = Array(reply.utf8)
            _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    static func reply(_ request: String, _ status: String, _ headers: String = "") -> String {
        let sequence = request.split(separator: "\r\n").first { $0.hasPrefix("CSeq") } ?? "CSeq: 1"
        return "RTSP/1.0 \(status)\r\n\(sequence)\r\n\(headers)\r\n"
    }
}

/// Cameras that do not answer as they should. Truth: what the server in the test does.
@Suite(.serialized) struct NetworkTests {
    private static func source(_ port: UInt16) -> VideoSource {
        VideoSource(parsing: "rtsp://admin:s3cret@127.0.0.1:\(port)/stream")
    }

    private static func expect(_ kind: VideoError.Kind, from port: UInt16, within seconds: Double = 1) throws {
        var options = VideoOptions()
        options.openSeconds = 5
        let start = ContinuousClock.now
        let error = try #require(Clip.failure(source(port), options: options))
        #expect(error.kind == kind)
        #expect(!"\(error)".contains("s3cret") && !"\(error)".contains("admin"))
        #expect(ContinuousClock.now - start < .seconds(seconds))
    }

    @Test func aClosedPortRefuses() throws {
        // A port that was free a moment ago.
        let port = try Listener { _ in nil }.port
        try Self.expect(.refused, from: port)
    }

    @Test func aServerThatHangsUpRefuses() throws {
        let server = try Listener { _ in nil }
        try Self.expect(.refused, from: server.port)
    }

    @Test(arguments: ["Basic realm=\"camera\"", "Digest realm=\"camera\", nonce=\"1234\""])
    func aWrongPasswordIsUnauthorized(challenge: String) throws {
        let server = try Listener { request in
            request.hasPrefix("OPTIONS")
                ? Listener.reply(request, "200 OK", "Public: OPTIONS, DESCRIBE\r\n")
                : Listener.reply(request, "401 Unauthorized", "WWW-Authenticate: \(challenge)\r\n")
        }
        try Self.expect(.unauthorized, from: server.port)
    }

    @Test func anUnknownPathIsNotFound() throws {
        let server = try Listener { Listener.reply($0, $0.hasPrefix("OPTIONS") ? "200 OK" : "404 Not Found") }
        try Self.expect(.notFound, from: server.port)
    }

    @Test func aServerThatNeverAnswersIsLeftAtTheDeadline() throws {
        let server = try Listener { _ in "" }
        var options = VideoOptions()
        options.openSeconds = 0.4
        let start = ContinuousClock.now
        #expect(Clip.failure(Self.source(server.port), options: options)?.kind == .timedOut)
        let took = ContinuousClock.now - start
        #expect(took > .milliseconds(390) && took < .milliseconds(900), "\(took)")
    }

    @Test func aServerThatIsNoCamera() throws {
        let server = try Listener { _ in "220 mail.example.org ESMTP\r\n" }
        var options = VideoOptions()
        options.openSeconds = 1
        let error = try #require(Clip.failure(Self.source(server.port), options: options))
        #expect([.refused, .unreachable, .notAVideo, .timedOut].contains(error.kind), "\(error)")
    }

    /// On threads of its own: other tests may keep the shared ones busy for seconds.
    @Test func interruptingAnOpeningIsQuick() throws {
        let server = try Listener { _ in "" }
        let interruption = Interruption()
        let source = Self.source(server.port)
        let result = Mutex<(VideoError.Kind?, ContinuousClock.Instant)?>(nil)
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            var kind: VideoError.Kind?
            do throws(VideoError) { _ = try VideoReader(source, interruption: interruption) } catch {
                kind = error.kind
            }
            let end = ContinuousClock.now
            result.withLock { [kind] in $0 = (kind, end) }
            ended.signal()
        }
        Thread.sleep(forTimeInterval: 0.15)
        let start = ContinuousClock.now
        interruption.request()
        ended.wait()
        let (kind, end) = try #require(result.withLock { $0 })
        #expect(kind == .interrupted)
        // FFmpeg looks every 100 ms while it waits for a socket.
        #expect(end - start < .milliseconds(250), "\(end - start)")
    }
}
