import Foundation
import Tensors
import Testing

import Face

/// Truth: by construction, pictures whose hair is painted.
@Suite struct HairColourTests {
    static let scene = TextureScene()
    static let atlas: TextureAtlas = {
        let points = scene.model.mean
        var regions = HeadRegions.plain(pointCount: points.count)
        for (g, p) in points.enumerated() where p.y > 0.05 { regions.scalp[g] = 1 }
        return TextureAtlas(model: scene.model, size: TextureTests.size, regions: regions)
    }()
    /// Linear.
    static let brown = SIMD3<Float>(0.09, 0.05, 0.03)

    /// The scene's head, whose scalp has the colour of its skin, with hair of some pixels' height around it above the brows.
    static func picture(hair height: Int) -> (keyframe: Keyframe, mask: [Float]) {
        var keyframe = scene.keyframe(frame: 0, pose: TextureScene.pose(yaw: 0), light: TextureScene.light(side: 1))
        // A landmark that is inside the person.
        keyframe.landmarks = [SIMD2(160, 160)]
        let size = keyframe.crop.width
        let backdrop = Array(keyframe.crop.bytes[0..<3])
        let head = (0..<size * size).map { i in (0..<3).contains { keyframe.crop.bytes[3 * i + $0] != backdrop[$0] } }
        var mask = head
        for i in mask.indices where !head[i] && i / size < 120 {
            let (x, y) = (i % size, i / size)
            mask[i] = (max(y - height, 0)...min(y + height, size - 1)).contains { v in
                (max(x - height, 0)...min(x + height, size - 1)).contains { u in
                    (u - x) * (u - x) + (v - y) * (v - y) <= height * height && head[v * size + u]
                }
            }
            guard mask[i] else { continue }
            for c in 0..<3 { keyframe.crop.bytes[3 * i + c] = SRGB.code(brown[c] * 0.64) }
        }
        return (keyframe, mask.map { $0 ? 1 : 0 })
    }

    /// Mean linear colour of the back of the scalp, which nobody saw.
    static func crown(_ keyframe: Keyframe, _ mask: PersonMask?) -> SIMD3<Float> {
        let view = atlas.project(
            keyframe, points: scene.model.mean, pose: TextureScene.pose(yaw: 0), focal: TextureScene.focal,
            personMask: mask)
        let texture = TextureTests.accumulate(atlas, [view]).texture()
        let places = atlas.map.interpolated(scene.model.mean.map { SIMD4($0, 0) })
        var (sum, count) = (SIMD3<Float>.zero, Float(0))
        for (i, texel) in atlas.map.texels.enumerated() where places[i].y > 0.07 && places[i].z < -0.02 {
            sum += TextureTests.value(texture, Int(texel))
            count += 1
        }
        return sum / count
    }

    @Test func hairAroundTheHeadGivesTheScalpItsColour() throws {
        let (keyframe, mask) = Self.picture(hair: 16)
        let own = try #require(PersonMask(side: keyframe.crop.width, values: mask, of: keyframe))
        let colour = Self.crown(keyframe, own)
        for c in 0..<3 { #expect(abs(log(colour[c] / Self.brown[c])) < 0.5, "\(colour) of \(Self.brown)") }
        // Without knowing what is background, it is as bald as what was seen of the scalp.
        #expect(Self.crown(keyframe, nil).x > 0.25)
    }

    @Test func aBaldHeadStaysBald() throws {
        let (keyframe, mask) = Self.picture(hair: 0)
        let own = try #require(PersonMask(side: keyframe.crop.width, values: mask, of: keyframe))
        let (bald, unmasked) = (Self.crown(keyframe, own), Self.crown(keyframe, nil))
        for c in 0..<3 { #expect(abs(log(bald[c] / unmasked[c])) < 0.35, "\(bald), \(unmasked)") }
    }

    @Test func aMaskThatHasNoFaceInItIsNone() {
        let (keyframe, mask) = Self.picture(hair: 4)
        #expect(PersonMask(side: keyframe.crop.width, values: mask, of: keyframe) != nil)
        #expect(PersonMask(side: keyframe.crop.width, values: mask.map { 1 - $0 }, of: keyframe) == nil)
        #expect(PersonMask(side: 2, values: [0.7, 0.7, 0.7, 0.7], of: keyframe) == nil)
    }

    /// Nothing is taken from outside the person, wherever the fit lies.
    @Test func whatIsNotThePersonIsNotSeen() throws {
        let (keyframe, mask) = Self.picture(hair: 0)
        let size = keyframe.crop.width
        // A hand, or a post, in front of the left half.
        let half = mask.indices.map { $0 % size < size / 2 + 4 ? mask[$0] : 0 }
        let own = try #require(PersonMask(side: size, values: half, of: keyframe))
        func seen(_ mask: PersonMask?) -> [Bool] {
            Self.atlas.project(
                keyframe, points: Self.scene.model.mean, pose: TextureScene.pose(yaw: 0), focal: TextureScene.focal,
                personMask: mask
            ).texels.map { $0.w > 0 }
        }
        let (all, some) = (seen(nil), seen(own))
        let places = Self.atlas.map.interpolated(Self.scene.model.mean.map { SIMD4($0, 0) })
        var (lost, kept) = (0, 0)
        for (i, texel) in Self.atlas.map.texels.enumerated() where all[Int(texel)] {
            let isOutside = places[i].x > 0.01
            if isOutside { #expect(!some[Int(texel)]) }
            if isOutside { lost += 1 } else if some[Int(texel)] { kept += 1 }
        }
        #expect(lost > 1000 && kept > 1000, "\(lost), \(kept)")
    }
}
