import Foundation
import Pipeline
import Tensors
import Testing

@Suite(.ownThreads) struct PublicationTests {
    private static func manifest(_ file: [UInt8], _ edition: Int, _ name: String, _ digest: String) -> Manifest {
        Manifest(
            subject: "a", edition: edition, file: name, stable: "a.glb", sha256: digest, bytes: file.count,
            published: "", source: "", streamSeconds: 0,
            quality: AvatarQuality(coverage: 0, confidence: 0, deviation: 0), keyframes: 0, generator: "", licences: [])
    }

    @Test func editionsCountOnAndOldOnesGo() throws {
        let place = TemporaryDirectory()
        do {
            var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
            for i in 1...4 {
                let file = [UInt8](repeating: UInt8(i), count: 1000)
                let manifest = try directory.publish(file) { Self.manifest(file, $0, $1, $2) }
                #expect(manifest.edition == i)
            }
        }
        #expect(
            place.names == [
                ".a.lock", "a.000003.glb", "a.000003.json", "a.000004.glb", "a.000004.json", "a.glb", "a.json",
            ])
        var again = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        #expect(again.current?.edition == 4)
        let file: [UInt8] = [1, 2, 3]
        let published = try again.publish(file) { Self.manifest(file, $0, $1, $2) }
        #expect(published.edition == 5)
    }

    @Test func sidecarsComeAndGoWithTheirAvatars() throws {
        let place = TemporaryDirectory()
        // What a kill between two files leaves.
        try Data([1]).write(to: URL(fileURLWithPath: place.path + "/a.000001.confidence.png"))
        var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        for i in 2...4 {
            let map = [UInt8](repeating: UInt8(i), count: 500)
            let manifest = try directory.publish([9], confidence: map) { Self.manifest([9], $0, $1, $2) }
            #expect(manifest.edition == i, "a number is never used twice")
            let name = "a.00000\(i).confidence.png"
            let sidecar = try #require(manifest.confidence)
            #expect(sidecar.file == name && sidecar.stable == "a.confidence.png")
            #expect(sidecar.sha256 == SHA256.hex(of: map) && sidecar.bytes == 500)
            for name in [name, "a.confidence.png"] {
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(name)")) == Data(map))
            }
            let read = Manifest(json: [UInt8](try Data(contentsOf: URL(fileURLWithPath: place.path + "/a.json"))))
            #expect(read == manifest)
        }
        #expect(
            place.names == [
                ".a.lock", "a.000003.confidence.png", "a.000003.glb", "a.000003.json", "a.000004.confidence.png",
                "a.000004.glb", "a.000004.json", "a.confidence.png", "a.glb", "a.json",
            ])
        // An edition without a map leaves none that could be taken for its own.
        let plain = try directory.publish([8]) { Self.manifest([8], $0, $1, $2) }
        #expect(plain.confidence == nil)
        #expect(
            place.names == [
                ".a.lock", "a.000004.confidence.png", "a.000004.glb", "a.000004.json", "a.000005.glb",
                "a.000005.json", "a.glb", "a.json",
            ])
    }

    /// A directory where the stable file should be: the last but one step fails.
    @Test func anEditionThatCannotBePublishedLeavesNothing() throws {
        let place = TemporaryDirectory()
        var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 5)
        _ = try directory.publish([1]) { Self.manifest([1], $0, $1, $2) }
        let before = place.names
        try FileManager.default.removeItem(atPath: place.path + "/a.glb")
        try FileManager.default.createDirectory(atPath: place.path + "/a.glb", withIntermediateDirectories: false)
        #expect(throws: FileSystemError.self) { try directory.publish([2]) { Self.manifest([2], $0, $1, $2) } }
        #expect(place.names == before && directory.current?.edition == 1)
        try FileManager.default.removeItem(atPath: place.path + "/a.glb")
        let next = try directory.publish([3]) { Self.manifest([3], $0, $1, $2) }
        #expect(next.edition == 3, "who saw number 2 for a moment sees no other one")
    }

    @Test func manifestsOfEarlierVersionsAreRead() throws {
        var json = String(decoding: Self.manifest([1], 3, "a.000003.glb", "0").json(), as: UTF8.self)
        #expect(!json.contains("inferred"))
        json = json.replacingOccurrences(of: "\"version\" : 1", with: "\"more\" : 2, \"version\" : 1")
        #expect(Manifest(json: Array(json.utf8))?.edition == 3)
    }

    @Test func aSecondPublisherIsRefused() throws {
        let place = TemporaryDirectory()
        let first = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        let error = #expect(throws: FileSystemError.self) {
            _ = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        }
        #expect(error?.description.contains("another likenessd") == true)
        #expect(first.subject == "a")
    }

    @Test func whatAKilledProcessLeftIsCleared() throws {
        let place = TemporaryDirectory()
        try Data([1]).write(to: URL(fileURLWithPath: place.path + "/.a.glb.77.partial"))
        try Data([1]).write(to: URL(fileURLWithPath: place.path + "/.b.glb.77.partial"))
        _ = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        #expect(place.names == [".a.lock", ".b.glb.77.partial"])
    }

    @Test func aDamagedManifestIsNotTheEnd() throws {
        let place = TemporaryDirectory()
        try Data("{".utf8).write(to: URL(fileURLWithPath: place.path + "/a.json"))
        try Data([1]).write(to: URL(fileURLWithPath: place.path + "/a.000007.glb"))
        var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 3)
        let published = try directory.publish([5]) { Self.manifest([5], $0, $1, $2) }
        #expect(published.edition == 8)
    }

    /// A manifest whose numbers nothing could follow, and files whose names claim such numbers, count as none.
    @Test func impossibleNumbersAreNotTheEnd() throws {
        let place = TemporaryDirectory()
        var manifest = Self.manifest([1], .max, "a.000001.glb", "")
        #expect(Manifest(json: manifest.json()) == nil)
        (manifest.edition, manifest.quality.deviation) = (1, -1)
        #expect(Manifest(json: manifest.json()) == nil, "a score that no avatar reaches")
        (manifest.quality.deviation, manifest.mustBeat) = (1, 2)
        #expect(Manifest(json: manifest.json()) == nil)
        try Data(manifest.json()).write(to: URL(fileURLWithPath: place.path + "/a.json"))
        try Data([1]).write(to: URL(fileURLWithPath: place.path + "/a.\(Int.max).glb"))
        var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 2)
        #expect(try directory.publish([2]) { Self.manifest([2], $0, $1, $2) }.edition == 1)
    }

    @Test func notADirectoryIsOneClearLine() {
        let error = #expect(throws: FileSystemError.self) {
            _ = try AvatarDirectory(path: "/dev/null/x", subject: "a", keep: 3)
        }
        #expect(error?.description.contains("/dev/null/x: Not a directory") == true, "\(String(describing: error))")
    }

    /// Truth: the files' own digests. The real program is killed at random moments of its life; after each kill
    /// every published name must be a complete file, and the manifest must name one.
    @Test(.patient(minutes: 3)) func killedAtAnyMomentLeavesOnlyCompleteFiles() throws {
        let place = TemporaryDirectory()
        var generator = SystemRandomNumberGenerator()
        var contents: Set<String> = []
        var inputs: [String] = []
        for i in 0..<3 {
            let bytes = Array("glTF".utf8) + (0..<3_000_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            inputs.append("\(place.path)/input\(i).glb")
            try Data(bytes).write(to: URL(fileURLWithPath: inputs[i]))
            contents.insert(SHA256.hex(of: bytes))
            // Two of the three have a sidecar.
            guard i < 2 else { continue }
            let map = Array(bytes.prefix(400_000).reversed())
            try Data(map).write(to: URL(fileURLWithPath: "\(place.path)/input\(i).confidence.png"))
            contents.insert(SHA256.hex(of: map))
        }
        let output = place.path + "/out"
        var killed = 0
        for round in 0..<120 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = ["publish", inputs[round % 3], "--output", output, "--keep", "3"]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            Thread.sleep(forTimeInterval: Double.random(in: 0.002...0.08))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
            for name in names where !name.hasSuffix(".json") && !name.hasPrefix(".") {
                let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(name)")))
                #expect(contents.contains(SHA256.hex(of: bytes)), "\(name) is not complete after round \(round)")
            }
            guard let json = try? Data(contentsOf: URL(fileURLWithPath: "\(output)/avatar.json")) else { continue }
            let manifest = try #require(Manifest(json: [UInt8](json)), "half a manifest after round \(round)")
            let named = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(manifest.file)")))
            #expect(SHA256.hex(of: named) == manifest.sha256)
            guard let sidecar = manifest.confidence else { continue }
            let map = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(sidecar.file)")))
            #expect(SHA256.hex(of: map) == sidecar.sha256)
        }
        #expect(killed >= 20, "only \(killed) of 120 runs were killed before their end")
    }
}
