import Dispatch
import Foundation
import Pipeline
import Tensors
import Testing

/// The page in a real browser. Truth: the pixels of its pictures, and what the browser itself complains of.
@Suite(
    .ownThreads, .enabled(if: Models.present, Models.missing), .enabled(if: Browser.isThere, Browser.missing),
    .serialized)
struct PageTests {
    private struct Report: Decodable {
        var complaints: [String]
        var editions: [Int]
        var loads: Int
        var hint: String
        var label: String
        var focus: [String]
    }

    @Test(.patient(minutes: 5), arguments: Browser.kinds) func theAvatarIsDrawnAndReplaced(kind: String) async throws {
        let avatar = try Array(Data(contentsOf: URL(fileURLWithPath: Film.avatar)))
        let served = try await Served(web: Models.path + "/web")
        try served.publish(avatar, coverage: 0.5)
        served.report.update {
            ($0.source, $0.isReady, $0.framesRead, $0.framesObserved) = (.running, true, 90, 90)
            $0.keyframesPerYawBin = [0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0, 0, 0, 0, 0]
            ($0.keyframes, $0.coverage, $0.fitDeviation, $0.edition) = (6, 0.5, 1.4, 1)
        }
        served.motion.begin(header: Self.names)
        // A head that has turned to the person's left with an open mouth, thirty times a second.
        let moving = Task {
            while !Task.isCancelled {
                served.motion.send(Self.motion, person: 0)
                try? await Task.sleep(for: .milliseconds(33))
            }
        }
        // The script asks for it by a file, once the first is drawn.
        let asked = served.place.path + "/asked"
        let publishing = Task {
            while !Task.isCancelled, !FileManager.default.fileExists(atPath: asked) {
                try? await Task.sleep(for: .milliseconds(50))
            }
            if !Task.isCancelled { try served.publish(avatar + [0], coverage: 0.6) }
        }
        let report = try await Browser.run(
            kind, "http://127.0.0.1:\(served.port)/", asked: asked, pictures: served.place.path, as: Report.self)
        moving.cancel()
        publishing.cancel()
        _ = await publishing.result
        #expect(report.complaints.isEmpty, "\(report.complaints)")
        #expect(report.editions == [1, 2] && report.loads == 1, "a new edition without a reload")
        let names = ["drawn", "replaced", "keys", "mirrored", "still-1", "still-2"]
        let pictures = try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Self.picture("\(served.place.path)/\($0).png")) })
        func change(_ a: String, _ b: String) -> Double { Self.change(pictures[a]!, pictures[b]!) }
        for name in names {
            let skin = Self.skin(pictures[name]!)
            #expect(skin > 0.1 && skin < 0.6, "\(name): \(skin) of the stage is skin")
        }
        #expect(change("drawn", "replaced") < 1, "the same head and the same camera: \(change("drawn", "replaced"))")
        #expect(change("replaced", "keys") > 2, "arrow keys turn it: \(change("replaced", "keys"))")
        #expect(change("drawn", "mirrored") > 2, "it follows the person: \(change("drawn", "mirrored"))")
        #expect(change("still-1", "still-2") < 0.1, "it stands still for who asks for that")
        #expect(report.hint == "Turn your head slowly to your left")
        #expect(report.label.contains("edition 2"), "\(report.label)")
        #expect(report.focus == ["view", "turn", "mirror", "front", "download"], "\(report.focus)")
        await served.service.stop()
    }

    /// The part of a picture that the avatar has for itself.
    private static func picture(_ path: String) throws -> [SIMD3<Double>] {
        let image = try Image(png: Array(Data(contentsOf: URL(fileURLWithPath: path))), channels: 3)
        return (60..<440).flatMap { y in
            (30..<590).map { x in
                let i = 3 * (y * image.width + x)
                return SIMD3(Double(image.bytes[i]), Double(image.bytes[i + 1]), Double(image.bytes[i + 2]))
            }
        }
    }

    /// Share of pixels that are red before green before blue, and not nearly grey.
    private static func skin(_ pixels: [SIMD3<Double>]) -> Double {
        Double(pixels.count { $0.x > $0.y && $0.y > $0.z && $0.x - $0.z > 25 }) / Double(pixels.count)
    }

    /// Mean difference, 0...255.
    private static func change(_ a: [SIMD3<Double>], _ b: [SIMD3<Double>]) -> Double {
        zip(a, b).reduce(0) { $0 + (abs($1.0.x - $1.1.x) + abs($1.0.y - $1.1.y) + abs($1.0.z - $1.1.z)) / 3 }
            / Double(a.count)
    }

    private static let names = "{\"weights\":[\"jawOpen\"],\"unit\":\"metre\",\"space\":\"glTF camera\"}"
    private static let motion =
        "{\"frame\":1,\"time\":1,\"rotation\":[0,0.2588,0,0.9659],\"translation\":[0,0,-0.6],\"gaze\":[0,0],\"weights\":[0.8]}"
}

/// Browsers that are driven by Python: Chromium by playwright, Firefox by its own protocol where it is there.
enum Browser {
    static let script = packageRoot + "/Tests/PipelineTests/Reference/page_in_browser.py"
    static let python = ProcessInfo.processInfo.environment["LIKENESS_PYTHON"] ?? "python3"
    static let kinds = isThere ? found : ["none"]
    static let isThere = !found.isEmpty
    static let missing: Comment =
        "no browser: install chromium, and playwright for the python3 in PATH or in LIKENESS_PYTHON"

    private static let found: [String] =
        (try? run(["--which"]))?.split(separator: "\n").map(String.init) ?? []

    private static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, script] + arguments
        process.standardInput = FileHandle.nullDevice
        let said = Pipe()
        process.standardOutput = said
        try process.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? text : ""
    }

    /// On a thread of its own: one that tasks share would stand still meanwhile.
    static func run<Report: Decodable>(
        _ kind: String, _ address: String, asked: String, pictures: String, as: Report.Type
    ) async throws -> Report {
        let text = try await withCheckedThrowingContinuation { (done: CheckedContinuation<String, any Error>) in
            DispatchQueue.global().async {
                done.resume(with: Result { try run([kind, address, asked, pictures]) })
            }
        }
        return try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    }
}
