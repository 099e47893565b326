internal import Foundation

/// How rough a head's skin is: oily on forehead, nose and chin, moist on lips, hair rough. Chosen by eye around the 0.55 that
/// suits a whole face.
enum SkinRoughness {
    private static let (skin, oily, lips, hair): (Float, Float, Float, Float) = (0.58, 0.45, 0.42, 0.85)

    /// MediaPipe's landmarks in the oily zone and how far it reaches around each, metres.
    private static let oilyPlaces: [(landmark: Int, radius: Float)] = [
        (151, 0.022), (108, 0.018), (337, 0.018), (9, 0.014), (197, 0.011), (5, 0.012), (4, 0.014), (199, 0.013),
        (175, 0.013),
    ]

    /// G: roughness of each point, 0...1.
    static func points(model: MorphableModel, regions: HeadRegions) -> [Float] {
        let points = model.mean
        func place(_ n: Int) -> SIMD3<Float>? {
            guard model.landmarks.count >= 468, model.landmarks[n].deviation.isFinite else { return nil }
            return model.landmarks[n].place(on: points)
        }
        let centres = oilyPlaces.compactMap { zone in place(zone.landmark).map { (centre: $0, radius: zone.radius) } }
        func ring(_ numbers: [Int]) -> [SIMD2<Float>] { numbers.compactMap { place($0).map { SIMD2($0.x, $0.y) } } }
        let mouth = ring(HeadRegions.lips)
        let brows = [ring(HeadRegions.leftBrow), ring(HeadRegions.rightBrow)]
        func inside(_ p: SIMD3<Float>, _ ring: [SIMD2<Float>]) -> Float {
            guard ring.count > 2 else { return 0 }
            return min(max(1 + HeadRegions.signedDistance(SIMD2(p.x, p.y), ring) / 0.003, 0), 1)
        }
        return points.indices.map { g in
            let p = points[g]
            switch regions.interior[g] {
            case .mouth: return 0.4
            case .socket: return 0.5
            // Between the lips, in nostrils and ears: as around them.
            case .other, .none: break
            }
            let plain = centres.reduce(Float(1)) { rest, zone in
                let d = p - zone.centre
                return rest * (1 - expf(-(d * d).sum() / (zone.radius * zone.radius)))
            }
            var roughness = oily + (skin - oily) * plain
            // A feature's weight knows front from back, its ring which feature it is.
            roughness += (lips - roughness) * min(inside(p, mouth), regions.feature[g])
            let brow = min(brows.map { inside(p, $0) }.max() ?? 0, regions.feature[g])
            roughness += (hair - roughness) * max(brow, regions.scalp[g])
            return roughness
        }
    }
}
