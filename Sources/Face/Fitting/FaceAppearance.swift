internal import Foundation
internal import Tensors

/// How a face looks, whatever the light: its pattern in the atlas, laid on its landmarks. Two pictures of one person
/// correlate highly, those of two people much less; brows, lips and the fold of the lids are where people differ.
package struct FaceAppearance: Sendable {
    /// Per texel of the face: log luminance less its wide surroundings; not a number where it is not seen.
    private let pattern: [Float]
    private let mirror: [Int]

    private static let size = 256
    /// Half the width of the surroundings, texels of about 1.2 mm: light changes more slowly, a brow does not.
    private static let surroundings = 14
    private static let fine = 1

    /// What all pictures of one model's heads share.
    package struct Atlas: Sendable {
        let atlas: TextureAtlas
        /// Texels of the face.
        let face: [Int]
        /// For each of them, which of them lies at the mirrored place; −1 where none does.
        let mirror: [Int]

        package init(model: MorphableModel) {
            let atlas = TextureAtlas(model: model, size: size)
            self.atlas = atlas
            let inside = atlas.map.interpolated(
                model.mean.indices.map { g in
                    SIMD4(atlas.regions.insideFace[g], atlas.regions.interior[g] == .none ? 0 : 1, 0, 0)
                })
            let numbers = atlas.map.texels.indices.filter { inside[$0].x > 0.004 && inside[$0].y == 0 }
            face = numbers.map { Int(atlas.map.texels[$0]) }
            let place = Dictionary(uniqueKeysWithValues: face.enumerated().map { ($1, $0) })
            mirror = numbers.map { i in
                let m = atlas.map.mirror[i]
                guard m.x >= 0, m.y >= 0, m.x < Float(size), m.y < Float(size) else { return -1 }
                return place[Int(m.y) * size + Int(m.x)] ?? -1
            }
        }
    }

    /// - Parameters:
    ///   - identity: of the head that the keyframe is laid on.
    ///   - view: of the keyframe with that head and `focal` (pixels).
    package init(_ keyframe: Keyframe, view: ShapeFit.View, identity: [Double], focal: Double, in atlas: Atlas) {
        let face = atlas.face
        mirror = atlas.mirror
        let atlas = atlas.atlas
        let neutral = atlas.model.points(identity: identity)
        let points = atlas.model.expressed(neutral, expression: view.expression)
        let head = PosedHead(
            atlas: atlas, keyframe: keyframe, points: points, neutral: nil, pose: view.pose, focal: focal)
        let seen = atlas.unwrap(keyframe, head: head, pose: view.pose)
        let logs = Plane(
            width: Self.size, height: Self.size,
            pixels: seen.texels.map { t in
                guard t.w > 60 else { return .zero }
                let linear = SRGB.linear
                let light =
                    0.2126 * linear[Int(t.x)] + 0.7152 * linear[Int(t.y)] + 0.0722 * linear[Int(t.z)]
                return SIMD4(log(max(light, 0.004)), 0, 0, 1)
            })
        let (near, far) = (
            logs.blurred(radius: Self.fine, passes: 2), logs.blurred(radius: Self.surroundings, passes: 2)
        )
        pattern = face.map { i in
            guard logs.pixels[i].w > 0 else { return .nan }
            let d = near.pixels[i].x / near.pixels[i].w - far.pixels[i].x / far.pixels[i].w
            return min(max(d, -1), 1)
        }
    }

    /// Correlation of two patterns over what both show of the face, −1...1; `nil` where that is little.
    /// - Parameter mirrored: compare with the other face's mirror image.
    package func correlation(with other: FaceAppearance, mirrored: Bool = false) -> Double? {
        precondition(pattern.count == other.pattern.count, "appearances of two models")
        let shown = mirrored ? other.mirror.map { $0 < 0 ? .nan : other.pattern[$0] } : other.pattern
        var (n, a, b, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for (p, q) in zip(pattern, shown) where !p.isNaN && !q.isNaN {
            let (x, y) = (Double(p), Double(q))
            n += 1
            a += x
            b += y
            aa += x * x
            bb += y * y
            ab += x * y
        }
        guard n > 0.3 * Double(pattern.count) else { return nil }
        let (va, vb) = (aa / n - a / n * (a / n), bb / n - b / n * (b / n))
        return (ab / n - a / n * (b / n)) / max((va * vb).squareRoot(), 1e-9)
    }
}
