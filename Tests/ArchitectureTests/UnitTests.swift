import Foundation
import Testing

/// What systemd itself says of the units. Truth: `systemd-analyze` of the installed version (252 on Debian 12).
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"),
        "no systemd here; set-up installs it"))
struct UnitTests {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/systemd"

    /// The unit names the installed program; for the check it is this machine's `true`.
    private static func analyze(_ unit: String, _ arguments: [String]) throws -> (status: Int32, said: String) {
        let place = FileManager.default.temporaryDirectory.path + "/unit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try String(contentsOfFile: "\(folder)/\(unit)", encoding: .utf8)
            .replacingOccurrences(of: "/usr/bin/likenessd", with: "/bin/true")
            .write(toFile: "\(place)/\(unit)", atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-analyze")
        process.arguments = arguments + ["\(place)/\(unit)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    @Test(arguments: ["likenessd.service", "likenessd@.service"]) func aUnitVerifiesSilently(unit: String) throws {
        let result = try Self.analyze(unit, ["verify", "--man=no"])
        #expect(result.status == 0 && result.said.isEmpty, "\(result.said)")
    }

    @Test(arguments: ["likenessd.service", "likenessd@.service"]) func littleIsExposed(unit: String) throws {
        let result = try Self.analyze(unit, ["security", "--offline=true", "--no-pager", "--threshold=15"])
        #expect(result.status == 0, "\(result.said)")
        let level = result.said.split(separator: "\n").last { $0.contains("Overall exposure level") }
        print(level ?? "no level said")
        #expect(level != nil)
        // Each line that is left is explained.
        let reasons = try String(contentsOfFile: Self.folder + "/README.md", encoding: .utf8)
        for line in result.said.split(separator: "\n") where line.hasPrefix("✗") {
            let name = line.dropFirst(2).prefix { $0 != "=" && $0 != ":" }
            #expect(reasons.contains("`\(name)="), "\(name) is not explained in systemd/README.md")
        }
    }

    /// The two differ in where they look and what they publish, and in nothing that protects.
    @Test func bothAreProtectedAlike() throws {
        func rules(_ unit: String) throws -> [Substring] {
            let text = try String(contentsOfFile: "\(Self.folder)/\(unit)", encoding: .utf8)
            return text.split(separator: "\n").filter { line in
                !["#", "Description=", "EnvironmentFile=", "ExecStart="].contains { line.hasPrefix($0) }
            }
        }
        #expect(try rules("likenessd.service") == rules("likenessd@.service"))
    }
}
