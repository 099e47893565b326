import Foundation
import Pipeline
import Testing
import Video

/// Names of secrets are looked up, and what is found is seen nowhere. Truth: the secrets that the tests made.
@Suite(.ownThreads, .serialized) struct SecretTests {
    private static let password = "s3cr3t/w@rd \(UUID().uuidString)"

    @Test func aNameIsACredentialThenAVariableThenItsDefault() throws {
        let place = TemporaryDirectory()
        setenv("LIKENESS_TEST_SECRET", "of-the-environment", 1)
        defer { unsetenv("LIKENESS_TEST_SECRET") }
        #expect(try Secrets.expand("<${LIKENESS_TEST_SECRET}>") == "<of-the-environment>")
        #expect(try Secrets.expand("${LIKENESS_TEST_SECRET:x}${LIKENESS_TEST_NONE:a:b}") == "of-the-environmenta:b")
        try Data("of-the-credential\n".utf8).write(to: URL(fileURLWithPath: place.path + "/LIKENESS_TEST_SECRET"))
        setenv("CREDENTIALS_DIRECTORY", place.path, 1)
        defer { unsetenv("CREDENTIALS_DIRECTORY") }
        #expect(try Secrets.expand("${LIKENESS_TEST_SECRET}") == "of-the-credential")
        #expect(try Secrets.expand("${LIKENESS_TEST_NONE:}") == "")
        for text in ["", "plain", "$x", "${open", "a}b"] { #expect(try Secrets.expand(text) == text) }
        // From then on it is hidden everywhere.
        #expect(Redaction.text("it is of-the-credential") == "it is …")
    }

    @Test func aMissingOneIsAConfigurationFaultThatNamesItAndItsKey() {
        let error = #expect(throws: Failure.self) {
            try Secrets.expand("rtsp://a:${LIKENESS_TEST_NONE}@c", of: "source")
        }
        #expect(error?.code == .configuration)
        #expect(error?.description.hasPrefix("source names ${LIKENESS_TEST_NONE}, but there is no credential") == true)
    }

