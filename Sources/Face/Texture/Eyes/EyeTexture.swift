internal import Foundation
package import Tensors

/// Colours of what the skin atlas does not hold: eyes drawn from the person's own iris colour, lashes, teeth, tongue.
/// Drawn from the surface's shape, so they fit whatever chart the model gives these parts.
package enum EyeTexture {
    /// Linear albedo of teeth and tongue where nothing better is known, as dim as the mouth lets them look in renderers
    /// that know no shade.
    package static let teeth = SIMD3<Float>(0.30, 0.26, 0.20)
    package static let tongue = SIMD3<Float>(0.16, 0.05, 0.045)
    /// Radius of the visible iris: 11.8 mm across in nearly everybody.
    private static let irisRadius: Float = 0.0059

    /// Share of the light that the upper lid and its lashes take from the top of the opening.
    private static let lidShadow: Float = 0.45

    /// The atlas of the eyes (material `eyes`): white, limbus, iris with radial fibres, pupil, the upper lid's shadow; no
    /// highlight.
    /// - Returns: RGB, sRGB-coded.
    package static func image(model: MorphableModel, colours: EyeColours = .usual, size: Int = 512) -> Image {
        let map = TexelMap(topology: model.topology, material: .eyes, size: size)
        return coded(map, painted(model: model, map: map, colours: colours), size: size)
    }

    /// Per occupied texel, linear.
    static func painted(model: MorphableModel, map: TexelMap, colours: EyeColours) -> [SIMD4<Float>] {
        let spheres = eyeSpheres(model)
        return map.interpolated(model.mean.map { SIMD4($0, 0) }).map { p -> SIMD4<Float> in
            let eye = p.x > 0 ? spheres.left : spheres.right
            let d = SIMD3(p.x, p.y, p.z) - SIMD3(eye.x, eye.y, eye.z)
            let across = (d.x * d.x + d.y * d.y).squareRoot()
            // Behind the middle the distance from the axis shrinks again: there is only white.
            let r = d.z > 0 ? across / irisRadius : 10
            let shadow = 1 - lidShadow * min(max((d.y + 0.0005) / 0.0055, 0), 1)
            return SIMD4(
                colour(radius: r, angle: atan2(d.y, d.x), iris: colours.iris, white: colours.white) * shadow, 1)
        }
    }

    /// Albedo at `radius` iris radii from the axis.
    private static func colour(radius r: Float, angle: Float, iris: SIMD3<Float>, white level: SIMD3<Float>) -> SIMD3<
        Float
    > {
        func step(_ a: Float, _ b: Float, _ x: Float) -> Float {
            let t = min(max((x - a) / (b - a), 0), 1)
            return t * t * (3 - 2 * t)
        }
        // Fibres: waves around the axis whose phase drifts with the radius, never quite the same twice.
        var fibre: Float = 0
        for (k, wave) in [(23, 0.5), (41, 0.35), (67, 0.3), (97, 0.2)] as [(Float, Float)] {
            fibre += wave * sin(k * angle + 3 * sin(2 * r + k) + 1.7 * k)
        }
        let collarette = exp(-pow((r - 0.48) / 0.1, 2))
        var own = iris * (1 + 0.22 * fibre + 0.45 * collarette) * (1 - 0.55 * step(0.75, 1.0, r))
        own += (SIMD3<Float>(0.004, 0.004, 0.004) - own) * (1 - step(0.30, 0.36, r))
        let redness = step(1.3, 2.0, r)
        let vein = pow(max(sin(9 * angle + 4 * sin(3 * r)) * sin(23 * angle + 7 * r), 0), 6)
        var white = level * (SIMD3<Float>.one - SIMD3(0.04, 0.14, 0.14) * redness)
        white *= SIMD3<Float>.one - SIMD3(0.05, 0.25, 0.22) * (vein * redness)
        return own + (white - own) * step(0.93, 1.1, r)
    }

    /// Least-squares sphere (centre, radius) through each side's eye points, metres.
    static func eyeSpheres(_ model: MorphableModel) -> (left: SIMD4<Float>, right: SIMD4<Float>) {
        let part = model.topology.parts.first { $0.material == .eyes }?.triangles ?? []
        let numbers = Set(part.map { model.topology.pointOfVertex[Int($0)] }).sorted()
        func sphere(_ points: [SIMD3<Float>]) -> SIMD4<Float> {
            guard points.count >= 8 else { return SIMD4(0, 0, 0, 0.012) }
            let middle = SIMD3<Double>(points.reduce(SIMD3<Float>.zero, +) / Float(points.count))
            var normal = Matrix(rows: 4, columns: 4)
            var right = [Double](repeating: 0, count: 4)
            for p in points {
                // Centimetres about the middle, for conditioning: |q|² = 2 q·c + (r² − |c|²).
                let q = (SIMD3<Double>(p) - middle) * 100
                let row = [2 * q.x, 2 * q.y, 2 * q.z, 1]
                for i in 0..<4 {
                    for j in 0..<4 { normal[i, j] += row[i] * row[j] }
                    right[i] += row[i] * (q * q).sum()
                }
            }
            for i in 0..<4 { normal[i, i] += 1e-9 }
            guard let s = normal.choleskySolve(right) else { return SIMD4(SIMD3<Float>(middle), 0.012) }
            let c = SIMD3(s[0], s[1], s[2])
            let radius = max(s[3] + (c * c).sum(), 0).squareRoot() / 100
            return SIMD4(SIMD3<Float>(middle + c / 100), Float(radius))
        }
        let points = numbers.map { model.mean[Int($0)] }
        return (sphere(points.filter { $0.x > 0 }), sphere(points.filter { $0.x <= 0 }))
    }

    static func coded(_ map: TexelMap, _ colours: [SIMD4<Float>], size: Int) -> Image {
        var image = Image(width: size, height: size, channels: 3)
        for (at, c) in map.spread(colours).enumerated() {
            image.bytes[3 * at] = SRGB.code(c.x)
            image.bytes[3 * at + 1] = SRGB.code(c.y)
            image.bytes[3 * at + 2] = SRGB.code(c.z)
        }
        return image
    }
}
