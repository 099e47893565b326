internal import Foundation
internal import Tensors

/// The person's skin colour, and every view's light, worked out together.
extension TextureAccumulator {
    /// Every fourth coarse texel in x and y is enough for nine smooth functions.
    private static let stride = 2

    /// Typical albedo of the person's skin: how the well-lit part of the middle of the face looks, with the two
    /// ambiguities of one camera settled by convention. Brightness: cameras expose faces about right, so the apparent
    /// luminance of well-lit skin is kept but for a fifth, within 0.06...0.5. White: real skin of a luminance has a chromaticity known
    /// within 9 % (`typicalSkin`), a camera's white is off by more, so six tenths of the difference are the lamp's; all of it, where the
    /// pictures are grey.
    func skinColour() -> SIMD4<Float> {
        var perView: [SIMD3<Double>] = []
        for view in views {
            var pixels: [SIMD4<Float>] = []
            for i in view.coarse.pixels.indices where isPlainSkin(i) {
                let p = view.coarse.pixels[i]
                if p.w > 0.01, p.max3 < 0.95, p.luminance > 0.002 { pixels.append(p) }
            }
            guard pixels.count >= 30 else { continue }
            pixels.sort { $0.luminance < $1.luminance }
            let lit = pixels[pixels.count * 6 / 10..<pixels.count * 8 / 10]
            let mean = SIMD4<Double>(lit.reduce(.zero, +) / Float(lit.count))
            perView.append(SIMD3(log(max(mean.x, 0.002)), log(max(mean.y, 0.002)), log(max(mean.z, 0.002))))
        }
        guard !perView.isEmpty else { return SIMD4(0.47, 0.29, 0.23, 1) }
        let seen = (0..<3).map { c in median(perView.map { $0[c] }) }
        let apparent = 0.2126 * exp(seen[0]) + 0.7152 * exp(seen[1]) + 0.0722 * exp(seen[2])
        // People's skins differ threefold, exposures by half a stop or so: a fifth of the way to the median skin.
        let luminance = min(max(pow(apparent, 0.8) * pow(0.35, 0.2), 0.06), 0.5)
        let typical = Self.typicalSkin(luminance: luminance)
        let own = isGrey ? 0 : 0.4
        let red = exp(own * (seen[0] - seen[1]) + (1 - own) * typical.red)
        let blue = exp(own * (seen[2] - seen[1]) + (1 - own) * typical.blue)
        let green = luminance / (0.2126 * red + 0.7152 + 0.0722 * blue)
        return SIMD4(Float(green * red), Float(green), Float(green * blue), 1)
    }

    /// log(R/G) and log(B/G) of skin in linear light: regression over the cheeks and foreheads of 80 people under even
    /// studio light (Face Research Lab London Set, DeBruine and Jones 2017), white taken from the backdrop.
    private static func typicalSkin(luminance: Double) -> (red: Double, blue: Double) {
        (0.353 - 0.148 * log(luminance), -0.078 + 0.110 * log(luminance))
    }

    /// Lights of all views and the smooth albedo they share.
    struct LightEstimate {
        /// In the views' order; `nil` where a view shows too little skin.
        var lights: [Illumination?]
        /// G: natural log of the linear albedo that the face most likely has; the typical skin's without an albedo model.
        var expected: [SIMD4<Float>]
    }

