internal import Foundation

/// One view made comparable to the others, on the (size / 4)² grid.
struct LitView {
    /// Albedo estimate; w = quality after all rejections.
    var albedo: Plane
    /// The same, blurred to the low band.
    var low: Plane
    /// Where to read for each coarse texel to match the other views, coarse texels; `nil`: in place.
    var shifts: [SIMD2<Float>]?
}

/// Making views comparable: light divided out, and trust only in what looks like the skin it should be.
extension TextureAccumulator {
    /// Divides the light out and weighs down what does not look like the skin it should be.
    /// - Parameter expected: G, natural log of the linear albedo that the face most likely has.
    func relit(
        _ view: PartialTexture, light: Illumination?, skin: SIMD4<Float>, expected: [SIMD4<Float>]
    ) -> LitView {
        var albedo = view.coarse
        let flat = Illumination(coefficients: [SIMD4(1, 1, 1, 1)] + [SIMD4<Float>](repeating: .zero, count: 8))
        let light = light ?? flat
        let isLit = light.coefficients != flat.coefficients
        let shades = self.shades(of: view, light: light, expected: isLit && self.albedo != nil ? expected : nil)
        var belongs = Plane(width: albedo.width, height: albedo.height)
        for i in albedo.pixels.indices {
            let pixel = view.coarse.pixels[i]
            belongs.pixels[i].x = 1
            guard pixel.max3 > 0 else { continue }
            let region = atlas.coarseRegions[i]
            var shade = shades[i]
            // Hair is no matte surface with these normals: take only half of the light's variation out of it.
            if region.z > 0 {
                let ambient = pointwiseMax(light.coefficients[0], .init(repeating: 1e-3))
                shade += (ambient - shade) * (0.5 * region.z)
            }
            let colour = pixel / shade
            var quality = pixel.w
            if quality > 0 {
                let fit = likelihood(colour, skin: skin, region: region)
                quality *= fit.inside
                belongs.pixels[i].x = fit.rim
            }
            albedo.pixels[i] = SIMD4(colour.x, colour.y, colour.z, quality)
        }
        if let hair = atlas.hangingHair {
            let levels = albedo.pixels.map { $0.w > 0 ? max($0.luminance, 1e-4) / max(skin.luminance, 1e-4) : 0 }
            for (i, isHair) in hair.found(levels).enumerated() where isHair {
                belongs.pixels[i].x *= atlas.coarseRegions[i].z
            }
        }
        // What lies beside hair or cloth is half hair or cloth.
        belongs = belongs.blurred(radius: max(atlas.size / 512, 1), passes: 2)
        for i in albedo.pixels.indices {
            let t = min(max((belongs.pixels[i].x - 0.45) / 0.45, 0), 1)
            albedo.pixels[i].w *= t
        }
        // Strands of hair and earrings at the face's rim are dark against their own surroundings.
        let around = lowBand(of: albedo)
        for i in albedo.pixels.indices where albedo.pixels[i].w > 0 && around.pixels[i].w > 0 {
            let region = atlas.coarseRegions[i]
            let strict = min(max((0.018 - region.x) / 0.018, 0), 1) * (1 - region.z) * (1 - region.y)
            let level = albedo.pixels[i].luminance / max(around.pixels[i].luminance, 1e-3)
            albedo.pixels[i].w *= 1 - strict * (1 - min(max((level - 0.6) / 0.2, 0), 1))
        }
        let low = lowBand(of: albedo)
        return LitView(albedo: albedo, low: low, shifts: nil)
    }

