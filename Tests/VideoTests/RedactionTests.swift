import Foundation
import Synchronization
import Testing
import Video

/// No message shows a secret, whoever writes it. Truth: the secrets that the tests put in.
@Suite(.serialized) struct RedactionTests {
    /// As libraries and servers write them, FFmpeg's "Did you mean" among them.
    @Test(arguments: [
        "rtsp://admin:hunter2secret@camera/1: Protocol not found. Did you mean file:rtsp://admin:hunter2secret@camera/1?",
        "Opening 'http://admin:hunter2secret@camera/a.m3u8' for reading",
        "Connection to rtsp://admin:hunter2secret@camera:554/ failed: Connection refused",
        "url=rtsp%3A%2F%2Fadmin%3Ahunter2secret%40camera%2F1 timed out",
        "url=rtsp%253A%252F%252Fadmin%253Ahunter2secret%2540camera%252F1 timed out",
        "two: http://admin:hunter2secret@camera/a and http://admin:hunter2secret@camera/b",
        "http://camera/a?user=admin&password=hunter2secret failed", "rtsp://camera/user=admin_password=hunter2secret",
        "<rtsp://admin:hunter2secret@camera/>", "\"rtsp://hunter2secret@camera/\"",
    ])
    func aURLInAMessageShowsNothing(message: String) {
        let shown = Redaction.text(message)
        #expect(!shown.contains("hunter2secret") && !shown.contains("admin"), "\(shown)")
        #expect(shown.contains("camera") && shown.contains("…"), "\(shown)")
    }

    /// What is known goes wherever it stands, in any encoding.
    @Test(arguments: [
        "p@ss/w0rd-of-mine", "p%40ss%2Fw0rd-of-mine", "p%40ss/w0rd%2dof-mine", "%70%40%73%73%2F%77%30rd-of-mine",
        "p%2540ss%252Fw0rd-of-mine",
    ])
    func aKnownSecretShowsNowhere(form: String) {
        Redaction.remember("p@ss/w0rd-of-mine")
        #expect(Redaction.text("the camera said \(form), twice: \(form).") == "the camera said …, twice: ….")
    }

    @Test func aSecretKnownInItsEncodedFormIsKnownInBoth() {
        Redaction.remember("tr%40ub4dor")
        #expect(Redaction.text("tr@ub4dor tr%40ub4dor tr%2540ub4dor") == "… … …")
    }

    @Test(arguments: [
        "12.3 s  frames 369 (0 dropped)", "100 % done", "me@home", "rtsp://camera/1: the connection is refused",
        "user=4 of 5", "", "a%zzb%4", "–…é", "published file=anna.000001.glb score=0.250",
    ])
    func ordinaryTextStaysAsItIs(text: String) {
        #expect(Redaction.text(text) == text)
    }

    /// Twice the length takes twice the time, and not four times. Truth: the clock.
    @Test func longMessagesTakeNoLonger() {
        let start = ContinuousClock.now
        let addresses = Redaction.text(String(repeating: "://", count: 100_000) + "me:hunter2secret@camera/")
        #expect(!addresses.contains("hunter2secret") && addresses.hasSuffix("camera/"))
        let assignments = Redaction.url(
            "rtsp://camera/" + String(repeating: "user=me/PASS=hunter2secret&", count: 20_000))
        #expect(!assignments.contains("hunter2secret") && assignments.hasSuffix("user=…/PASS=…&"))
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func whatIsShortIsOnlyCutOutOfURLs() {
        Redaction.remember("abc")
        #expect(Redaction.text("abc in http://u:abc@camera/") == "abc in http://…@camera/")
    }

    /// Whatever stands around it, what stands in a URL before the @ is not shown, and nothing fails.
    @Test func noNeighboursMakeAPasswordShow() {
        var generator = SystemRandomNumberGenerator()
        let pieces = ["://", "@", "%", "%4", "%40", "%25", "?", " ", "'", "é", "\u{0}", "a", "…", "password=", "http"]
        func noise() -> String {
            (0..<Int.random(in: 0...10, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }
                .joined()
        }
        for _ in 0..<3000 {
            let text = noise() + "://u:n0ise-secret@camera" + noise()
            let shown = Redaction.text(text)
            #expect(!shown.contains("n0ise-secret"), "\(text)")
        }
    }

    /// What FFmpeg itself says of a URL, at its most talkative, with the URL as it was given and percent-encoded.
    @Test(arguments: ["s3cr3tword", "s3cr%33tword", "s3cr3t%77ord%21"])
    func ffmpegsOwnMessagesAreWithoutThePassword(password: String) throws {
        let lines = Mutex<[String]>([])
        FFmpegLog.send(from: .debug) { level, line in lines.withLock { $0.append("\(level) \(line)") } }
        defer { FFmpegLog.send(to: nil) }
        for address in ["http://admin:\(password)@127.0.0.1:9/a.mp4", "bogus://admin:\(password)@127.0.0.1/a"] {
            #expect(Clip.failure(VideoSource(parsing: address)) != nil)
        }
        let said = lines.withLock { $0 }
        // The very line that would have shown it.
        #expect(said.contains { $0.contains("Opening 'http://…@127.0.0.1:9/a.mp4' for reading") }, "\(said)")
        for line in said {
            for secret in [password, password.removingPercentEncoding!, "s3cr", "word", "admin"] {
                #expect(!line.contains(secret), "\(line)")
            }
        }
    }

    @Test func nobodyListensNobodyIsTold() throws {
        FFmpegLog.send(to: nil)
        #expect(Clip.failure(VideoSource(parsing: "http://127.0.0.1:9/a.mp4"))?.kind == .refused)
    }
}
