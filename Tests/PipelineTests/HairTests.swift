import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// Photographs of people with hair, whose foreheads are all that a camera sees of the scalp. Truth: looking at them.
@Suite(
    .ownThreads, .enabled(if: Models.present, Models.missing), .enabled(if: SharedData.present, SharedData.missing))
struct ScalpOfPhotographTests {
    /// Brown hair, black curls, and black hair drawn back.
    @Test(.patient(minutes: 3), arguments: [("130", 0.1...0.6), ("115", 0.01...0.25), ("025", 0.01...0.8)])
    func aPhotographOfSomebodyWithHairIsNotBald(_ photo: String, _ share: ClosedRange<Double>) throws {
        let place = TemporaryDirectory()
        let source = "\(SharedData.path)/faces/\(photo)_03.jpg"
        let run = try Program.run(["run", "--source", source, "--output", place.path, "--models", Models.path])
        try #require(run.status == 0, "\(run.errors)")
        let avatar = try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: place.path + "/avatar.glb"))))
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: Models.path), size: avatar.skin.width)
        let places = atlas.map.interpolated(
            atlas.model.mean.indices.map { SIMD4(atlas.regions.insideFace[$0], atlas.regions.scalp[$0], 0, 0) })
        func luminance(_ isWanted: (SIMD4<Float>) -> Bool) -> Double {
            let texels = atlas.map.texels.indices.filter { isWanted(places[$0]) }
            let sum = texels.reduce(0.0) { sum, i in
                let at = 3 * Int(atlas.map.texels[i])
                return sum
                    + (0..<3).reduce(0.0) {
                        $0 + [0.2126, 0.7152, 0.0722][$1] * Double(SRGB.linear[Int(avatar.skin.bytes[at + $1])])
                    }
            }
            return sum / Double(max(texels.count, 1))
        }
        let (face, scalp) = (luminance { $0.x > 0.01 }, luminance { $0.y > 0.95 })
        print("photo \(photo): scalp \(scalp), face \(face)")
        #expect(share.contains(scalp / face), "\(scalp) of \(face)")
    }
}

/// What passes for skin where hair hangs into it. Truth: strokes and specks that are drawn here.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct HairTests {
    /// Shares of plain skin that stay evidence, by region.
    private static func kept(_ isDark: (_ x: Int, _ y: Int) -> Bool) throws -> [String: Double] {
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: Models.path), size: 512)
        let regions = DetailRegions(atlas: atlas, size: 512)
        let values = (0..<512 * 512).map { isDark($0 % 512, $0 / 512) ? Float(-0.4) : 0 }
        let map = DetailMap(size: 512, values: values, seen: Array(regions.skin))
            .withoutFeatures(regions: regions, coarsest: 128)
        var shares: [String: Double] = [:]
        for (k, name) in DetailRegions.names.enumerated() {
            let texels = map.seen.indices.filter { Int(regions.first[$0]) == k && regions.plain[$0] >= 0.8 }
            shares[name] = texels.reduce(0) { $0 + Double(map.seen[$1]) } / Double(max(texels.count, 1))
        }
        return shares
    }

    @Test func strandsOnTheForeheadAreNoSkinAndBeardsAre() throws {
        let shares = try Self.kept { x, _ in x % 12 < 2 }
        for name in ["forehead", "left forehead", "right forehead"] { #expect(shares[name]! < 0.1, "\(shares)") }
        // Squares beside the neck's strands are none either.
        for name in ["chin", "left chin", "right jaw", "left cheek"] {
            #expect(shares[name]! > 0.85, "\(name) \(shares)")
        }
    }

    @Test func poresStay() throws {
        let shares = try Self.kept { x, y in x % 12 == 0 && y % 12 == 0 }
        #expect(shares.values.allSatisfy { $0 > 0.95 }, "\(shares)")
    }
}
