internal import Foundation
internal import Tensors

/// What nobody saw: from the mirrored side where that was seen, else smoothly over the surface towards what such places
/// usually are (skin, hair, the mouth's inside).
extension TextureAccumulator {
    package func filled(_ fused: FusedTexture) -> Texture {
        let colours = pointColours(fused)
        let (map, size) = (atlas.map, atlas.size)
        var albedo = [Float](repeating: 0, count: size * size * 3)
        var confidence = [Float](repeating: 0, count: size * size)
        var seen = [SIMD4<Float>](repeating: .zero, count: size)
        var seenOf = [Float](repeating: 0, count: size * size)
        let levels = Plane(
            width: size / 4, height: size / 4,
            pixels: fused.coarse.pixels.indices.map {
                SIMD4(fused.coarse.pixels[$0].w, fused.confidence[$0], 0, 0)
            })
        for y in 0..<size {
            seen.withUnsafeMutableBufferPointer { levels.enlargedRow(y, factor: 4, into: $0) }
            for x in 0..<size {
                // Only so far as the texel itself, not just its block, was seen.
                seenOf[y * size + x] = seen[x].x
                confidence[y * size + x] = min(max(seen[x].y * seen[x].x, 0), 1)
            }
        }
        let strands = strands()
        let skin = max(fused.skin.luminance, 1e-3)
        /// 0...1: how far a scalp of this colour has hair, and is not bald or a high forehead.
        func hairiness(_ colour: SIMD4<Float>) -> Float {
            min(max((abs(log(max(colour.luminance, 1e-4) / skin)) - 0.25) / 0.5, 0), 1)
        }
        func set(_ texel: Int, _ colour: SIMD4<Float>) {
            for c in 0..<3 { albedo[3 * texel + c] = min(max(colour[c], 0), 1) }
        }
        colours.withUnsafeBufferPointer { colours in
            fused.albedo.withUnsafeBufferPointer { own in
                /// Of an occupied texel.
                func smooth(_ i: Int) -> SIMD4<Float> {
                    let (corner, w) = (map.corners[i], map.weights[i])
                    let a = colours[Int(corner.x)]
                    return a + (colours[Int(corner.y)] - a) * w.x + (colours[Int(corner.z)] - a) * w.y
                }
                for i in map.texels.indices {
                    let texel = Int(map.texels[i])
                    let a = seenOf[texel]
                    guard a < 0.999 else {
                        set(texel, own[texel])
                        continue
                    }
                    let usual = smooth(i)
                    let strand = strands[i] == 0 ? 0 : strands[i] * hairiness(usual)
                    var fill = usual * (1 + strand)
                    let m = map.mirror[i]
                    if m.x >= 0, m.y >= 0, m.x < Float(size), m.y < Float(size) {
                        let mirrored = Int(m.y) * size + Int(m.x)
                        let share = seenOf[mirrored]
                        if share > 0.01 {
                            let base = pointwiseMax(smooth(Int(map.nearest[mirrored])), .init(repeating: 0.004))
                            var ratio = own[mirrored] / base
                            ratio = pointwiseMin(pointwiseMax(ratio, .init(repeating: 0.1)), .init(repeating: 3))
                            fill = usual * (1 + (ratio - 1) * share + strand * (1 - share))
                        }
                    }
                    set(texel, fill + (own[texel] - fill) * a)
                }
            }
        }
        // Gutters: what lies beside them.
        for (at, near) in map.nearest.enumerated() {
            let texel = Int(map.texels[Int(near)])
            guard texel != at else { continue }
            for c in 0..<3 { albedo[3 * at + c] = albedo[3 * texel + c] }
            confidence[at] = confidence[texel]
        }
        return Texture(
            albedo: FloatImage(width: size, height: size, channels: 3, values: albedo),
            confidence: FloatImage(width: size, height: size, channels: 1, values: confidence))
    }

    /// Relative brightness of hair on the scalp where none was seen: fine streaks that run down from the crown. Zero
    /// off the scalp. Per occupied texel.
    private func strands() -> [Float] {
        let scalp = atlas.model.mean.indices.map { g -> SIMD4<Float> in
            let p = atlas.model.mean[g]
            return SIMD4(p.x, p.y, p.z, atlas.regions.scalp[g])
        }
        return atlas.map.interpolated(scalp).map { p in
            guard p.w > 0.3 else { return 0 }
            let q = SIMD2(p.x, p.z + 0.03)
            let turn = atan2(q.x, q.y)
            let fall = (q * q).sum().squareRoot() + max(0.08 - p.y, 0)
            var sum: Float = 0
            for (k, share) in [(37, 0.35), (83, 0.35), (151, 0.3)] as [(Float, Float)] {
                sum += share * sin(k * turn + 2 * sin(19 * fall + 0.13 * k) + 3 * sin(3 * turn + k))
            }
            return 0.16 * sum * (p.w - 0.3) / 0.7
        }
    }

