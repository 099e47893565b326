internal import Foundation
internal import Pipeline
internal import Video

extension Harness {
    /// Messages that may hold a secret, addresses of sources, and a stream's time stamps.
    static let text = Harness(
        "text",
        words: [secret, "rtsp://", "%3A%2F%2F", "@", "?", "password=", "user:", "${", "}", "/dev/video0", "%68"],
        seeds: {
            [
                ("message", Array("[rtsp @ 0x55] method DESCRIBE rtsp://user:\(secret)@camera/a?b=c failed: 401".utf8)),
                ("encoded", Array("open rtsp%3A%2F%2Fuser%3A%68unter2-hunter2%40camera 'x' pass=1&user=a;".utf8)),
                ("mistyped", Array("rtsp:/user:\(secret)@host/${NAME:default}/${OTHER}".utf8)),
                ("stamps", (0..<64).map { UInt8($0 * 37 & 255) }),
            ]
        },
        read: { bytes in
            Redaction.remember(secret)
            let text = String(decoding: bytes, as: UTF8.self)
            precondition(!Redaction.text(text).contains(secret), "a secret is shown")
            _ = Redaction.url(text)
            _ = Redaction.path(text)
            _ = Secrets.shown(text)
            let source = VideoSource(parsing: text)
            if case .network = source {
                let shown = "\(source)"
                let host = shown.range(of: "://").map { shown[$0.upperBound...] } ?? ""
                precondition(!host.contains("@"), "a user name is shown")
            }
            var numbers = Numbers(bytes)
            var clock = StreamClock(secondsPerTick: 1 / 90_000, framePeriod: 1 / 30, longestGap: 10)
            var last = -1.0
            while !numbers.isAtEnd {
                let time = clock.time(stamp: numbers.next(UInt8.self) == 0 ? nil : numbers.next(Int64.self))
                precondition(time > last, "time stands still")
                last = time
            }
        })

    private static let secret = "hunter2-hunter2"
}
