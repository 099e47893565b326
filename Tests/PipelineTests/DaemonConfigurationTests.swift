import Foundation
import Pipeline
import Testing

/// Who wins over whom, and what cannot be together. Truth: the order that README tells.
@Suite struct DaemonConfigurationTests {
    private static func compose(
        _ text: String?, environment: [String: String] = [:], set: [String] = [], options: Overrides = Overrides()
    ) throws(ConfigurationError) -> DaemonConfiguration {
        try DaemonConfiguration(
            file: text.map { ConfigurationFile(text: $0, name: "my.yaml") }, environment: environment,
            assignments: set, options: options
        ) { name throws(ConfigurationError) in
            try Configuration.layer(ofPreset: name, directories: [packageRoot + "/Presets"])
        }
    }

    private static func lines(_ text: String?, environment: [String: String] = [:], set: [String] = []) -> [String] {
        do { _ = try compose(text, environment: environment, set: set) } catch { return error.lines }
        return []
    }

    private static let two = """
        output: avatars
        sources:
          - {subject: anna, source: a.mp4}
          - {subject: the-hall, source: b.mp4}

        """

    /// A file may be anybody's; who types a command means the person.
    @Test func nobodyIsEnrolledByAFileThatDoesNotSaySo() throws {
        let asked = try Self.compose(Self.two + "  - {subject: cleo, source: c.mp4, enrolled: true, wait: false}")
            .sources
        #expect(asked.map(\.isEnrolled) == [false, false, true] && asked.map(\.waits) == [true, true, false])
        let set = ["sources.anna.enrolled=yes"]
        #expect(try Self.compose(Self.two, set: set).sources.map(\.isEnrolled) == [true, false])
        let typed = try Self.compose(nil, set: ["source=a.mp4", "output=o"]).sources[0]
        #expect(typed.isEnrolled && !typed.waits)
        #expect(
            try Self.compose(nil, set: ["source=a.mp4", "output=o", "enrolled=false"]).sources[0].isEnrolled == false)
        #expect(try Station(asked[2]).settings.isEnrolled && Station(asked[0]).settings.waitsForSource)
    }

    /// Each step adds one that wins over all before it.
    @Test func laterOnesWin() throws {
        func keep(
            _ text: String, _ environment: [String: String] = [:], _ set: [String] = [], _ index: Int = 0
        ) throws -> Int {
            try Self.compose(text, environment: environment, set: set).sources[index].configuration.publication.keep
        }
        let entry = "output: o\nsources:\n- source: a.mp4\n  subject: anna\n"
        #expect(try keep(entry) == 10)
        let preset = "preset: low-power\n" + entry
        // The preset's other keys tell that it was read; its `keep` is the default.
        #expect(try Self.compose(preset).sources[0].configuration.texture.size == 512)
        let top = preset + "publication: {keep: 2}\n"
        #expect(try keep(top) == 2)
        let source = top.replacingOccurrences(of: "subject: anna\n", with: "subject: anna\n  publication: {keep: 3}\n")
        #expect(try keep(source) == 3)
        var environment = ["LIKENESS_PUBLICATION_KEEP": "4"]
        #expect(try keep(source, environment) == 4)
        environment["LIKENESS_SOURCES_0_PUBLICATION_KEEP"] = "5"
        #expect(try keep(source, environment) == 5)
        #expect(try keep(source, environment, ["publication.keep=6"]) == 6)
        #expect(try keep(source, environment, ["publication.keep=6", "publication.keep=7"]) == 7)
        #expect(try keep(source, environment, ["sources.anna.publication.keep=8", "publication.keep=6"]) == 8)
    }

    @Test func aSourcesPresetTakesThePlaceOfTheTopOne() throws {
        let asked = try Self.compose(
            "preset: low-power\ntexture: {size: 256}\n" + Self.two + "  - {subject: c, source: c, preset: quality}\n")
        #expect(asked.sources.map(\.configuration.video.width) == [640, 640, 1920])
        #expect(asked.sources.map(\.configuration.texture.size) == [256, 256, 256])
    }

    @Test func oneOfSeveralIsNamedByNumberOrSubject() throws {
        let asked = try Self.compose(
            Self.two, environment: ["LIKENESS_SOURCES_THE_HALL_VIDEO_WIDTH": "320", "LIKENESS_TEXTURE_SIZE": "512"],
            set: ["sources.0.video.width=640", "sources.the-hall.output=elsewhere", "sources.anna.realTime=true"])
        #expect(asked.sources.map(\.configuration.video.width) == [640, 320])
        #expect(asked.sources.map(\.configuration.texture.size) == [512, 512])
        #expect(asked.sources.map(\.output) == ["avatars", "elsewhere"])
        #expect(asked.sources.map(\.realTime) == [true, false])
    }

    @Test func everyKeyCanBeSetByEnvironmentAndCommandLine() throws {
        for key in ConfigurationKeys.ofSections {
            let text = key.other
            let byName = try Self.compose(Self.two, set: ["\(key.path)=\(text)"]).sources[1]
            let byVariable = try Self.compose(
                Self.two, environment: [ConfigurationKeys.environmentName(key.path): text]
            ).sources[1]
            #expect(byName.configuration == byVariable.configuration)
            #expect(byName.configuration != Configuration(), "\(key.path)")
        }
    }

    @Test func withoutAFileTheOneSourceComesFromOptionsOrEnvironment() throws {
        var options = Overrides()
        options.set("source", .text("clip.mp4"), "--source")
        options.set("output", .text("avatars"), "--output")
        let byOptions = try Self.compose(nil, options: options)
        #expect(byOptions.sources.count == 1 && byOptions.sources[0].subject == "avatar")
        #expect(byOptions.sources[0].configuration == Configuration())
        let byEnvironment = try Self.compose(
            nil, environment: ["LIKENESS_SOURCE": "clip.mp4", "LIKENESS_OUTPUT": "avatars", "LIKENESS_PRESET": ""])
        #expect(byEnvironment.sources[0].source == "clip.mp4" && byEnvironment.sources[0].output == "avatars")
    }

    @Test(arguments: [
        ("sources.2.video.width=1", "there is no source '2', but 0 (anna), 1 (the-hall)"),
        ("sources.bob.video.width=1", "there is no source 'bob'"),
        ("texture.siez=1", "unknown key 'texture.siez'; did you mean 'texture.size'?"),
        ("sources.anna.size=512", "did you mean 'texture.size'?"), ("texture.size", "has no value"),
        ("texture.size=big", "texture.size is 'big': give 256, 512, 1024 or 2048"),
        ("texture.maps=", "give true or false"),
        ("source=c.mp4", "name it, as in sources.0.source"), ("=", "unknown key"), ("sources.=1", "unknown key"),
        ("preset=webcma", "there is no preset 'webcma'"),
    ])
    func aWrongOverrideIsAFault(assignment: String, part: String) {
        let lines = Self.lines(Self.two, set: [assignment])
        #expect(lines.count == 1 && lines[0].hasPrefix("--set: ") && lines[0].contains(part), "\(lines)")
    }

    @Test func aWrongVariableIsAFaultThatNamesIt() {
        #expect(
            Self.lines(Self.two, environment: ["LIKENESS_TEXTURE_SIZE": "big"])
                == ["LIKENESS_TEXTURE_SIZE: texture.size is 'big': give 256, 512, 1024 or 2048"])
    }

    /// Only what looks like a key is warned of: the prefix is nobody's property.
    @Test(arguments: [
        ("LIKENESS_TEXTURE_SIEZ", "LIKENESS_TEXTURE_SIZE"), ("LIKENESS_VIDEO_FPS", "LIKENESS_VIDEO_"),
        ("LIKENESS_OUTPT", "LIKENESS_OUTPUT"),
        ("LIKENESS_SOURCES_ANNA_VIDEO_WIDHT", "LIKENESS_SOURCES_ANNA_VIDEO_WIDTH"),
        ("LIKENESS_MODELS", nil), ("LIKENESS_PRESETS", nil), ("LIKENESS_SHARED", nil), ("LIKENESS_FUZZ", nil),
        ("LIKENESS_TEXTURE_SIZE", nil), ("OTHER_TEXTURE_SIEZ", nil),
    ])
    func aVariableThatLooksLikeAKeyIsWarnedOf(name: String, nearest: String?) throws {
        let warnings = try Self.compose(Self.two, environment: [name: "512"]).warnings
        guard let nearest else { return #expect(warnings.isEmpty, "\(warnings)") }
        #expect(warnings.count == 1 && warnings[0].contains(name) && warnings[0].contains(nearest), "\(warnings)")
    }

    @Test(arguments: [
        ("  - {subject: anna, source: c.mp4}\n", "my.yaml:5: two sources publish 'anna' into avatars"),
        ("  - {subject: anna, source: c.mp4, output: ./x/../avatars/}\n", "two sources publish 'anna'"),
        (
            "  - {subject: anna-2, source: c, selection: {stranger: apart}}\n  - {subject: anna-2-3, source: d}\n",
            "'anna-2-3'"
        ),
        ("  - {source: c}\n  - {source: d}\n", "two sources publish 'avatar'"),
        (
            "  - {subject: x, source: /dev/video0}\n  - {subject: y, source: /dev/video0}\n",
            "two sources read /dev/video0"
        ),
        ("  - {subject: x, source: x, motion: m}\n  - {subject: y, source: y, motion: ./m}\n", "their motion to"),
        ("  - {subject: x}\n", "there is no source"),
    ])
    func whatCannotBeTogetherIsAFault(more: String, part: String) {
        let lines = Self.lines(Self.two + more)
        #expect(lines.count == 1 && lines[0].contains(part), "\(lines)")
    }

    @Test func oneSubjectInTwoPlacesIsFineUntilItIsServed() throws {
        let more = "  - {subject: anna, source: c.mp4, output: other}\n"
        #expect(try Self.compose(Self.two + more).sources.count == 3)
        let lines = Self.lines("http: {address: \"127.0.0.1:8080\"}\n" + Self.two + more)
        #expect(lines.count == 1 && lines[0].contains("two sources are 'anna' over http"), "\(lines)")
    }

    @Test func aPresetHasNoSources() {
        for text in ["output: x\n", "sources:\n- source: a\n", "preset: webcam\n"] {
            let error = #expect(throws: ConfigurationError.self) { try Configuration(yaml: text, file: "my.yaml") }
            #expect(error?.description.hasPrefix("my.yaml:") == true, "\(String(describing: error))")
        }
    }

    /// What is printed is a file that says the same.
    @Test func thePrintedConfigurationIsTheSameAgain() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let sets = ConfigurationKeys.ofSections.compactMap { key -> String? in
                guard Bool.random(using: &generator) else { return nil }
                let text =
                    switch key.kind {
                    case .flag: "\(Bool.random(using: &generator))"
                    case .whole(let range): "\(Int.random(in: range, using: &generator))"
                    case .oneOf(let numbers): "\(numbers.randomElement(using: &generator)!)"
                    case .number(let range): "\(Double.random(in: range, using: &generator))"
                    case .choice(let words): words.randomElement(using: &generator)!
                    case _ where key.section == "http": key.other
                    default:
                        ["", "a: b # c", "true", "5", "\"'\\", "/a b/ü", "${NAME}", "~", "- x"].randomElement(
                            using: &generator)!
                    }
                let source = key.place == .top ? "" : "sources.\(Int.random(in: 0...1, using: &generator))."
                return "\(source)\(key.path)=\(text)"
            }
            let asked = try Self.compose(Self.two + "untilEnd: true\n", set: sets)
            let again = try Self.compose(asked.yaml())
            for (a, b) in zip(asked.sources, again.sources) {
                #expect(a.configuration == b.configuration)
                #expect(
                    [a.subject, a.source, a.output] == [b.subject, b.source, b.output] && a.untilEnd == b.untilEnd)
            }
        }
    }

    @Test func thePrintedConfigurationExplainsEveryKeyAndItsOrigin() throws {
        let text = try Self.compose(Self.two, set: ["texture.size=512"]).yaml()
        for key in ConfigurationKeys.ofSections { #expect(text.contains(key.sentence), "\(key.path)") }
        #expect(text.contains("size: 512  # Texels a side") && text.contains("From --set"))
        #expect(text.contains("subject: anna") && text.contains("From my.yaml:3"))
    }

    @Test(arguments: [
        "rtsp://admin:s3cretword@camera/1", "rtsp://admin:${PASSWORD:s3cretword}@camera/1",
        "rtsp://s3cretword:${PASSWORD}@camera/1", "http://camera/1?password=s3cretword",
        "rtsp:/admin:s3cretword@camera/1",
    ])
    func thePrintedConfigurationShowsNoSecret(source: String) throws {
        let text = try Self.compose("output: o\nsources:\n- source: \"\(source)\"\n").yaml()
        #expect(!text.contains("s3cretword") && text.contains("camera"), "\(text.prefix(400))")
    }

    @Test func theNameOfASecretIsNoSecret() throws {
        let text = try Self.compose("output: o\nsources:\n- source: \"rtsp://${USER}:${PASSWORD}@camera/1\"\n").yaml()
        #expect(text.contains("source: \"rtsp://${USER}:${PASSWORD}@camera/1\""), "\(text.prefix(400))")
    }

    @Test func theExampleForADaemonDecodes() throws {
        let asked = try DaemonConfiguration(path: packageRoot + "/systemd/likenessd.yaml", environment: [:])
        #expect(asked.sources.map(\.subject) == ["avatar"] && asked.sources[0].source == "/dev/video0")
        // What it shows in comments must be right too.
        let text = try String(contentsOfFile: packageRoot + "/systemd/likenessd.yaml", encoding: .utf8)
        // Prose has one blank behind its #, keys have none or two.
        let whole = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.replacing(/^( *)#(?! [^ ])/) { "\($0.1)" }
        }.joined(separator: "\n")
        let all = try Self.compose(whole)
        #expect(all.sources.map(\.subject) == ["avatar", "hall"], "\(whole)")
        #expect(
            all.sources[1].configuration.publication.keep == 3
                && all.sources[0].configuration.texture.synthesisSize == 2048)
    }
}
