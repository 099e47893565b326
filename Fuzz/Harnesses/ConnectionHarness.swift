internal import Foundation
internal import Logging
internal import Pipeline

extension Harness {
    /// What a client sends, byte by byte, to the real server over a real socket; a byte 0 is a pause.
    static let connection = Harness(
        "connection",
        words: [
            "GET ", "POST ", " HTTP/1.1\r\n", "Host: localhost\r\n", "\r\n\r\n", "Content-Length: ", "0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Expect: 100-continue\r\n", "Upgrade: h2c\r\n",
            "/subjects/anna.glb", "/subjects/anna/events", "/metrics", "/api/status", "Range: bytes=0-1\r\n",
        ],
        seeds: { connectionSeeds.map { ($0.name, Array($0.text.utf8)) } },
        read: { bytes in
            let client = Client(port: testServer.port)
            for piece in bytes.split(separator: 0, maxSplits: 4) {
                client.send(Array(piece))
                client.receive(within: 3)
            }
            client.finish()
        })

    private static let testServer = TestServer()

    private static let connectionSeeds: [(name: String, text: String)] = [
        ("page", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("avatar", "GET /subjects/anna.glb HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        ("events", "GET /subjects/anna/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n"),
        ("motion", "GET /subjects/anna/motion HTTP/1.0\r\nHost: localhost\r\n\r\n"),
        (
            "status",
            "HEAD /api/status HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ),
        ("pause", "POST /subjects/anna/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab\u{0}cd"),
        (
            "chunks",
            "POST /subjects/anna/resume HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        ),
        ("halves", "GET /healthz HT\u{0}TP/1.1\r\nHost: loc\u{0}alhost\r\n\r\n"),
        ("tls", "\u{16}\u{3}\u{1}"),
        ("large", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
    ]
}

/// Serves one edition of "anna" for as long as the process lives.
private final class TestServer: Sendable {
    let port: Int

    init() {
        let folder = FileManager.default.temporaryDirectory.path + "/likeness-served-\(getpid())"
        let started = DispatchSemaphore(value: 0)
        let found = Found()
        do {
            var directory = try AvatarDirectory(path: folder, subject: "anna", keep: 2)
            _ = try directory.publish([UInt8](repeating: 7, count: 100_000)) { edition, name, digest in
                Manifest(
                    subject: "anna", edition: edition, file: name, stable: "anna.glb", sha256: digest, bytes: 100_000,
                    published: "2026-01-01T00:00:00Z", source: "a test", streamSeconds: 1,
                    quality: AvatarQuality(coverage: 0.5, confidence: 0.5, deviation: 1), keyframes: 3,
                    generator: "likenessd", licences: [])
            }
        } catch { preconditionFailure("no edition: \(error)") }
        Task {
            var settings = Configuration.HTTP()
            (settings.address, settings.controls) = ("127.0.0.1:0", true)
            var limits = HTTPLimits()
            (limits.requestSeconds, limits.stallSeconds) = (1, 1)
            let subject = PublishedSubject(
                name: "anna", output: folder, source: "a test", report: Report(), motion: MotionFeed()
            ) { _ in true }
            do {
                let service = try await HTTPService(
                    settings, subjects: [subject], webDirectory: folder, limits: limits, logger: Logger(label: "fuzz"))
                found.service = service
            } catch { preconditionFailure("no server: \(error)") }
            started.signal()
        }
        started.wait()
        port = found.service!.address.port
        kept = found
    }

    private let kept: Found

    /// Written once, before the semaphore is signalled.
    private final class Found: @unchecked Sendable {
        var service: HTTPService?
    }
}

private final class Client {
    private let descriptor: Int32

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        // Hundreds of connections a second: ports that are not free yet are waited for, and the fuzzer's timer interrupts.
        for attempt in 1... {
            let done = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if done == 0 || errno == EISCONN { break }
            guard attempt < 700, errno == EADDRNOTAVAIL || errno == EINTR || errno == EALREADY else {
                fatalError("the server takes no connection: \(String(cString: strerror(errno)))")
            }
            usleep(100_000)
        }
        // Closed at once, or a fuzzer's connections would use up the ports.
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Takes what comes within some milliseconds.
    func receive(within milliseconds: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, milliseconds) > 0, recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }

    /// Says that nothing more comes, and waits until the server has closed.
    func finish() {
        shutdown(descriptor, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            var ready: Int32
            // The fuzzer has a timer, whose signal interrupts.
            repeat { ready = poll(&polled, 1, 8000) } while ready < 0 && errno == EINTR
            precondition(ready > 0, "the server does not let go")
            if recv(descriptor, &buffer, buffer.count, 0) <= 0 { return }
        }
    }
}
