import Foundation
import Pipeline
import Testing

/// What is wrong with a file is said with its line, all at once. Truth: the lines that the tests themselves wrote.
@Suite struct ConfigurationFileTests {
    private static func faults(_ text: String) -> [String] {
        ConfigurationFile(text: text, name: "my.yaml").faults.map(\.description)
    }

    @Test func everyFaultIsFoundWithItsLine() {
        let text = """
            # A comment.
            textur:
              size: 512
            texture:
              size: 1000
              maps: maybe
            size: 512
            subject: anna
            sources:
              - source: a.mp4
                subject: "an na"
                video: 5
              - just words
              - source: [a, b]
                video:
                  width: 640.5
                  openSeconds: .nan
                  decoderThreads: "2"
            """
        let expected = [
            "my.yaml:2: unknown key 'textur'; did you mean",
            "my.yaml:5: texture.size is 1000: give 256, 512, 1024 or 2048",
            "my.yaml:6: texture.maps is 'maybe': give true or false",
            "my.yaml:7: unknown key 'size'; did you mean 'texture.size'?",
            "my.yaml:8: subject belongs to a source: put it below 'sources:'",
            "my.yaml:11: subject is 'an na': give letters, digits, - and _, 64 bytes at most",
            "my.yaml:12: video must hold keys", "my.yaml:13: a source must hold keys",
            "my.yaml:14: source is a list: give a device, an address or a file",
            "my.yaml:16: video.width is 640.5: give a whole number, 0 to 7680",
            "my.yaml:17: video.openSeconds is '.nan': give a number, 0.1 to 600",
            "my.yaml:18: video.decoderThreads is 2: give a whole number, 1 to 64, without quotes",
        ]
        let faults = Self.faults(text)
        #expect(faults.count == expected.count, "\(faults.joined(separator: "\n"))")
        for (fault, start) in zip(faults, expected) { #expect(fault.hasPrefix(start), "\(fault)") }
    }

    @Test(arguments: [
        ("a: [", "my.yaml:", "is not YAML"), ("video:\n  width: 1\n  width: 2\n", "my.yaml:2", "stands twice"),
        ("--- {}\n--- {}\n", "my.yaml:", "not YAML"), ("texture:\n\tsize: 1\n", "my.yaml:2", "not YAML"),
        ("sources: []\n", "my.yaml:1", "must be a list"), ("sources: {a: 1}\n", "my.yaml:1", "must be a list"),
        ("output:\n", "my.yaml:1", "has no value"), ("video: {width: *x}\n", "my.yaml:1", "not YAML"),
    ])
    func brokenFilesAreOneFault(text: String, place: String, part: String) {
        let faults = Self.faults(text)
        #expect(faults.count == 1 && faults[0].hasPrefix(place) && faults[0].contains(part), "\(faults)")
    }

    @Test func whatIsLeftOutIsNoFault() {
        for text in ["", "# nothing\n", "video:\n", "video: ~\n", "texture: {}\n", "---\n"] {
            #expect(Self.faults(text).isEmpty, "\(text)")
        }
    }

    @Test func anAnchorIsAllowed() throws {
        let file = ConfigurationFile(
            text: "sources:\n- {source: a, subject: a, video: &v {width: 320}}\n- {source: b, subject: b, video: *v}\n",
            name: "my.yaml")
        #expect(file.faults.isEmpty && file.sources.count == 2)
        #expect(file.sources[1].layer["video.width"]?.value == .whole(320))
    }

    /// A fault shows what was given, and that may be a password in the wrong place.
    @Test(arguments: [
        "texture:\n  size: rtsp://admin:s3cretword@camera/1\n", "subject: rtsp://admin:s3cretword@camera/1\n",
        "rtsp://admin:s3cretword@camera/1: x\n", "source: rtsp://admin:s3cretword@camera/1\n  bad: [\n",
        "video: {rtspTransport: 'http://camera/?password=s3cretword'}\n",
        "sources:\n- subject: 'rtsp:/a:s3cretword@c'\n",
        "http://admin:s3cretword@camera/1: 1\nhttp://admin:s3cretword@camera/1: 2\n",
    ])
    func noFaultShowsAPassword(text: String) {
        let faults = Self.faults(text)
        #expect(!faults.isEmpty)
        for fault in faults { #expect(!fault.contains("s3cretword") && !fault.contains("\n"), "\(fault)") }
    }

    /// Aliases of aliases, deep nests and long texts end quickly. Truth: the clock.
    @Test func bombsAreRefused() {
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...40 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        bomb += "? *a40\n: 1\n"
        let start = ContinuousClock.now
        #expect(Self.faults(bomb).count == 1)
        #expect(!Self.faults(String(repeating: "[", count: 100_000)).isEmpty)
        #expect(!Self.faults(String(repeating: "{a: ", count: 100_000)).isEmpty)
        #expect(!Self.faults(String(repeating: "- ", count: 100_000)).isEmpty)
        #expect(!Self.faults("a: " + String(repeating: "x", count: 2 << 20)).isEmpty)
        // Wide and not deep: few aliases of much, more faults and sources than anybody reads, words that look like addresses.
        let much = "a0: &a0 [" + String(repeating: "x,", count: 100_000) + "x]\n"
        #expect(Self.faults(much + "a1: &a1 [*a0, *a0]\n? [*a1, *a1]\n: 1\n").count == 1)
        #expect(Self.faults((0..<50_000).map { "a\($0): 1\n" }.joined()).count == 500)
        #expect(Self.faults("sources:\n" + (0..<20_000).map { "- {source: a\($0)}\n" }.joined()).count == 1)
        #expect(Self.faults("subject: \"" + String(repeating: "://", count: 200_000) + "\"").count == 1)
        #expect(Self.faults("? " + String(repeating: "a", count: 500_000) + "\n: 1\n").count == 1)
        #expect(ContinuousClock.now - start < .seconds(30 * Patience.times))
    }

    /// Cut, swapped and overwritten bytes of real files: never a crash, every fault is one line, and a file without a fault gives
    /// a configuration without a problem. `LIKENESS_FUZZ` is the number of texts.
    @Test func anyTextIsReadOrRefused() throws {
        let folder = packageRoot + "/Presets"
        var seeds = try FileManager.default.contentsOfDirectory(atPath: folder).map {
            try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
        }
        seeds.append(try [UInt8](Data(contentsOf: URL(fileURLWithPath: packageRoot + "/systemd/likenessd.yaml"))))
        seeds.append(Array("sources:\n- &a {source: x, subject: a}\n- {<<: *a, video: {width: 1_0}}\n".utf8))
        let pieces = [
            "- ", ": ", "\n", "  ", "*a", "&a ", "!!int ", "? ", "{", "}", "[", "]", "~", "|", ">", "'", "\"", "%",
            "\u{0}",
            "---\n", "...\n", "<<", ".inf", "0x10", "-1", "1e999", "${A:b}", "\u{FEFF}", "sources", "video:",
        ].map { Array($0.utf8) }
        let count = ProcessInfo.processInfo.environment["LIKENESS_FUZZ"].flatMap(Int.init) ?? 400
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<count {
            var bytes = seeds.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let at = Int.random(in: 0...bytes.count, using: &generator)
                let end = min(bytes.count, at + Int.random(in: 0...30, using: &generator))
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.replaceSubrange(at..<end, with: pieces.randomElement(using: &generator)!)
                case 1: bytes.removeSubrange(at..<end)
                case 2: bytes.insert(contentsOf: pieces.randomElement(using: &generator)!, at: at)
                default: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let file = ConfigurationFile(text: text, name: "my.yaml")
            for fault in file.faults { #expect(!fault.description.contains("\n"), "\(text)") }
            let asked = try? DaemonConfiguration(file: file) { _ throws(ConfigurationError) in [:] }
            for source in asked?.sources ?? [] { #expect(source.configuration.problems.isEmpty, "\(text)") }
        }
    }
}
