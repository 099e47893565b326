internal import Pipeline

extension Harness {
    /// A configuration file; after a line `%%`, one override a line: `--set`'s, or an environment variable `LIKENESS_…`.
    static let configuration = Harness(
        "configuration",
        words: ConfigurationKeys.all.map(\.path) + [
            "sources", "%%", "${", "rtsp://", "LIKENESS_SOURCES_0_", ": ", "- ",
        ],
        seeds: { configurationSeeds.map { ($0.name, Array($0.text.utf8)) } },
        read: { bytes in
            let parts = split(String(decoding: bytes, as: UTF8.self))
            let file = ConfigurationFile(text: parts.file, name: "a.yaml")
            for fault in file.faults { precondition(!fault.description.contains("\n"), "a fault of several lines") }
            let names = parts.overrides.filter { $0.hasPrefix("LIKENESS_") }
            var environment: [String: String] = [:]
            for name in names {
                let pair = name.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                environment[String(pair[0])] = pair.count > 1 ? String(pair[1]) : ""
            }
            let assignments = parts.overrides.filter { !$0.hasPrefix("LIKENESS_") }
            let whole: DaemonConfiguration
            do throws(ConfigurationError) {
                whole = try DaemonConfiguration(file: file, environment: environment, assignments: assignments) {
                    _ throws(ConfigurationError) in [:]
                }
            } catch {
                precondition(!error.lines.isEmpty)
                return
            }
            // What is printed is a configuration again.
            let printed = ConfigurationFile(text: whole.yaml(), name: "printed.yaml")
            precondition(printed.faults.isEmpty, "printed with a fault: \(printed.faults[0])")
            precondition(printed.sources.count == whole.sources.count, "printed with other sources")
        })

    private static func split(_ text: String) -> (file: String, overrides: [String]) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let mark = lines.firstIndex(of: "%%") else { return (text, []) }
        let overrides = lines[(mark + 1)...].prefix(64).map(String.init)
        lines = lines[..<mark]
        return (lines.joined(separator: "\n"), Array(overrides))
    }

    private static let configurationSeeds: [(name: String, text: String)] = [
        (
            "two-sources",
            """
            # A comment.
            output: /var/lib/likenessd
            preset: rtsp
            http: {address: "127.0.0.1:8080", controls: true}
            texture:
              size: 1024
            sources:
              - source: 'rtsp://user:${PASSWORD:none}@camera/stream?x=1'
                subject: anna
                enrolled: yes
              - source: /dev/video0
                subject: bert
                texture: {size: 512}
                video:
                  readSeconds: 2.5
            %%
            texture.size=512
            sources.anna.texture.size=2048
            LIKENESS_SOURCES_1_TEXTURE_SIZE=256
            LIKENESS_HTTP_TOKEN=${TOKEN}
            LIKENESS_TEXTURE_SIZ=1

            """
        ),
        ("preset", "texture: {size: 512}\nselection:\n  stranger: apart\nsynthesis: false\n"),
        ("unknown-key", "outptu: a\nsources: [{source: clip.mp4, output: b}, 7]\n"),
        ("anchors", "a: &a [x, *a]\nb: *a\n? [*a, {c: d}]\n: ~\n"),
        ("no-yaml", "sources: [\n\t'}"),
        ("quoted", "output: \"a\\u00e9\\n\"\nsources:\n- source: |\n    clip.mp4\n  subject: >-\n    anna\n"),
        ("command-line", "%%\nsource=clip.mp4\noutput=out\nhttp.allowedHosts=a.example, b.example\nuntilEnd=yes"),
    ]
}
