import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// The real program with and without synthesis on one film. Truth: the two files beside each other.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct SynthesisRunTests {
    @Test(.patient(minutes: 10)) func unseenSkinGetsFineStructureAndColoursStay() throws {
        let place = TemporaryDirectory()
        let preset = place.path + "/half.yaml"
        let text = try String(contentsOfFile: packageRoot + "/Presets/webcam.yaml", encoding: .utf8)
        try text.replacingOccurrences(of: "size: 1024", with: "size: 512")
            .replacingOccurrences(of: "synthesisSize: 1024", with: "synthesisSize: 512")
            .replacingOccurrences(of: "synthesisSeconds: 120", with: "synthesisSeconds: \(500 * Patience.times)")
            .replacingOccurrences(of: "confidenceMap: false", with: "confidenceMap: true")
            .write(toFile: preset, atomically: true, encoding: .utf8)
        var skins: [Image] = []
        for synthesis in [false, true] {
            let output = place.path + "/\(synthesis)"
            let run = try Program.run(
                ["run", "--source", Film.person, "--output", output, "--models", Models.path, "--preset", preset],
                synthesis: synthesis)
            try #require(run.status == 0, "\(run.errors)")
            let json = try Data(contentsOf: URL(fileURLWithPath: output + "/avatar.json"))
            let manifest = try #require(Manifest(json: [UInt8](json)))
            #expect(manifest.quality.synthesis == (synthesis ? 1 : nil))
            if synthesis {
                let found = try #require(manifest.synthesis)
                #expect(found.size == 512 && found.weights.count > 50)
                #expect(found.regionResiduals.count == DetailRegions.count)
                #expect(abs(found.weights.reduce(0, +) - 1) < 0.01 && found.residual > 0 && found.entropy > 0)
            }
            let avatar = try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: output + "/avatar.glb"))))
            skins.append(avatar.skin)
            try expectOrigins(manifest, avatar, output, synthesis: synthesis)
        }
        let model = try HeadModelFile.load(from: Models.path)
        let atlas = TextureAtlas(model: model, size: 512)
        let regions = DetailRegions(atlas: atlas, size: 512)
        /// Of 8 × 8 texels: mean second difference along rows, which a gradient has none of.
        func roughness(_ texels: [Double]) -> Double {
            var sum = 0.0
            for i in 0..<64 where (1..<7).contains(i % 8) {
                let around: Double = texels[i - 1] + texels[i + 1]
                sum += abs(around - 2 * texels[i])
            }
            return sum / 48
        }
        // Behind the ears' level, which this film shows badly or not, and before it: roughness and mean of 8 × 8 texels.
        var (behind, before, shifts, filled) = ([Double](), [Double](), [Double](), [Double]())
        let places = atlas.map.interpolated(model.mean.map { SIMD4($0.x, $0.y, $0.z, 0) })
        var depth = [Float](repeating: 0, count: 512 * 512)
        for (i, texel) in atlas.map.texels.enumerated() { depth[Int(texel)] = places[i].z }
        for y in stride(from: 0, to: 512, by: 8) {
            for x in stride(from: 0, to: 512, by: 8) {
                let texels = (0..<64).map { (y + $0 / 8) * 512 + x + $0 % 8 }
                guard texels.allSatisfy({ regions.skin[$0] > 0 }) else { continue }
                let (plain, full) = (
                    texels.map { Double(skins[0].bytes[3 * $0 + 1]) }, texels.map { Double(skins[1].bytes[3 * $0 + 1]) }
                )
                let rough = roughness(full)
                if texels.allSatisfy({ depth[$0] < 0 }) {
                    behind.append(rough)
                    filled.append(roughness(plain))
                    shifts.append(abs(full.reduce(0, +) - plain.reduce(0, +)) / 64)
                } else if texels.allSatisfy({ depth[$0] > 0.04 }) {
                    before.append(rough)
                }
            }
        }
        try #require(behind.count > 50 && before.count > 50)
        func mean(_ v: [Double]) -> Double { v.reduce(0, +) / Double(v.count) }
        let (share, shift) = (mean(behind) / mean(before), mean(shifts))
        print(
            "synthesis: unseen skin is \(share) times as rough as seen, left smooth \(mean(filled) / mean(before)), 8 × 8 texels differ by \(shift) codes"
        )
        #expect(share > 0.4 && share < 1.25)
        #expect(shift < 8)
    }

    /// Of a camera whose person has come to rest. Truth: the editions, in their order.
    /// - Parameter interval: with none each octave is an edition; with one that is longer than the first octave takes, what came
    ///   too soon is published behind it, though no other avatar follows.
    @Test(.patient(minutes: 10), arguments: [0, 8])
    func whatIsSynthesizedIsPublishedThoughNothingNewIsSeen(interval: Int) throws {
        let place = TemporaryDirectory()
        let (output, preset) = (place.path + "/out", place.path + "/still.yaml")
        try Data(
            """
            texture: {intervalSeconds: 600, size: 512, synthesisSize: 512, synthesisSeconds: 500}
            publication: {minimumIntervalSeconds: \(interval), minimumGain: 0, keep: 100}
            """.utf8
        ).write(to: URL(fileURLWithPath: preset))
        let process = try Program.start(
            [
                "run", "--source", Film.still, "--output", output, "--models", Models.path, "--preset", preset,
                "--real-time", "--verbose",
            ], synthesis: true, errors: place.path + "/log")
        func editions() -> [Double] {
            (1...9).prefix { FileManager.default.fileExists(atPath: "\(output)/avatar.00000\($0).json") }.compactMap {
                FileManager.default.contents(atPath: "\(output)/avatar.00000\($0).json").flatMap {
                    Manifest(json: [UInt8]($0))
                }?.quality.synthesis ?? 0
            }
        }
        while process.isRunning, editions().last != 1 { Thread.sleep(forTimeInterval: 0.1) }
        let wasPlaying = process.isRunning
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        let found = editions()
        print("share of the octaves by edition: \(found)")
        #expect(wasPlaying && process.terminationStatus == 0)
        #expect(found == found.sorted() && found.first == 0 && found.last == 1)
        if interval == 0 { #expect(found.contains(0.5)) }
        let log = try String(contentsOfFile: place.path + "/log", encoding: .utf8)
        let (sketched, synthesized) = (
            try #require(log.range(of: "sketched")), try #require(log.range(of: "synthesized"))
        )
        #expect(sketched.upperBound < synthesized.lowerBound)
    }

    /// Manifest, avatar and picture say the same of where the texels come from.
    private func expectOrigins(_ manifest: Manifest, _ avatar: Avatar, _ output: String, synthesis: Bool) throws {
        let origins = try #require(avatar.origins)
        let (quality, sum) = (manifest.quality, origins.seen + origins.refined + origins.inferred)
        #expect(
            [quality.seen, quality.refined, quality.inferred] == [origins.seen, origins.refined, origins.inferred])
        #expect(abs(sum - 1) < 1e-6 && origins.inferred > 0.01 && origins.seen + origins.refined > 0.3, "\(origins)")
        if !synthesis { #expect(origins.refined == 0) }
        let sidecar = try #require(manifest.confidence)
        for name in [sidecar.file, sidecar.stable] {
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(name)")))
            #expect(SHA256.hex(of: file) == sidecar.sha256 && file.count == sidecar.bytes)
            let image = try Image(png: file, channels: 3)
            #expect(image.width == 512 && image.height == 512)
            let sums = (0..<512 * 512).map { Int(image.bytes[3 * $0]) + Int(image.bytes[3 * $0 + 1]) }
            #expect(zip(sums, sums.indices).allSatisfy { $0 + Int(image.bytes[3 * $1 + 2]) == 255 })
        }
        print("origins \(synthesis ? "with" : "without") synthesis: \(origins)")
    }

    @Test func aDatabaseNeedsFacesAndSaysWhatItLeavesOut() throws {
        let place = TemporaryDirectory()
        try Data("no picture".utf8).write(to: URL(fileURLWithPath: place.path + "/text.jpg"))
        let run = try Program.run([
            "database", "build", place.path + "/text.jpg", "--models", Models.path, "--output",
            place.path + "/face.database",
        ])
        #expect(
            run.status == 3 && run.errors.contains("left out") && run.errors.contains("usable faces"), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: place.path + "/face.database"))
    }
}