    /// The smooth colour of every point (linear): what was seen, else the mirrored point's colour brought to the level
    /// of this side, else what diffuses in from around, drawn gently to the place's usual colour.
    func pointColours(_ fused: FusedTexture) -> [SIMD4<Float>] {
        let count = atlas.model.topology.pointCount
        let regions = atlas.regions
        let own = PointColours(fused, atlas: atlas)
        let (values, seen) = (own.values, own.seen)

        // The level between the sides, carried on to where only one side was seen.
        let mirror = atlas.model.topology.mirrorOfPoint
        var difference = [SIMD4<Float>](repeating: .zero, count: count)
        var compared = [Float](repeating: 0.003, count: count)
        for g in 0..<count {
            let m = Int(mirror[g])
            let both = min(seen[g], seen[m])
            guard both > 0.3, m != g else { continue }
            difference[g] = values[g] - values[m]
            compared[g] = both
        }
        difference = atlas.neighbours.diffused(difference, weights: compared, iterations: 60)

        let usual = usualColours(fused, values: values, seen: seen)
        // What departs from it spreads over the surface; without it, all.
        let known = expectedColours(of: own, usual: usual)
        let zero = [SIMD4<Float>](repeating: .zero, count: count)
        let expected = known ?? zero
        var targets = known == nil ? usual.colours : zero
        var weights = usual.weights
        for g in 0..<count where regions.interior[g] == .none {
            let m = Int(mirror[g])
            if seen[g] > 0.05 {
                targets[g] = values[g] - expected[g]
                weights[g] = 30 * seen[g] * seen[g]
            }
            // A point half seen is half its mirror's business.
            if seen[m] > 0.2, seen[g] < 0.8, m != g {
                let w = 2 * seen[m] * (1 - seen[g])
                let value = values[m] + difference[g] - expected[g]
                targets[g] = (targets[g] * weights[g] + value * w) / (weights[g] + w)
                weights[g] += w
            }
            let hair = usual.outline[g]
            let w = Self.outline * hair.w * (1 - min(seen[g] / 0.2, 1))
            if w > 0 {
                let colour = SIMD4(hair.x, hair.y, hair.z, 0) - expected[g]
                targets[g] = (targets[g] * weights[g] + colour * w) / (weights[g] + w)
                weights[g] += w
            }
        }
        let diffused = atlas.neighbours.diffused(targets, weights: weights, conductances: atlas.conductances)
        return zip(diffused, expected).map {
            let colour = $0 + $1
            return SIMD4(exp(min(colour.x, 0)), exp(min(colour.y, 0)), exp(min(colour.z, 0)), 1)
        }
    }

    /// How strongly a point of the scalp has the colour of the hair on the head's outline there, beside its neighbours (1 each).
    private static let outline: Float = 2

    /// How strongly a point keeps to the model, beside its neighbours (1 each).
    private static let belief: Float = 300

    /// Log colours of the whole head that what was seen of the face makes most likely: lips and brows where those belong.
    /// - Returns: G; `nil` without a model, or where too little was seen for it.
    private func expectedColours(of own: PointColours, usual: UsualColours) -> [SIMD4<Float>]? {
        guard let albedo, let likely = albedo.colours(of: own) else { return nil }
        // Where the model knows little, from around: no edge lies there.
        var (colours, weights) = (usual.colours, usual.weights)
        for g in colours.indices where albedo.known[g] > 0 {
            let weight = Self.belief * albedo.known[g] * albedo.known[g]
            colours[g] = (colours[g] * weights[g] + likely[g] * weight) / (weights[g] + weight)
            weights[g] += weight
        }
        return atlas.neighbours.diffused(colours, weights: weights)
    }

    /// G each: natural log of linear colours, weights as `diffused` takes them, and `UsualHair.outline`.
    private typealias UsualColours = (colours: [SIMD4<Float>], weights: [Float], outline: [SIMD4<Float>])

    /// Log colours that unseen places tend to, and how strongly.
    private func usualColours(_ fused: FusedTexture, values: [SIMD4<Float>], seen: [Float]) -> UsualColours {
        let regions = atlas.regions
        func coded(_ c: SIMD4<Float>) -> SIMD4<Float> { SIMD4(log(c.x), log(c.y), log(c.z), 0) }
        // Unseen skin continues the seen face as it came out, a little towards its lighter half: what lies at the
        // median still has creases and shade in it.
        var skins: [SIMD4<Float>] = []
        for texel in atlas.coarseMap.texels {
            let at = Int(texel)
            let region = atlas.coarseRegions[at]
            guard region.x > 0.004, region.y < 0.1, region.z < 0.3, fused.coarse.pixels[at].w > 0.5 else { continue }
            skins.append(fused.coarse.pixels[at])
        }
        skins.sort { $0.luminance < $1.luminance }
        var skin = coded(fused.skin)
        if skins.count >= 100 {
            let lighter = skins[skins.count / 2..<skins.count * 3 / 4]
            skin = coded(lighter.reduce(.zero, +) / Float(lighter.count))
        }
        let hair = usualHair(fused, skin: skin)
        var colours = [SIMD4<Float>](repeating: skin, count: seen.count)
        // A weight of (edge / length)² makes a colour hold beyond `length` from what was seen, however fine the mesh.
        func hold(_ length: Float) -> Float {
            atlas.edgeLength * atlas.edgeLength / (length * length)
        }
        var weights = [Float](repeating: hold(0.035), count: seen.count)
        for g in seen.indices {
            switch regions.interior[g] {
            case .none:
                colours[g] = skin + (hair.colour - skin) * regions.scalp[g]
                weights[g] = hold(0.035) + hold(0.015) * regions.scalp[g]
            case .mouth:
                colours[g] = skin + SIMD4(-1.1, -2.0, -1.9, 0)
                weights[g] = 0.5
            case .socket:
                colours[g] = skin + SIMD4(-0.7, -1.3, -1.2, 0)
                weights[g] = 0.5
            case .other:
                colours[g] = skin + SIMD4(-1.2, -1.6, -1.7, 0)
                weights[g] = 0.05
            }
        }
        return (colours, weights, hair.outline)
    }
}
