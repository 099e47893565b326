internal import Foundation
package import Tensors

/// Colours of what the skin atlas does not hold: eyes drawn from the person's own iris colour, lashes, teeth, tongue.
/// Drawn from the surface's shape, so they fit whatever chart the model gives these parts.
package enum EyeTexture {
    /// Linear albedo of teeth and tongue where nothing better is known, as dim as the mouth lets them look in renderers
    /// that know no shade.
    package static let teeth = SIMD3<Float>(0.30, 0.26, 0.20)
    package static let tongue = SIMD3<Float>(0.16, 0.05, 0.045)
    /// The white of the eye, and the same as lids' shade and wetness let it look in renderers that know neither.
    static let white = SIMD3<Float>(0.66, 0.60, 0.56)
    static let shadedWhite = SIMD3<Float>(0.50, 0.445, 0.415)
    /// Radius of the visible iris: 11.8 mm across in nearly everybody.
    private static let irisRadius: Float = 0.0059

    /// Linear albedo of the irises: in each open eye (by its landmarks) the darkest disc of an iris' size is found, its
    /// ring outside the pupil and off highlights is compared with the white beside it, whose albedo is known.
    /// - Returns: `nil` where no keyframe has an eye at least 14 pixels wide and open.
    package static func irisColour(_ keyframes: [Keyframe]) -> SIMD3<Float>? {
        var samples: [SIMD3<Float>] = []
        for keyframe in keyframes where keyframe.landmarks.count >= 468 {
            for (ring, corners) in [(HeadRegions.leftEye, (362, 263)), (HeadRegions.rightEye, (33, 133))] {
                if let colour = irisColour(keyframe, ring: ring, corners: corners) { samples.append(colour) }
            }
        }
        guard !samples.isEmpty else { return nil }
        var colour = SIMD3<Float>.zero
        for c in 0..<3 { colour[c] = samples.map { $0[c] }.sorted()[samples.count / 2] }
        // Dark irises are brown; what blue is left in one is the sky or a screen in the cornea or in glasses.
        let dark = min(max((0.07 - SIMD4(colour, 0).luminance) / 0.04, 0), 1)
        let brown = SIMD3(colour.x, min(colour.y, 0.75 * colour.x), min(colour.z, 0.55 * colour.x))
        return colour + (brown - colour) * dark
    }

    private static func irisColour(_ keyframe: Keyframe, ring: [Int], corners: (Int, Int)) -> SIMD3<Float>? {
        let origin = SIMD2<Float>(Float(keyframe.cropOrigin.x), Float(keyframe.cropOrigin.y))
        let polygon = ring.map { keyframe.landmarks[$0] - origin }
        let (a, b) = (keyframe.landmarks[corners.0] - origin, keyframe.landmarks[corners.1] - origin)
        let width = ((b - a) * (b - a)).sum().squareRoot()
        let radius = width * 0.2
        guard width >= 14 else { return nil }
        var pixels: [(place: SIMD2<Float>, colour: SIMD3<Float>, luminance: Float, depth: Float)] = []
        let low = polygon.reduce(polygon[0]) { pointwiseMin($0, $1) }
        let high = polygon.reduce(polygon[0]) { pointwiseMax($0, $1) }
        guard low.x > 0, low.y > 0, high.x < Float(keyframe.crop.width - 1), high.y < Float(keyframe.crop.height - 1)
        else { return nil }
        for y in Int(low.y)...Int(high.y) {
            for x in Int(low.x)...Int(high.x) {
                let place = SIMD2(Float(x) + 0.5, Float(y) + 0.5)
                let depth = HeadRegions.signedDistance(place, polygon)
                guard depth > 0.5 else { continue }
                let at = 3 * (y * keyframe.crop.width + x)
                let colour = SIMD3(
                    SRGB.linear[Int(keyframe.crop.bytes[at])], SRGB.linear[Int(keyframe.crop.bytes[at + 1])],
                    SRGB.linear[Int(keyframe.crop.bytes[at + 2])])
                pixels.append((place, colour, SIMD4(colour, 0).luminance, depth))
            }
        }
        // Nearly closed eyes show lashes, not irises.
        guard (pixels.map(\.depth).max() ?? 0) > width * 0.12, pixels.count > 40 else { return nil }
        // Highlights must not push the disc away, and irises lie on the line between the corners or little above it.
        let cap = pixels.map(\.luminance).sorted()[pixels.count * 6 / 10]
        let normal = SIMD2(a.y - b.y, b.x - a.x) / width
        var best = (luminance: Float.infinity, place: SIMD2<Float>.zero)
        for candidate in pixels where candidate.depth > width * 0.07 {
            var sum: Float = 0
            var count: Float = 0
            // Lashes along the lids are as dark as irises: only what lies inside counts.
            for p in pixels
            where p.depth > width * 0.04
                && ((p.place - candidate.place) * (p.place - candidate.place)).sum() < radius * radius
            {
                sum += min(p.luminance, cap)
                count += 1
            }
            let off = ((candidate.place - a) * normal).sum() / radius
            let level = sum / max(count, 1) * (1 + off * off)
            if count > 0, level < best.luminance { best = (level, candidate.place) }
        }
        func distance(_ p: SIMD2<Float>) -> Float {
            ((p - best.place) * (p - best.place)).sum().squareRoot() / radius
        }
        let iris = pixels.filter { (0.45...0.85).contains(distance($0.place)) && $0.depth > width * 0.04 }
            .sorted { $0.luminance < $1.luminance }
        let beside = pixels.filter { distance($0.place) > 1.2 }.sorted { $0.luminance < $1.luminance }
        guard iris.count >= 12, beside.count >= 8 else { return nil }
        // The cornea mirrors the room over iris and pupil alike; what the pupil shows is that veil.
        let disc = pixels.filter { distance($0.place) < 1 && $0.depth > width * 0.04 }
            .sorted { $0.luminance < $1.luminance }
        let veil = disc[disc.count / 20].colour
        let middle = iris[iris.count * 2 / 10..<iris.count * 6 / 10]
        let seen = middle.reduce(SIMD3<Float>.zero) { $0 + $1.colour } / Float(middle.count)
        let colour = pointwiseMax(seen - veil * 0.7, seen * 0.25)
        let bright = beside[beside.count * 6 / 10..<beside.count * 9 / 10]
        let reference = bright.reduce(SIMD3<Float>.zero) { $0 + $1.colour } / Float(max(bright.count, 1))
        guard reference.min() > 0.02 else { return nil }
        // No iris is brighter than pale blue; where the white lies in the lid's shade the ratio comes out too high.
        let albedo = pointwiseMax(colour * white / reference, SIMD3(repeating: 0.006))
        return albedo * min(1, 0.14 / SIMD4(albedo, 0).luminance)
    }

    /// The atlas of the eyes (material `eyes`): white, limbus, iris with radial fibres, pupil; no highlight baked in.
    /// - Parameters:
    ///   - iris: linear albedo; brown where not known.
    ///   - skin: linear luminance of the face's skin, if known. How bright a face is cannot be told from how brightly it
    ///     is lit, so where its skin came out dark the white must not outshine it.
    package static func image(
        model: MorphableModel, iris: SIMD3<Float>?, skin: Float? = nil, size: Int = 512
    ) -> Image {
        let level = min(max((skin ?? 1) / 0.25, 0.6), 1)
        let map = TexelMap(topology: model.topology, material: .eyes, size: size)
        let iris = iris ?? SIMD3(0.09, 0.05, 0.025)
        let spheres = eyeSpheres(model)
        let places = map.interpolated(model.mean.map { SIMD4($0, 0) })
        let colours = places.map { p -> SIMD4<Float> in
            let eye = p.x > 0 ? spheres.left : spheres.right
            let d = SIMD3(p.x, p.y, p.z) - SIMD3(eye.x, eye.y, eye.z)
            let across = (d.x * d.x + d.y * d.y).squareRoot()
            // Behind the middle the distance from the axis shrinks again: there is only white.
            let r = d.z > 0 ? across / irisRadius : 10
            // The upper lid's shadow.
            let shadow = 1 - 0.3 * min(max((d.y - 0.001) / 0.005, 0), 1)
            return SIMD4(colour(radius: r, angle: atan2(d.y, d.x), iris: iris, white: shadedWhite * level) * shadow, 1)
        }
        return coded(map, colours, size: size)
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
    private static func eyeSpheres(_ model: MorphableModel) -> (left: SIMD4<Float>, right: SIMD4<Float>) {
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