    /// By coarse texel: the light to divide out. It brings a place towards the expected albedo and never beyond: where light
    /// and geometry disagree (a brow's shadow, a lid in the sun), dividing by a small shading would paint a glowing rim.
    /// - Parameter expected: G, natural log of linear albedo; `nil`: no bound.
    private func shades(
        of view: PartialTexture, light: Illumination, expected: [SIMD4<Float>]?
    ) -> [SIMD4<Float>] {
        let shades = view.shadingNormals(on: atlas).map { light.shading($0) }
        guard let expected else { return shades }
        let seen = view.coarse.pixels.indices.filter { view.coarse.pixels[$0].w > 0 && atlas.coarseRegions[$0].x > 0 }
        let levels = seen.map { shades[$0].luminance }.sorted()
        guard let middle = levels.isEmpty ? nil : log(levels[levels.count / 2]) else { return shades }
        let goals = atlas.coarseMap.spread(atlas.coarseMap.interpolated(expected))
        let around = lowBand(of: view.coarse)
        return shades.indices.map { i in
            let own = around.pixels[i].w > 0 ? around.pixels[i] : view.coarse.pixels[i]
            guard own.max3 > 0 else { return shades[i] }
            let goal = goals[i]
            let lit = SIMD4(exp(goal.x), exp(goal.y), exp(goal.z), 0).luminance
            let departure = log(max(shades[i].luminance, 1e-3)) - middle
            /// Of the albedo from the expected one: the light's departure left in, and taken out.
            let left = log(max(own.luminance, 1e-4) / max(lit, 1e-4)) - middle
            let bounded =
                departure < 0
                ? min(left - departure, max(left, Self.brighter)) : max(left - departure, min(left, -Self.darker))
            return shades[i] * exp(left - bounded - departure)
        }
    }

    /// Natural log of luminance by which dividing light out may take skin past the expected albedo.
    private static let brighter: Float = 0.05
    private static let darker: Float = 0.1

    /// Mean around over what is trusted; a dilated rim has colour but no weight.
    private func lowBand(of albedo: Plane) -> Plane {
        var weighted = albedo
        for i in weighted.pixels.indices {
            let w = min(weighted.pixels[i].w * 20, 1)
            weighted.pixels[i] *= w
            weighted.pixels[i].w = w
        }
        return weighted.blurred(radius: max(atlas.size / 128, 1)).normalized(minimum: 1e-3)
    }

    /// 0...1: how well a delit colour fits the place. Centre of the face: lenient (beards, glasses, make-up are the
    /// person). Rim of the face, ears and neck: hair hanging down is dark, background is off-colour; both are refused.
    private func likelihood(
        _ colour: SIMD4<Float>, skin: SIMD4<Float>, region: SIMD4<Float>
    ) -> (inside: Float, rim: Float) {
        let rim = min(max((0.018 - region.x) / 0.018, 0), 1) * (1 - region.z)
        let plain = 1 - region.y
        let relative = pointwiseMax(colour, .init(repeating: 0.004)) / skin
        let level = relative.luminance / (0.2126 + 0.7152 + 0.0722)
        let red = relative.x / relative.y
        let blue = relative.z / relative.y
        let off = max(abs(log(red)) / 0.3, abs(log(blue)) / 0.5)
        let offPenalty = 1 / (1 + off * off * off * off)
        // The neck and ears are stricter still: hair's shadow, collars.
        let away = min(max(-region.x / 0.02, 0), 1)
        let dark = min(max((level - 0.35 - 0.2 * away) / 0.25, 0), 1)
        let strict = rim * plain
        let bright = 1 / (1 + pow(max(level - 1.6, 0) / 0.5, 2))
        return ((1 - 0.5 * plain * (1 - region.z) * (1 - offPenalty)) * bright, 1 - strict * (1 - dark * offPenalty))
    }

    /// Per place, views far from the median of all (highlights, hands, hair, a lid in mid-blink) lose their weight.
    func rejectOutliers(_ lit: inout [LitView]) {
        guard lit.count >= 3 else { return }
        let count = lit[0].albedo.pixels.count
        var levels: [Float] = []
        var members: [Int] = []
        for i in 0..<count {
            levels.removeAll(keepingCapacity: true)
            members.removeAll(keepingCapacity: true)
            for (k, view) in lit.enumerated() where view.albedo.pixels[i].w > 0.01 {
                levels.append(log(max(view.albedo.pixels[i].luminance, 0.003)))
                members.append(k)
            }
            guard members.count >= 3 else { continue }
            let sorted = levels.sorted()
            // Just under the middle: highlights only ever brighten.
            let middle = sorted[(sorted.count - 1) * 2 / 5]
            let spread = max(1.4826 * levels.map { abs($0 - middle) }.sorted()[sorted.count / 2], 0.06)
            for (level, k) in zip(levels, members) {
                let d = (level - middle) / (2.5 * spread)
                lit[k].albedo.pixels[i].w /= 1 + d * d * d * d
            }
        }
    }
}
