internal import Foundation
internal import Tensors

/// What one keyframe shows of the skin's pattern, unwrapped by the current fit: light and skin tone taken out, brows,
/// moles, folds and creases left in. Two views' patterns lie on each other exactly where the fitted shape is right.
package struct SurfaceView: Sendable {
    /// Atlas space: x = log luminance minus its surroundings, y and z = its gradient per texel, w = 1 where known.
    let full: Plane
    /// The same at half the resolution.
    let half: Plane
    /// `size × size`: quality of the view there, 0...1.
    let quality: [Float]

    /// Half the width of the surroundings that are taken off, texels. Shade stands still while the head turns and pulls
    /// the shape flat; it changes more slowly over the skin than brows, moles and creases do. Dividing a light out by the
    /// fitted normals instead was tried: their errors are patterns that stick to the surface, and the nose got worse.
    private static let surroundings = 4

    init(_ view: PartialTexture) {
        let table = SRGB.linear
        let texels = view.texels
        var quality = [Float](repeating: 0, count: texels.count)
        let logs = texels.indices.map { i -> Float? in
            let t = texels[i]
            guard t.w > 0 else { return nil }
            let root = Float(t.w) / 255
            quality[i] = root * root
            return log(max(0.2126 * table[Int(t.x)] + 0.7152 * table[Int(t.y)] + 0.0722 * table[Int(t.z)], 0.002))
        }
        self.init(size: view.size, logLuminance: logs, quality: quality)
    }

    /// - Parameters:
    ///   - logLuminance: `size × size`, natural logarithms of linear luminance; `nil` where the view sees nothing.
    ///   - quality: `size × size`, 0...1.
    package init(size: Int, logLuminance: [Float?], quality: [Float]) {
        precondition(logLuminance.count == size * size && quality.count == size * size)
        let logs = Plane(
            width: size, height: size, pixels: logLuminance.map { $0.map { SIMD4($0, 0, 0, 1) } ?? .zero })
        self.quality = quality
        let around = logs.blurred(radius: Self.surroundings, passes: 2)
        var band = Plane(width: size, height: size)
        for i in 0..<size * size where logs.pixels[i].w > 0 {
            band.pixels[i] = SIMD4(
                min(max(logs.pixels[i].x - around.pixels[i].x / around.pixels[i].w, -0.7), 0.7), 0, 0, 1)
        }
        var small = Plane(width: size / 2, height: size / 2)
        for y in 0..<size / 2 {
            for x in 0..<size / 2 {
                let at = 2 * y * size + 2 * x
                let sum = band.pixels[at] + band.pixels[at + 1] + band.pixels[at + size] + band.pixels[at + size + 1]
                if sum.w > 2.5 { small.pixels[y * (size / 2) + x] = SIMD4(sum.x / sum.w, 0, 0, 1) }
            }
        }
        full = Self.withGradient(band)
        half = Self.withGradient(small)
    }

    private static func withGradient(_ plane: Plane) -> Plane {
        var result = plane
        let (width, height) = (plane.width, plane.height)
        for y in 0..<height {
            for x in 0..<width {
                let at = y * width + x
                guard plane.pixels[at].w > 0 else { continue }
                guard x > 0, y > 0, x < width - 1, y < height - 1, plane.pixels[at - 1].w > 0,
                    plane.pixels[at + 1].w > 0, plane.pixels[at - width].w > 0, plane.pixels[at + width].w > 0
                else {
                    result.pixels[at] = .zero
                    continue
                }
                result.pixels[at].y = (plane.pixels[at + 1].x - plane.pixels[at - 1].x) / 2
                result.pixels[at].z = (plane.pixels[at + width].x - plane.pixels[at - width].x) / 2
            }
        }
        return result
    }
}

/// Where a second view shows what a first one shows at a texel.
struct SurfaceTrack {
    /// Index into `TexelMap.texels`.
    var texel: Int
    /// Of the first and the second view.
    var reference: Int
    var view: Int
    /// Texels: the second view's pattern at `texel + shift` is the first one's at `texel`.
    var shift: SIMD2<Double>
    /// Inverse covariance of `shift`: (xx, xy, yy), per texel².
    var information: SIMD3<Double>
}

