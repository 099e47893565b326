internal import Foundation
internal import Tensors

/// Paints a skin albedo in our atlas: tone, redness, lips, brows, hair, moles, pores, each where it belongs on the head.
struct SyntheticSkin {
    private let model: MorphableModel
    private let tone: SIMD3<Float>
    private let hair: SIMD3<Float>
    private let moles: [(SIMD3<Float>, Float)]
    private let offset: SIMD3<Float>

    private static let lips = [
        61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    ]
    private static let brows = [
        [70, 63, 105, 66, 107, 55, 65, 52, 53, 46], [300, 293, 334, 296, 336, 285, 295, 282, 283, 276],
    ]

    init(model: MorphableModel, generator: inout SeededGenerator) {
        self.model = model
        let melanin = Float(generator.uniform())
        let (light, dark) = (SIMD3<Float>(0.62, 0.40, 0.30), SIMD3<Float>(0.22, 0.115, 0.07))
        tone = light + (dark - light) * melanin * melanin
        let hairs: [SIMD3<Float>] = [SIMD3(0.02, 0.014, 0.01), SIMD3(0.07, 0.04, 0.02), SIMD3(0.22, 0.13, 0.06)]
        hair = hairs[Int(generator.next() % 3)]
        let places = [50, 280, 101, 330, 199, 9, 187, 411, 205, 425]
        var moles: [(SIMD3<Float>, Float)] = []
        for place in places where generator.uniform() < 0.6 {
            let shift = SIMD3<Float>(Float(generator.normal()), Float(generator.normal()), 0) * 0.006
            moles.append((Self.place(model, place) + shift, 0.0007 + 0.0008 * Float(generator.uniform())))
        }
        self.moles = moles
        offset = SIMD3(Float(generator.uniform()), Float(generator.uniform()), Float(generator.uniform())) * 10
    }

    func image(size: Int) -> Image {
        let map = TexelMap(topology: model.topology, size: size)
        let regions = HeadRegions(model: model)
        let places = map.interpolated(model.mean.map { SIMD4($0, 0) })
        let kinds = map.interpolated(
            regions.scalp.indices.map { SIMD4(regions.scalp[$0], regions.interior[$0] == .none ? 0 : 1, 0, 0) })
        let lips = Self.lips.map { flat(Self.place(model, $0)) }
        let brows = Self.brows.map { $0.map { flat(Self.place(model, $0)) } }
        let blush = [50, 280, 1].map { Self.place(model, $0) }
        let colours = places.indices.map { i -> SIMD4<Float> in
            let p = SIMD3(places[i].x, places[i].y, places[i].z)
            return SIMD4(colour(p, kinds[i], lips, brows, blush), 1)
        }
        return EyeTexture.coded(map, colours, size: size)
    }

    private func colour(
        _ p: SIMD3<Float>, _ kind: SIMD4<Float>, _ lips: [SIMD2<Float>], _ brows: [[SIMD2<Float>]],
        _ blush: [SIMD3<Float>]
    ) -> SIMD3<Float> {
        if kind.y > 0.5 { return SIMD3(0.3, 0.1, 0.09) }
        let broad = noise(p, 0.03)
        let fine = noise(p, 0.006)
        let pores = noise(p, 0.0016)
        var colour = tone * (1 + 0.07 * broad + 0.04 * fine + 0.05 * pores)
        for centre in blush {
            let d = p - centre
            colour *= SIMD3<Float>(repeating: 1) + SIMD3(0.05, -0.12, -0.1) * exp(-(d * d).sum() / (0.02 * 0.02))
        }
        for (centre, radius) in moles {
            let d = p - centre
            colour *= 1 - 0.6 * exp(-(d * d).sum() / (radius * radius))
        }
        if p.z > 0.04 {
            let mouth = soft(distance(flat(p), lips), 0.0012)
            let lip = tone * SIMD3(0.85, 0.5, 0.52) * (1 + 0.12 * noise(p * SIMD3(3, 0.6, 1), 0.003))
            colour += (lip - colour) * (0.85 * mouth)
            let brow = brows.map { soft(distance(flat(p), $0), 0.0018) }.max() ?? 0
            let strand = 0.6 + 0.4 * noise(p * SIMD3(1, 2.5, 1), 0.0015)
            colour += (hair - colour) * min(max(0.85 * brow * strand, 0), 1)
        }
        let strands = hair * (1 + 0.5 * noise(p * SIMD3(4, 1, 1), 0.004) + 0.2 * broad)
        return pointwiseMax(colour + (strands - colour) * min(max(kind.x, 0), 1), SIMD3(repeating: 0.004))
    }

    private static func place(_ model: MorphableModel, _ landmark: Int) -> SIMD3<Float> {
        let anchor = model.landmarks[landmark]
        return (0..<3).reduce(.zero) { $0 + model.mean[Int(anchor.points[$1])] * anchor.weights[$1] }
    }

    private func flat(_ p: SIMD3<Float>) -> SIMD2<Float> { SIMD2(p.x, p.y) }

    /// 1 inside, 0 outside, smooth over ±width metres.
    private func soft(_ distance: Float, _ width: Float) -> Float {
        let t = min(max(0.5 + 0.5 * distance / width, 0), 1)
        return t * t * (3 - 2 * t)
    }

    /// Metres inside (positive) or outside a closed outline.
    private func distance(_ p: SIMD2<Float>, _ ring: [SIMD2<Float>]) -> Float {
        var inside = false
        var nearest = Float.infinity
        for i in ring.indices {
            let (a, b) = (ring[i], ring[(i + 1) % ring.count])
            if (a.y > p.y) != (b.y > p.y), p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x { inside.toggle() }
            let ab = b - a
            let t = min(max(((p - a) * ab).sum() / max((ab * ab).sum(), 1e-12), 0), 1)
            let d = p - (a + ab * t)
            nearest = min(nearest, (d * d).sum())
        }
        return (inside ? 1 : -1) * nearest.squareRoot()
    }

    /// Smooth value noise in −1...1 with features of about `scale` metres.
    private func noise(_ p: SIMD3<Float>, _ scale: Float) -> Float {
        let q = p / scale + offset
        let base = SIMD3<Float>(q.x.rounded(.down), q.y.rounded(.down), q.z.rounded(.down))
        let f = q - base
        let w = f * f * (SIMD3(repeating: 3) - 2 * f)
        var sum: Float = 0
        for corner in 0..<8 {
            let d = SIMD3<Float>(Float(corner & 1), Float(corner >> 1 & 1), Float(corner >> 2))
            let weight =
                (d.x > 0 ? w.x : 1 - w.x) * (d.y > 0 ? w.y : 1 - w.y) * (d.z > 0 ? w.z : 1 - w.z)
            sum += weight * Self.hash(base + d)
        }
        return sum
    }

    private static func hash(_ p: SIMD3<Float>) -> Float {
        var h = UInt64(bitPattern: Int64(p.x)) &* 0x9E37_79B9_7F4A_7C15
        h ^= UInt64(bitPattern: Int64(p.y)) &* 0xC2B2_AE3D_27D4_EB4F
        h ^= UInt64(bitPattern: Int64(p.z)) &* 0x1656_67B1_9E37_79F9
        h = (h ^ (h >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return Float(h >> 40) / Float(1 << 23) - 1
    }
}
