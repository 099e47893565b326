import Foundation
import Tensors
import Testing

import Face

/// Truth: faces made of a known mean and known modes (inverse problem).
@Suite struct AlbedoModelTests {
    private static let scene = TextureScene()
    private static let atlas = TextureAtlas(model: scene.model, size: 256)
    private static let count = scene.model.topology.pointCount

    /// Log colours of points: a dark mouth, its paleness, a beard around it, rosy cheeks; alike on both sides.
    private static func face(level: SIMD4<Float>, shares: [Float], noise: Float, seed: UInt64) -> PointColours {
        var generator = SeededGenerator(seed: seed)
        let values = scene.model.mean.map { p -> SIMD4<Float> in
            var value = level + mean(p)
            for (k, share) in shares.enumerated() { value += share * mode(k, p) }
            for c in 0..<3 { value[c] += noise * Float(generator.normal()) }
            return value
        }
        return PointColours(values: values, seen: [Float](repeating: 1, count: count))
    }

    private static func spot(_ p: SIMD3<Float>, _ x: Float, _ y: Float, _ reach: Float) -> Float {
        let d = SIMD2(abs(p.x) - x, p.y - y)
        return p.z > 0 ? exp(-(d * d).sum() / (reach * reach)) : 0
    }
    private static func mean(_ p: SIMD3<Float>) -> SIMD4<Float> {
        SIMD4(-0.2, -0.8, -0.6, 0) * spot(p, 0, -0.05, 0.015)
    }
    private static func mode(_ k: Int, _ p: SIMD3<Float>) -> SIMD4<Float> {
        switch k {
        case 0: SIMD4(-0.3, -0.3, -0.25, 0) * spot(p, 0, -0.06, 0.04)
        case 1: SIMD4(0.05, -0.15, -0.1, 0) * spot(p, 0.04, -0.01, 0.02)
        default: SIMD4(0.1, 0.2, 0.2, 0) * spot(p, 0, -0.05, 0.015)
        }
    }

    /// Forty people, of each of whom something else is hidden.
    private static let people: [PointColours] = (0..<40).map { n in
        var generator = SeededGenerator(seed: UInt64(100 + n))
        var face = face(
            level: SIMD4(-1, -1.5, -1.8, 0) + Float(generator.normal()) * SIMD4(0.3, 0.35, 0.4, 0),
            shares: (0..<3).map { _ in Float(generator.normal()) }, noise: 0.02, seed: UInt64(n))
        let gap = SIMD2(Float(generator.normal()) * 0.05, Float(generator.normal()) * 0.06)
        for (g, p) in scene.model.mean.enumerated() {
            let d = SIMD2(p.x, p.y) - gap
            if (d * d).sum() < 0.02 * 0.02 { (face.values[g], face.seen[g]) = (.zero, 0) }
        }
        return face
    }
    private static let model = AlbedoModel(faces: people, atlas: atlas, modes: 3)!

    @Test func aHiddenMouthIsToldFromTheRest() {
        let truth = Self.face(level: [-0.7, -1.2, -1.4, 0], shares: [1.5, -1, 0], noise: 0.02, seed: 7)
        var seen = truth
        let hidden = Self.scene.model.mean.indices.filter {
            Self.spot(Self.scene.model.mean[$0], 0, -0.05, 0.018) > 0.3
        }
        for g in hidden { (seen.values[g], seen.seen[g]) = (.zero, 0) }
        let told = Self.model.colours(of: seen)!
        func error(_ values: (Int) -> SIMD4<Float>) -> Float {
            (hidden.reduce(0) {
                let d = values($1) - truth.values[$1]
                return $0 + (d * d).sum()
            } / Float(3 * hidden.count)).squareRoot()
        }
        let (ours, skin) = (error { told[$0] }, error { _ in [-0.7, -1.2, -1.4, 0] })
        print("hidden mouth: error \(ours), plain skin \(skin), noise 0.02")
        #expect(hidden.count > 30 && ours < 0.06 && skin > 0.4)
    }