    /// What would end the password in a URL is escaped; FFmpeg decodes it again.
    @Test func anyPasswordFitsIntoAnAddress() throws {
        setenv("LIKENESS_TEST_SECRET", "p@ss/w?rd#1 é%41:", 1)
        defer { unsetenv("LIKENESS_TEST_SECRET") }
        #expect(
            try Secrets.expand("rtsp://u:${LIKENESS_TEST_SECRET}@camera/1")
                == "rtsp://u:p%40ss%2Fw%3Frd%231%20%C3%A9%41:@camera/1")
        #expect(try Secrets.expand("/x/${LIKENESS_TEST_SECRET}") == "/x/p@ss/w?rd#1 é%41:")
    }

    @Test func everyTextMayNameASecret() throws {
        setenv("LIKENESS_TEST_SECRET", "udp", 1)
        defer { unsetenv("LIKENESS_TEST_SECRET") }
        func station(_ name: String) throws -> Station {
            let text =
                "sources:\n- {source: '${\(name)}.mp4', subject: 'a-${\(name)}', output: 'o/${\(name)}', motion: '${\(name)}',"
                + " video: {pixelFormat: '${\(name)}'}, texture: {features: '${\(name)}'}}\n"
            let asked = try DaemonConfiguration(file: ConfigurationFile(text: text, name: "my.yaml")) {
                _ throws(ConfigurationError) in [:]
            }
            return try Station(asked.sources[0])
        }
        let known = try station("LIKENESS_TEST_SECRET")
        #expect(known.settings.source == .file(path: "udp.mp4") && known.subject == "a-udp")
        #expect(known.settings.output == "o/udp" && known.settings.motion == "udp")
        #expect(known.configuration.video.pixelFormat == "udp" && known.configuration.texture.features == "udp")
        // What it stands for is checked as if it had been written.
        let error = #expect(throws: Failure.self) { try station("LIKENESS_TEST_NONE:pig/eon") }
        #expect(error?.code == .configuration && error?.description.contains("letters, digits, - and _") == true)
    }

    /// A run of the real program whose source has a password.
    private struct Run {
        let status: Int32
        let output: String
        let errors: String
        /// Of the whole life of the process, as another user could have read them.
        let arguments: [String]
    }

    private static func run(_ arguments: [String], environment: [String: String]) throws -> Run {
        let place = TemporaryDirectory()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (out, err) = (place.path + "/out", place.path + "/err")
        for path in [out, err] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: out)
        process.standardError = FileHandle(forWritingAtPath: err)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var seen: [String] = []
        while process.isRunning {
            if let bytes = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/cmdline") {
                let line = String(decoding: bytes, as: UTF8.self)
                if seen.last != line { seen.append(line) }
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        return Run(
            status: process.terminationStatus, output: try String(contentsOfFile: out, encoding: .utf8),
            errors: try String(contentsOfFile: err, encoding: .utf8), arguments: seen)
    }

    private static func expectNoSecret(_ texts: [String], _ secrets: [String] = [password]) {
        for text in texts {
            for secret in secrets {
                let encoded = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
                #expect(!text.contains(secret) && !text.contains(encoded), "\(text)")
                #expect(!text.contains(String(secret.suffix(12))), "\(text)")
            }
        }
    }

    /// Over HTTP, with the whole way to the manifest.
    @Test(.enabled(if: Models.present, Models.missing), .patient(minutes: 2)) func noFileAndNoLineShowsTheSecret()
        throws
    {
        let film = URL(fileURLWithPath: Film.transportStream)
        let server = Process()
        let port = Int.random(in: 20000...40000)
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "\(port)"]
        server.currentDirectoryURL = film.deletingLastPathComponent()
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        defer { server.terminate() }
        Thread.sleep(forTimeInterval: 1.5)
        guard server.isRunning else { return print("no Python: a run over HTTP was not tried") }
        let place = TemporaryDirectory()
        let run = try Self.run(
            [
                "run", "--source", "http://admin:${LIKENESS_TEST_SECRET}@127.0.0.1:\(port)/\(film.lastPathComponent)",
                "--output", place.path + "/out", "--models", Models.path, "--until-end", "--no-synthesis", "--verbose",
            ], environment: ["LIKENESS_TEST_SECRET": Self.password])
        #expect(run.status == 0, "\(run.errors)")
        let manifest = try String(contentsOfFile: place.path + "/out/avatar.json", encoding: .utf8)
        #expect(manifest.contains("127.0.0.1:\(port)") && !manifest.contains("admin"))
        #expect(!run.arguments.isEmpty && run.output.contains("avatar.glb"))
        Self.expectNoSecret([run.output, run.errors, manifest] + run.arguments)
        // Checkpoints too.
        for name in try FileManager.default.subpathsOfDirectory(atPath: place.path + "/out")
        where !name.hasSuffix(".likeness-state") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/out/\(name)"))
            #expect(bytes.range(of: Data(Self.password.suffix(12).utf8)) == nil, "\(name)")
        }
    }

    /// Of a source that cannot be opened, at the most talkative.
    @Test(.enabled(if: Models.present, Models.missing)) func noFailureShowsTheSecret() throws {
        let place = TemporaryDirectory()
        for scheme in ["rtsp", "http", "bogus"] {
            let run = try Self.run(
                [
                    "run", "--source", "\(scheme)://admin:${LIKENESS_TEST_SECRET}@127.0.0.1:9/x", "--output",
                    place.path + "/out", "--models", Models.path, "--verbose",
                ], environment: ["LIKENESS_TEST_SECRET": Self.password])
            #expect(run.status != 0 && run.errors.contains("127.0.0.1:9"), "\(run.errors)")
            Self.expectNoSecret([run.output, run.errors] + run.arguments)
        }
    }

    /// Who gives the password as it is shows it for a moment, but not for the life of the process.
    @Test(.enabled(if: Models.present, Models.missing)) func aPlainPasswordLeavesTheListOfProcesses() throws {
        let place = TemporaryDirectory()
        let pipe = place.path + "/pipe"
        mkfifo(pipe, 0o600)
        // The second source keeps it alive: a pipe that nobody writes into.
        try Data(
            "output: \(place.path)/out\nsources: [{source: '\(pipe)', subject: a, enrolled: true}, {source: b, subject: b, enrolled: true}]\n"
                .utf8
        )
        .write(to: URL(fileURLWithPath: place.path + "/two.yaml"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            "run", "--config", place.path + "/two.yaml", "--models", Models.path, "--set",
            "sources.b.source=http://admin:hunter2secret@127.0.0.1:9/x?token=t0ken", "--set", "video.openSeconds=3",
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        // The first thing that it does, when its turn comes.
        var line = ""
        for _ in 0..<200 where !line.contains("****") {
            Thread.sleep(forTimeInterval: 0.1)
            line = String(
                decoding: FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/cmdline") ?? Data(),
                as: UTF8.self)
        }
        #expect(line.contains("sources.b.source=http://*******************@127.0.0.1:9/"), "\(line)")
        #expect(
            !line.contains("hunter2secret") && !line.contains("t0ken") && line.contains("video.openSeconds=3"),
            "\(line)")
    }

    @Test func whatIsWrongWithTheCommandLineIsToldWithoutThePassword() throws {
        let result = try Program.run(["run", "--source", "a", "--output", "b", "rtsp://admin:hunter2secret@camera/"])
        #expect(result.status == 64 && !result.errors.contains("hunter2secret") && result.errors.contains("camera"))
    }
}
