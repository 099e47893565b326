import Foundation
import Tensors
import Testing

import Face

/// Light taken out with a statistical albedo. Truth: `TextureScene`'s albedo under its light, and under a cast shadow that no
/// spherical harmonics of the normal can explain.
@Suite struct DelightingTests {
    private static let size = 512
    private static let scene = TextureScene(symmetric: true)
    private static let atlas = TextureAtlas(model: scene.model, size: size)

    /// Of people like the one in the scene: the smooth part of its albedo, at another level and paleness each.
    private static let albedo: AlbedoModel = {
        let topology = scene.model.topology
        var uv = [SIMD2<Float>](repeating: .zero, count: topology.pointCount)
        for (v, point) in topology.pointOfVertex.enumerated() { uv[Int(point)] = topology.uv[v] }
        let smooth = uv.map { place -> SIMD4<Float> in
            let (u, v) = (0.5 + abs(place.x - 0.5), place.y)
            let blush = exp(-((u - 0.62) * (u - 0.62) + (v - 0.55) * (v - 0.55)) / 0.006)
            return SIMD4(log(0.40), log(0.235 * (1 - 0.15 * blush)), log(0.165 * (1 - 0.2 * blush)), 0)
        }
        let faces = (0..<20).map { n -> PointColours in
            var generator = SeededGenerator(seed: UInt64(n))
            let (level, tone) = (Float(generator.normal()) * 0.3, Float(generator.normal()) * 0.05)
            return PointColours(
                values: scene.model.mean.indices.map { g in
                    let forehead = exp(-(uv[g].y - 0.3) * (uv[g].y - 0.3) / 0.02)
                    return smooth[g] + SIMD4(level + tone * forehead, level, level, 0)
                }, seen: [Float](repeating: 1, count: scene.model.mean.count))
        }
        return AlbedoModel(faces: faces, atlas: atlas, modes: 4)!
    }()

    private static func texture(_ keyframe: Keyframe, pose: Pose, albedo: AlbedoModel?) -> Texture {
        var accumulator = TextureAccumulator(atlas: atlas, albedo: albedo)
        accumulator.absorb(
            atlas.project(keyframe, points: scene.model.mean, pose: pose, focal: TextureScene.focal))
        return accumulator.texture()
    }

    private static func uv(_ texel: Int) -> SIMD2<Float> {
        SIMD2((Float(texel % size) + 0.5) / Float(size), (Float(texel / size) + 0.5) / Float(size))
    }

    private static func error(_ texture: Texture, at texels: [Int]) -> Double {
        albedoPSNR(
            { i in
                let v = texture.albedo.values
                return SIMD3(v[3 * i], v[3 * i + 1], v[3 * i + 2])
            }, truth: { scene.albedo(uv($0)) },
            texels: texels)
    }

    private static func face(_ texture: Texture) -> [Int] {
        (0..<size * size).filter { abs(uv($0).x - 0.5) < 0.17 && abs(uv($0).y - 0.5) < 0.25 }
    }

    @Test func theAlbedoModelMakesSideLightEven() {
        let pose = TextureScene.pose(yaw: 0)
        let keyframe = Self.scene.keyframe(frame: 0, pose: pose, light: TextureScene.light(side: 1))
        let (with, without) = (
            Self.texture(keyframe, pose: pose, albedo: Self.albedo), Self.texture(keyframe, pose: pose, albedo: nil)
        )
        let texels = Self.face(with)
        let (a, b) = (Self.error(with, at: texels), Self.error(without, at: texels))
        print("side light: \(a) dB with an albedo model, \(b) dB without")
        #expect(a > 24 && a > b - 0.5)
    }

    /// The left third of the face lies in a hard shadow: there the mirrored side shows the skin better.
    @Test func aCastShadowIsNoSkinColour() {
        let pose = TextureScene.pose(yaw: 0)
        var keyframe = Self.scene.keyframe(frame: 0, pose: pose, light: TextureScene.light(side: 0.2))
        let lit = Self.texture(keyframe, pose: pose, albedo: Self.albedo)
        for y in 0..<keyframe.crop.height {
            for x in 0..<keyframe.crop.width * 2 / 5 {
                for c in 0..<3 {
                    let at = 3 * (y * keyframe.crop.width + x) + c
                    keyframe.crop.bytes[at] = SRGB.code(0.4 * SRGB.linear[Int(keyframe.crop.bytes[at])])
                }
            }
        }
        let shaded = Self.texture(keyframe, pose: pose, albedo: Self.albedo)
        let texels = Self.face(lit)
        let (a, b) = (Self.error(shaded, at: texels), Self.error(lit, at: texels))
        print("cast shadow: \(a) dB, without it \(b) dB; 0.4 of the light on a third of the face would be 15 dB")
        #expect(a > 20)
    }
}