    @Test func modesExplainWhatTheyAreOfAndBothSidesAreAlike() {
        #expect(Self.model.modes.count == 3)
        // The noise of two sides' mean.
        #expect(
            abs(Self.model.remainder.squareRoot() - 0.02 / Float(2).squareRoot()) < 0.003, "\(Self.model.remainder)")
        let mirror = Self.scene.model.topology.mirrorOfPoint
        for map in [Self.model.mean] + Self.model.modes {
            for g in map.indices where Self.model.known[g] == 1 {
                let d = map[g] - map[Int(mirror[g])]
                #expect((d * d).sum() < 1e-6)
            }
        }
    }

    @Test func tooLittleTellsNothing() {
        #expect(AlbedoModel(faces: Array(Self.people.prefix(2)), atlas: Self.atlas) == nil)
        let nothing = PointColours(
            values: [SIMD4<Float>](repeating: .zero, count: Self.count), seen: [Float](repeating: 0, count: Self.count))
        #expect(Self.model.colours(of: nothing) == nil)
    }

    /// Seen places stay what they are; unseen ones become what the model says of them, here a mark on the back of the head.
    @Test func unseenPlacesOfATextureFollowTheModel() {
        let atlas = TextureAtlas(model: Self.scene.model, size: TextureTests.size)
        let views = [-0.35, 0.35].enumerated().map { i, yaw in
            TextureTests.project(Self.scene, atlas, frame: i, yaw: yaw, side: 1)
        }
        func mark(_ p: SIMD3<Float>) -> Float { p.z < 0 ? exp(-(p.x * p.x + p.y * p.y) / 0.0009) : 0 }
        let mean = Self.scene.model.mean.map { SIMD4<Float>(-0.1, -0.7, -0.7, 0) * mark($0) }
        let model = AlbedoModel(
            mean: mean, modes: [], known: [Float](repeating: 1, count: Self.count), remainder: 0.01)
        func texture(_ model: AlbedoModel?) -> Texture {
            var accumulator = TextureAccumulator(atlas: atlas, albedo: model)
            for view in views { accumulator.absorb(view) }
            return accumulator.texture()
        }
        let (plain, marked) = (texture(nil), texture(model))
        let places = atlas.map.interpolated(Self.scene.model.mean.map { SIMD4(mark($0), 0, 0, 0) })
        var ratios: [Float] = []
        var seenChange: Float = 0
        for (i, texel) in atlas.map.texels.enumerated() {
            let t = Int(texel)
            if places[i].x > 0.9 {
                func redness(_ texture: Texture) -> Float {
                    texture.albedo.values[3 * t + 1] / texture.albedo.values[3 * t]
                }
                ratios.append(redness(marked) / redness(plain))
            }
            if plain.confidence.values[t] > 0.9 {
                for c in 0..<3 {
                    seenChange = max(seenChange, abs(plain.albedo.values[3 * t + c] - marked.albedo.values[3 * t + c]))
                }
            }
        }
        let ratio = ratios.reduce(0, +) / Float(ratios.count)
        // exp(−0.7 + 0.1) at the middle of the mark.
        #expect(abs(ratio - 0.56) < 0.08, "\(ratio)")
        #expect(seenChange < 0.01, "\(seenChange)")
    }

    /// Pictures whose colours were taken away get them back. Truth: the scene's own albedo, which the model has as its mean.
    @Test func greyPicturesGetTheColoursThatGoWithTheirLuminance() {
        let atlas = TextureAtlas(model: Self.scene.model, size: TextureTests.size)
        let skin = SIMD3<Float>(0.40, 0.235, 0.165)
        var mean = [SIMD4<Float>](repeating: .zero, count: Self.count)
        let topology = Self.scene.model.topology
        for (vertex, point) in topology.pointOfVertex.enumerated() {
            let colour = Self.scene.albedo(topology.uv[vertex]) / skin
            mean[Int(point)] = SIMD4(log(colour.x), log(colour.y), log(colour.z), 0)
        }
        let model = AlbedoModel(mean: mean, modes: [], known: [Float](repeating: 1, count: Self.count), remainder: 0.01)
        let pose = TextureScene.pose(yaw: 0)
        func accumulator(isGrey: Bool) -> TextureAccumulator {
            var keyframe = Self.scene.keyframe(frame: 0, pose: pose, light: TextureScene.light(side: 1))
            if isGrey {
                for i in stride(from: 0, to: keyframe.crop.bytes.count, by: 3) {
                    let (r, g, b) = (keyframe.crop.bytes[i], keyframe.crop.bytes[i + 1], keyframe.crop.bytes[i + 2])
                    let sum: Float = 0.2126 * Float(r) + 0.7152 * Float(g) + 0.0722 * Float(b)
                    let luma = UInt8(sum)
                    for c in 0..<3 { keyframe.crop.bytes[i + c] = luma }
                }
            }
            var accumulator = TextureAccumulator(atlas: atlas, albedo: model)
            accumulator.absorb(
                atlas.project(keyframe, points: Self.scene.model.mean, pose: pose, focal: TextureScene.focal))
            return accumulator
        }
        let (colour, grey) = (accumulator(isGrey: false), accumulator(isGrey: true))
        #expect(!colour.isGrey && grey.isGrey)
        #expect(colour.variation(of: colour.views[0]) > 0.08)
        let texture = grey.texture()
        // The mouth is redder than skin by exp(0.6 + …); a grey one would not be.
        func redness(_ u: Float, _ v: Float) -> Float {
            let t = Int(v * Float(TextureTests.size)) * TextureTests.size + Int(u * Float(TextureTests.size))
            return log(texture.albedo.values[3 * t] / texture.albedo.values[3 * t + 1])
        }
        func truth(_ u: Float, _ v: Float) -> Float {
            let colour = Self.scene.albedo([u, v])
            return log(colour.x / colour.y)
        }
        let (told, wanted) = (redness(0.5, 0.72) - redness(0.5, 0.6), truth(0.5, 0.72) - truth(0.5, 0.6))
        print("lips redder than skin by \(told), in truth by \(wanted)")
        #expect(told > 0.6 * wanted && told < 1.2 * wanted && wanted > 0.4)
        #expect(redness(0.5, 0.6) > 0.3)
    }

    /// Of points that another head has.
    @Test func aModelOfAnotherHeadIsLeftAside() {
        let other = AlbedoModel(mean: [.zero], modes: [], known: [1], remainder: 0.01)
        #expect(TextureAccumulator(atlas: Self.atlas, albedo: other).albedo == nil)
    }

    @Test func theDatabaseFileKeepsIt() throws {
        let pyramid = DetailPyramid(atlas: Self.atlas)
        let network = DetailNetwork(seed: 3)
        let flat = DetailMap(
            size: 256, values: [Float](repeating: 0, count: 256 * 256), seen: [Float](repeating: 1, count: 256 * 256))
        let face = DetailStatistics(of: flat, pyramid: pyramid, network: network.network())
        let file = FaceDatabaseContents(
            network: .own(network), database: FaceDatabase([face, face]), size: 256, albedo: Self.model
        ).encoded()
        let back = try #require(try FaceDatabaseContents(encoded: file).albedo)
        #expect(try FaceDatabaseContents.albedo(encoded: file) == back)
        #expect(back.modes.count == 3 && back.remainder == Self.model.remainder)
        for (own, other) in zip([Self.model.mean] + Self.model.modes, [back.mean] + back.modes) {
            let largest = own.reduce(Float(0)) { max($0, abs($1.x), abs($1.y), abs($1.z)) }
            for g in own.indices where Self.model.known[g] > 0.5 / 255 {
                for c in 0..<3 { #expect(abs(own[g][c] - other[g][c]) <= largest / 32767) }
            }
        }
        #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents.albedo(encoded: Array(file.dropLast())) }
    }

    /// Truth: published L*a*b* of sRGB's red (brucelindbloom.com's calculator, D65) and of white.
    @Test func coloursDifferAsTheStandardSays() {
        let red = ColourDifference.lab([1, 0, 0, 1])
        #expect(abs(red.x - 53.24) < 0.02 && abs(red.y - 80.09) < 0.03 && abs(red.z - 67.20) < 0.03, "\(red)")
        #expect(abs(ColourDifference.cie1976([1, 1, 1, 1], [0, 0, 0, 1]) - 100) < 0.01)
    }
}
