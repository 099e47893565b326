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

    /// Alternates: light of each view given the shared albedo, then low-frequency albedo given the lights. It starts
    /// from constant skin, and the albedo only ever takes half of what is left, since a face's own low-frequency
    /// variation is small (orders 1–4 under 6 % of the mean; Wen and Huang) and light's is not.
    func fitLights(skin: SIMD4<Float>) -> [Illumination?] {
        let side = atlas.size / 4
        let samples = (0..<side * side).filter {
            ($0 % side) % Self.stride == 0 && ($0 / side) % Self.stride == 0 && isPlainSkin($0)
        }
        let normals = views.mapConcurrently { [atlas] view in
            let all = view.normals(on: atlas)
            return samples.map { all[$0] }
        }
        var albedo = [SIMD4<Float>](repeating: skin, count: samples.count)
        var lights = [Illumination?](repeating: nil, count: views.count)
        for round in 0..<3 {
            let prior = commonLight(lights)
            lights = zip(views, normals).map { view, normals in
                Illumination.fit(
                    colours: samples.map { view.coarse.pixels[$0] }, albedo: albedo, normals: normals, prior: prior)
            }
            guard round < 2 else { break }
            var sum = Plane(width: side, height: side)
            for (k, view) in views.enumerated() {
                guard let light = lights[k] else { continue }
                for (normal, i) in zip(normals[k], samples) where view.coarse.pixels[i].w > 0 {
                    let c = view.coarse.pixels[i] / light.shading(normal)
                    sum.pixels[i] += SIMD4(c.x, c.y, c.z, 1) * view.coarse.pixels[i].w
                }
            }
            let smooth = sum.blurred(radius: side / 32).normalized(minimum: 1e-6)
            for (k, i) in samples.enumerated() where smooth.pixels[i].w > 0 {
                for c in 0..<3 {
                    let ratio = min(max(smooth.pixels[i][c] / skin[c], 0.5), 1.6)
                    albedo[k][c] = skin[c] * ratio.squareRoot()
                }
            }
        }
        return lights
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
