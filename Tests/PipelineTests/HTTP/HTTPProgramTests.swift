import Foundation
import Pipeline
import Tensors
import Testing

/// The real program with its server. Truth: its own files, and that it goes on as it does without.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct HTTPProgramTests {
    @Test(.patient(minutes: 3)) func theProgramServesWhatItPublishes() async throws {
        let place = TemporaryDirectory()
        let log = place.path + "/log"
        try Data().write(to: URL(fileURLWithPath: log))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            "run", "--source", Film.long, "--output", place.path + "/out", "--subject", "anna", "--models", Models.path,
            "--no-synthesis", "--http", "[::1]:0",
        ]
        // Under a sanitizer the film is over before the program is ready for it, and lasts long enough without.
        if Patience.times == 1 { process.arguments! += ["--real-time"] }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        // IPv6, by a client that is not ours.
        var address = ""
        for _ in 0..<200 where address.isEmpty {
            try await Task.sleep(for: .milliseconds(50))
            let text = try String(contentsOfFile: log, encoding: .utf8)
            address = text.firstMatch(of: /page=(http:\/\/\[::1\]:\d+)\//).map { String($0.1) } ?? ""
        }
        try #require(!address.isEmpty, "no address in \(log)")
        var ready = false
        var states: Set<String> = []
        var motion: String?
        var avatar: (data: Data, tag: String)?
        while process.isRunning {
            if await Self.get(address + "/readyz")?.status == 200 { ready = true }
            if let text = await Self.get(address + "/metrics") {
                let metrics = try PrometheusText(String(decoding: text.data, as: UTF8.self))
                for state in SourceState.names
                where metrics.value("likeness_source_state", ["subject": "anna", "state": state]) == 1 {
                    states.insert(state)
                }
            }
            if ready, motion == nil { motion = await Self.firstMotion(address + "/subjects/anna/motion") }
            if let found = await Self.get(address + "/subjects/anna.glb"), found.status == 200 {
                avatar = (found.data, found.tag)
            }
        }
        #expect(process.terminationStatus == 0)
        #expect(ready && states.contains("running"), "\(states)")
        let line = try #require(motion)
        #expect(line.contains("\"weights\":[") && line.contains("\"rotation\":["), "\(line)")
        let served = try #require(avatar)
        #expect(served.tag == "\"\(SHA256.hex(of: Array(served.data)))\"")
    }

    private static func get(_ address: String) async -> (status: Int, data: Data, tag: String)? {
        guard let (status, data, head) = try? curl(["-s", "-m", "\(5 * Patience.times)", "-i", address]) else {
            return nil
        }
        let tag = head.firstMatch(of: /ETag: (\S+)/).map { String($0.1) } ?? ""
        return (status, data, tag)
    }

    /// The first line that is not the list of names.
    private static func firstMotion(_ address: String) async -> String? {
        guard let (_, data, _) = try? curl(["-s", "-N", "-m", "\(2 * Patience.times)", "-i", address]) else {
            return nil
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("data: {\"frame\"") }
            .map(String.init)
    }

    private static func curl(_ arguments: [String]) throws -> (Int, Data, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-g"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let all = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // An answer that a busy machine did not bring within curl's time is none, but all that comes of a stream.
        guard process.terminationStatus == 0 || arguments.contains("-N") else { throw CocoaError(.fileReadCorruptFile) }
        guard let end = all.range(of: Data("\r\n\r\n".utf8)) else { throw CocoaError(.fileReadCorruptFile) }
        let head = String(decoding: all[..<end.lowerBound], as: UTF8.self)
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
        return (status, Data(all[end.upperBound...]), head)
    }

    @Test func aDangerousAddressIsAConfigurationFault() throws {
        let place = TemporaryDirectory()
        let run = try Program.run([
            "run", "--source", place.path + "/none.mp4", "--output", place.path + "/out", "--models", Models.path,
            "--http", "0.0.0.0:8080",
        ])
        #expect(run.status == 78 && run.errors.contains("http.token"), "\(run.errors)")
    }
}
