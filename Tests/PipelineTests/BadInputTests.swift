import Foundation
import Testing

/// What the real program says of bad input: one line that names the cause, the documented status, nothing half-written.
@Suite(.ownThreads) struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let arguments: @Sendable (TemporaryDirectory) throws -> [String]
        let status: Int32
        let says: String
        var testDescription: String { name }
    }

    private static func write(_ bytes: [UInt8], to name: String, in place: TemporaryDirectory) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(place.path)/\(name)"))
        return "\(place.path)/\(name)"
    }

    private static let cases: [Case] = [
        Case(name: "no such file", arguments: { ["--source", "\($0.path)/none.mp4"] }, status: 66, says: "none.mp4"),
        Case(
            name: "no such device", arguments: { _ in ["--source", "/dev/video99"] }, status: 66, says: "/dev/video99"),
        Case(
            name: "not a video",
            arguments: { ["--source", try write(Array("hello, this is text\n".utf8), to: "a.mp4", in: $0)] },
            status: 65,
            says: "a.mp4"),
        Case(
            name: "zero bytes", arguments: { ["--source", try write([], to: "a.mp4", in: $0)] }, status: 65,
            says: "empty"),
        Case(
            name: "no video stream", arguments: { ["--source", try write(silence, to: "a.wav", in: $0)] }, status: 65,
            says: "no video"),
        Case(
            name: "refusing RTSP", arguments: { _ in ["--source", "rtsp://user:geheim@127.0.0.1:9/cam"] }, status: 69,
            says: "127.0.0.1:9"),
        Case(
            name: "unknown preset", arguments: { _ in ["--source", "-", "--preset", "webcma"] }, status: 78,
            says: "webcam"),
        Case(name: "unknown option", arguments: { _ in ["--source", "-", "--fast"] }, status: 64, says: "--fast"),
        Case(
            name: "bad subject", arguments: { _ in ["--source", "-", "--subject", "../x"] }, status: 64, says: "subject"
        ),
        Case(
            name: "models missing", arguments: { ["--source", "-", "--models", $0.path] }, status: 78, says: "set-up"),
    ]

    /// A second of silence as WAV: sound and no picture.
    private static var silence: [UInt8] {
        func little(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
        let head: [[UInt8]] = [
            Array("RIFF".utf8), little(36 + 16000, 4), Array("WAVEfmt ".utf8), little(16, 4), little(1, 2),
            little(1, 2),
            little(8000, 4), little(16000, 4), little(2, 2), little(16, 2), Array("data".utf8), little(16000, 4),
        ]
        return head.flatMap { $0 } + [UInt8](repeating: 0, count: 16000)
    }

    @Test(.enabled(if: Models.present, Models.missing), arguments: cases)
    func oneLineAndTheRightStatus(_ bad: Case) throws {
        let place = TemporaryDirectory()
        let output = place.path + "/out"
        var arguments = try ["run", "--output", output] + bad.arguments(place)
        if !arguments.contains("--models") { arguments += ["--models", Models.path] }
        let result = try Program.run(arguments)
        #expect(result.status == bad.status, "\(result.errors)")
        #expect(result.errors.contains(bad.says), "\(result.errors)")
        #expect(!result.errors.contains("geheim"), "the password is in the message")
        if bad.status != 64 {
            // Whoever takes longer tells how far it is.
            let lines = result.errors.split(separator: "\n").filter { Patience.times == 1 || !$0.contains(" frames ") }
            #expect(lines.count == 1, "\(result.errors)")
        }
        let left = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        #expect(left.allSatisfy { $0.hasPrefix(".") && !$0.hasSuffix(".partial") }, "\(left)")
    }

    @Test(.enabled(if: Models.present, Models.missing)) func unwritableOutput() throws {
        let place = TemporaryDirectory()
        let clip = try Self.write([0], to: "a.mp4", in: place)
        let result = try Program.run([
            "run", "--source", clip, "--output", clip, "--models", Models.path,
        ])
        #expect(result.status == 73, "\(result.errors)")
        #expect(result.errors.contains("Not a directory") || result.errors.contains("directory is needed"))
    }
}