/// Lucas and Kanade 1981 with Shi and Tomasi's (1994) measure of how well a window can be followed at all, in the atlas.
package enum SurfaceTracker {
    /// Half the window, and the deviation of its weights, texels.
    private static let window = 6
    private static let spread: Float = 3
    /// Longer shifts are misfits of another kind, texels.
    private static let limit: Float = 6
    private static let minimumCorrelation: Float = 0.75
    /// What no window can beat: gloss, light and expression move patterns too, texels.
    static let floor = 0.25

    /// The shift of `moving` against `reference` around texel (x, y); `nil` where it cannot be told.
    package static func shift(
        from moving: SurfaceView, to reference: SurfaceView, x: Int, y: Int
    ) -> (shift: SIMD2<Double>, information: SIMD3<Double>)? {
        guard
            let coarse = follow(
                moving.half, reference.half, x: x / 2, y: y / 2, from: .zero, window: window * 3 / 4,
                bell: coarseBell, limit: limit / 2),
            let fine = follow(
                moving.full, reference.full, x: x, y: y, from: coarse.shift * 2, window: window, bell: fineBell,
                limit: limit), fine.correlation >= minimumCorrelation
        else { return nil }
        // Neighbouring texels share their noise: a fourth of them are news.
        let noise = max(fine.variance, 0.0004) * 4
        let (xx, xy, yy) = (Double(fine.tensor.x / noise), Double(fine.tensor.y / noise), Double(fine.tensor.z / noise))
        // (T⁻¹ + floor²)⁻¹
        let determinant = xx * yy - xy * xy
        guard determinant > 1e-3 else { return nil }
        let own = floor * floor
        let (a, b, c) = (yy / determinant + own, -xy / determinant, xx / determinant + own)
        let inverse = 1 / (a * c - b * b)
        return (SIMD2<Double>(fine.shift), SIMD3(c * inverse, -b * inverse, a * inverse))
    }

    /// Weights of a window's texels, row by row.
    private static func bell(_ window: Int, _ spread: Float) -> [Float] {
        (-window...window).flatMap { v in
            (-window...window).map { u in exp(-Float(u * u + v * v) / (2 * spread * spread)) }
        }
    }
    private static let fineBell = bell(window, spread)
    private static let coarseBell = bell(window * 3 / 4, spread * 0.75)

    private struct Found {
        var shift: SIMD2<Float>
        var tensor: SIMD3<Float>
        var variance: Float
        var correlation: Float
    }

    private static func follow(
        _ moving: Plane, _ reference: Plane, x: Int, y: Int, from start: SIMD2<Float>, window: Int, bell: [Float],
        limit: Float
    ) -> Found? {
        let (width, height) = (reference.width, reference.height)
        guard x >= window, y >= window, x + window < width, y + window < height else { return nil }
        let possible = bell.reduce(0, +)
        var shift = start
        var found: Found?
        for _ in 0..<6 {
            var (xx, xy, yy): (Float, Float, Float) = (0, 0, 0)
            var force = SIMD2<Float>.zero
            var (weight, error, mm, rr, mr): (Float, Float, Float, Float, Float) = (0, 0, 0, 0, 0)
            // The same fraction of a texel all over the window.
            let whole = SIMD2(shift.x.rounded(.down), shift.y.rounded(.down))
            let (s, t) = (shift.x - whole.x, shift.y - whole.y)
            let (left, top) = (x + Int(whole.x) - window, y + Int(whole.y) - window)
            let side = 2 * window + 1
            guard left >= 0, top >= 0, left + side < width, top + side < height else { return nil }
            reference.pixels.withUnsafeBufferPointer { reference in
                moving.pixels.withUnsafeBufferPointer { moving in
                    bell.withUnsafeBufferPointer { bell in
                        for v in 0..<side {
                            for u in 0..<side {
                                let r = reference[(y - window + v) * width + x - window + u]
                                let at = (top + v) * width + left + u
                                let (a, b, c, d) = (
                                    moving[at], moving[at + 1], moving[at + width], moving[at + width + 1]
                                )
                                guard min(r.w, min(min(a.w, b.w), min(c.w, d.w))) > 0 else { continue }
                                let w = bell[v * side + u]
                                let upper = a.x + (b.x - a.x) * s
                                let m = upper + (c.x + (d.x - c.x) * s - upper) * t
                                let e = m - r.x
                                let robust = w / (1 + (e / 0.2) * (e / 0.2))
                                xx += robust * r.y * r.y
                                xy += robust * r.y * r.z
                                yy += robust * r.z * r.z
                                force += SIMD2(r.y, r.z) * (robust * e)
                                weight += w
                                error += w * e * e
                                mm += w * m * m
                                rr += w * r.x * r.x
                                mr += w * m * r.x
                            }
                        }
                    }
                }
            }
            guard weight > 0.6 * possible else { return nil }
            let determinant = xx * yy - xy * xy
            guard determinant > 1e-9 else { return nil }
            found = Found(
                shift: shift, tensor: SIMD3(xx, xy, yy), variance: error / weight,
                correlation: mr / max((mm * rr).squareRoot(), 1e-9))
            let step = SIMD2(yy * force.x - xy * force.y, xx * force.y - xy * force.x) / determinant
            let length = (step * step).sum().squareRoot()
            shift -= length > 1.5 ? step * (1.5 / length) : step
            guard max(abs(shift.x), abs(shift.y)) <= limit else { return nil }
            if length < 0.02 { break }
        }
        found?.shift = shift
        return found
    }
}
