internal import Foundation
internal import Tensors

/// What is left of light in the low band: cast shadows, gloss and bounce that nine harmonics cannot follow.
struct ResidualShadingOptions: Sendable, Equatable {
    /// Metres: smoother departures from the expected albedo are taken for light; where little is known, finer ones too.
    var length: Float = 0.020
    var uncertainLength: Float = 0.006
    /// Share of a departure that is removed: where left and right depart oppositely, which light does and skin hardly; where
    /// both depart alike; where views hardly tell.
    var oneSided: Float = 0.9
    var bothSided: Float = 0.5
    var uncertain: Float = 0.95
    /// Share of a departure in chromaticity that is removed: white balance and coloured bounce.
    var chroma: Float = 0.75
    /// Metres, natural log of luminance, share: gloss brightens small places by more than skin varies by.
    var glossLength: Float = 0.005
    var glossThreshold: Float = 0.08
    var gloss: Float = 0.75
    /// Weight of brows, lids and lips beside plain skin: the expected albedo has them, if not quite at the person's places.
    var features: Float = 0.35
    /// Natural log of luminance that a place departs from the expected albedo by, and its mirrored place the other way: from
    /// where on it is a shadow that hides the skin, and where wholly. The mirrored side shows that better.
    var shadow: ClosedRange<Float> = 0.22...0.5
}

extension TextureAccumulator {
    /// Attenuates smooth departures of skin from the albedo that the face most likely has.
    /// - Parameters:
    ///   - low: (size / 4)² linear low band; w > 0 where known.
    ///   - expected: G, natural log of linear albedo.
    ///   - skin: typical linear albedo.
    ///   - confidence: (size / 4)², 0...1.
    /// - Returns: `low`, its w multiplied by how far the place is not lost in a shadow (0...1).
    func suppressingResidualShading(
        _ low: Plane, expected: [SIMD4<Float>], skin: SIMD4<Float>, confidence: [Float]
    ) -> Plane {
        let limits = ResidualShadingOptions()
        let regions = atlas.regions
        var seen = low
        for i in seen.pixels.indices {
            let region = atlas.coarseRegions[i]
            let plain =
                max(1 - (1 - limits.features) * region.y - region.z, 0) * (1 - region.w)
            seen.pixels[i].w = low.pixels[i].w > 0 ? plain * min(confidence[i] * 20, 1) : 0
        }
        let colours = PointColours(coarse: seen, atlas: atlas)
        var departures = colours.values.indices.map { colours.seen[$0] > 0 ? colours.values[$0] - expected[$0] : .zero }
        // Brightness is a convention, anchored to the well-seen face.
        var (level, total) = (Float(0), Float(1e-6))
        for g in departures.indices where regions.insideFace[g] > 0.01 && colours.seen[g] > 0.5 {
            level += departures[g].luminance
            total += 1
        }
        for g in departures.indices { departures[g] -= SIMD4(repeating: level / total) }

        func smooth(_ length: Float) -> [SIMD4<Float>] {
            let hold = atlas.edgeLength * atlas.edgeLength / (length * length)
            return atlas.neighbours.diffused(departures, weights: colours.seen.map { $0 * hold + 1e-5 })
        }
        let (wide, narrow, glossy) = (
            smooth(limits.length), smooth(limits.uncertainLength), smooth(limits.glossLength)
        )
        let mirror = atlas.model.topology.mirrorOfPoint
        let shadowWidth = limits.shadow.upperBound - limits.shadow.lowerBound
        let corrections = departures.indices.map { g -> SIMD4<Float> in
            let m = Int(mirror[g])
            let both = min(min(colours.seen[g], colours.seen[m]) * 2, 1)
            let odd = (wide[g] - wide[m]) / 2 * both
            let even = wide[g] - odd
            let evenShare = limits.bothSided + (limits.oneSided - limits.bothSided) * (1 - both) / 2
            var correction = odd * limits.oneSided + even * evenShare
            // Chromaticity apart.
            let luminance = wide[g].luminance
            let removed = correction.luminance
            correction = SIMD4(repeating: removed) + (wide[g] - SIMD4(repeating: luminance)) * limits.chroma
            let left = glossy[g].luminance - removed
            if left > limits.glossThreshold {
                correction += SIMD4(repeating: (left - limits.glossThreshold) * limits.gloss)
            }
            correction.w = both * min(max((-odd.luminance - limits.shadow.lowerBound) / shadowWidth, 0), 1)
            return correction
        }
        func onTexels(_ values: [SIMD4<Float>]) -> [SIMD4<Float>] {
            atlas.coarseMap.spread(atlas.coarseMap.interpolated(values))
        }
        let (certain, uncertain) = (onTexels(corrections), onTexels(narrow))
        var result = low
        for i in low.pixels.indices where low.pixels[i].w > 0 {
            let region = atlas.coarseRegions[i]
            let plain = max(1 - region.z, 0) * (1 - region.w)
            // Below the jaw and behind the cheeks lie shadows that the light, fitted on the face, knows nothing of.
            let trust = min(confidence[i] * 4, 1) * (1 - min(max(-region.x / 0.008, 0), 1))
            for c in 0..<3 {
                let correction = uncertain[i][c] * limits.uncertain * (1 - trust) + certain[i][c] * trust
                result.pixels[i][c] *= exp(-correction * plain)
            }
            result.pixels[i].w *= 1 - certain[i].w * plain
            // Neck and ears: normals the light was never fitted on; their brightness may stay, their colour is skin's.
            let away = 0.7 * min(max(-region.x / 0.02, 0), 1) * plain
            let grey = skin * (result.pixels[i].luminance / skin.luminance)
            for c in 0..<3 { result.pixels[i][c] += (grey[c] - result.pixels[i][c]) * away }
        }
        return result
    }
}
