import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// The real program on a film whose colours were taken away. Truth: its avatar of the film that has them.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct GreyFilmTests {
    @Test(.patient(minutes: 3)) func skinGetsItsColoursAndTheFileSaysSo() throws {
        let place = TemporaryDirectory()
        var skins: [SIMD3<Double>] = []
        for (name, film) in [("colour", Film.person), ("grey", Film.grey)] {
            let output = "\(place.path)/\(name)"
            let run = try Program.run(["run", "--source", film, "--output", output, "--models", Models.path])
            try #require(run.status == 0, "\(run.errors)")
            let manifest = try #require(
                Manifest(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: output + "/avatar.json")))))
            #expect(manifest.quality.coloursInferred == (name == "grey" ? true : nil))
            let lines = run.errors.split(separator: "\n").filter { $0.contains("have no colours") }
            #expect(lines.count == (name == "grey" ? 1 : 0), "\(run.errors)")
            let avatar = try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: output + "/avatar.glb"))))
            skins.append(try Self.face(avatar.skin))
        }
        let (colour, grey) = (skins[0], skins[1])
        print("skin of the film \(colour), told from its grey one \(grey)")
        for c in [0, 2] {
            #expect(abs(log(grey[c] / grey[1]) - log(colour[c] / colour[1])) < 0.2, "\(colour), \(grey)")
        }
        #expect(grey.x > 1.15 * grey.z)
    }

    /// Mean sRGB codes of the face.
    private static func face(_ skin: Image) throws -> SIMD3<Double> {
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: Models.path), size: skin.width)
        let inside = atlas.map.interpolated(atlas.regions.insideFace.map { SIMD4($0, 0, 0, 0) })
        var (sum, count) = (SIMD3<Double>.zero, 0.0)
        for (i, texel) in atlas.map.texels.enumerated() where inside[i].x > 0 {
            let at = 3 * Int(texel)
            sum += SIMD3(Double(skin.bytes[at]), Double(skin.bytes[at + 1]), Double(skin.bytes[at + 2]))
            count += 1
        }
        return sum / count
    }
}