    /// Alternates: the light of each view given the albedo, then the albedo model's most likely face given the lights
    /// (Blanz and Vetter 1999). Lights are fitted first, since a face's own low-frequency variation is small (spherical
    /// harmonics of orders 1–4 under 6 % of the mean; Wen and Huang) and light's is not.
    /// - Parameter skin: typical linear albedo; the brightness and white that the estimate is anchored to.
    func estimateLight(skin: SIMD4<Float>) -> LightEstimate {
        let side = atlas.size / 4
        let samples = (0..<side * side).filter {
            ($0 % side) % Self.stride == 0 && ($0 / side) % Self.stride == 0 && isPlainSkin($0)
        }
        let normals = views.mapConcurrently { [atlas] in $0.shadingNormals(on: atlas) }
        let logSkin = SIMD4(log(skin.x), log(skin.y), log(skin.z), 0)
        var expected = anchored(
            albedo?.mean ?? [SIMD4<Float>](repeating: .zero, count: atlas.model.mean.count), logSkin)
        var lights = [Illumination?](repeating: nil, count: views.count)
        for round in 0..<Self.lightRounds {
            let onTexels = atlas.coarseMap.spread(atlas.coarseMap.interpolated(expected))
            let surface = samples.map { i -> SIMD4<Float> in
                let l = onTexels[i]
                return SIMD4(exp(l.x), exp(l.y), exp(l.z), 1)
            }
            let common = commonLight(lights)
            lights = views.indices.map { v in
                Illumination.fit(
                    colours: samples.map { views[v].coarse.pixels[$0] }, albedo: surface,
                    normals: samples.map { normals[v][$0] }, prior: common)
            }
            guard let albedo, round < Self.lightRounds - 1 else { continue }
            var sum = Plane(width: side, height: side)
            for (v, view) in views.enumerated() {
                guard let light = lights[v] else { continue }
                for i in sum.pixels.indices where view.coarse.pixels[i].w > 0 {
                    let c = view.coarse.pixels[i] / light.shading(normals[v][i])
                    sum.pixels[i] += SIMD4(c.x, c.y, c.z, 1) * view.coarse.pixels[i].w
                }
            }
            for i in sum.pixels.indices where sum.pixels[i].w > 0 {
                let weight = min(sum.pixels[i].w / Self.wellSeen, 1)
                sum.pixels[i] /= sum.pixels[i].w
                sum.pixels[i].w = weight
            }
            guard let likely = albedo.colours(of: PointColours(coarse: sum, atlas: atlas)) else { break }
            expected = anchored(likely, logSkin)
        }
        return LightEstimate(lights: lights, expected: expected)
    }

    /// Linear RGB factor of each view's light on skin that faces the camera, by `Keyframe.frame`. Half as coloured as the
    /// light that was fitted: a good part of that colour is the skin's, whose white is a convention.
    package func frontalLight(_ fused: FusedTexture) -> [Int: SIMD3<Float>] {
        var result: [Int: SIMD3<Float>] = [:]
        for (view, light) in zip(views, fused.lights) {
            guard let shade = light?.shading(SIMD3(0, 0, -1)), shade.min3 > 0 else { continue }
            let tint = SIMD3(shade.x, shade.y, shade.z) / shade.luminance
            result[view.frame] = shade.luminance * SIMD3(tint.x.squareRoot(), tint.y.squareRoot(), tint.z.squareRoot())
        }
        return result
    }

    /// How often lights and albedo are estimated in turn.
    private static let lightRounds = 4
    /// Summed quality of the views from which on a texel counts fully.
    private static let wellSeen: Float = 0.2

    /// Shifted so that the well-lit part of the face's plain skin has `level`: the part that `skinColour` looks at.
    private func anchored(_ colours: [SIMD4<Float>], _ level: SIMD4<Float>) -> [SIMD4<Float>] {
        let regions = atlas.regions
        let plain = colours.indices.filter { g in
            regions.insideFace[g] > 0.004 && regions.feature[g] < 0.1 && regions.scalp[g] < 0.3
                && regions.interior[g] == .none
        }.sorted { colours[$0].luminance < colours[$1].luminance }
        let lit = plain[plain.count * 6 / 10..<max(plain.count * 8 / 10, plain.count * 6 / 10)]
        guard !lit.isEmpty else { return colours.map { $0 + level } }
        let shift = level - lit.reduce(SIMD4<Float>.zero) { $0 + colours[$1] } / Float(lit.count)
        return colours.map { $0 + shift }
    }

    /// Inside the face oval, outside brows, eyes, lips and hair.
    private func isPlainSkin(_ i: Int) -> Bool {
        let region = atlas.coarseRegions[i]
        return region.x > 0.004 && region.y < 0.1 && region.z < 0.3 && region.w < 0.5
    }

    /// Mean over the views, each scaled to ambient 1. A fixed camera keeps its light, so views hold each other.
    private func commonLight(_ lights: [Illumination?]) -> Illumination? {
        let known = lights.compactMap { $0 }
        guard known.count > 1 else { return nil }
        var sum = [SIMD4<Float>](repeating: .zero, count: 9)
        for light in known {
            let ambient = pointwiseMax(light.coefficients[0], SIMD4(repeating: 1e-3))
            for k in 0..<9 { sum[k] += light.coefficients[k] / ambient / Float(known.count) }
        }
        return Illumination(coefficients: sum)
    }
}
