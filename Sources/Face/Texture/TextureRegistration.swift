internal import Foundation

/// Brings a view's unwrapped picture onto the others': a fit is never exact, and a seam between views that are two
/// texels apart shows as a double or a cut feature. Lucas and Kanade 1981, dense, smoothed over a window, two octaves.
enum TextureRegistration {
    /// Half the window over which the shift is taken as one, coarse texels.
    private static let window = 10
    /// Longest shift, coarse texels.
    private static let limit: Float = 2.5

    /// - Parameters:
    ///   - moving, reference: x = band-passed log luminance, w = trust ≥ 0.
    /// - Returns: per coarse texel the shift (x, y) such that `moving(p + shift)` matches `reference(p)`, coarse texels;
    ///   zero where there is nothing to go by. `nil` when it does not improve the match.
    static func shifts(from moving: Plane, to reference: Plane) -> [SIMD2<Float>]? {
        let (width, height) = (reference.width, reference.height)
        var flow = [SIMD2<Float>](repeating: .zero, count: width * height)
        let before = mismatch(moving, reference, flow)
        guard before.weight > 50 else { return nil }
        let (half, halfReference) = (moving.halved(), reference.halved())
        var coarseFlow = [SIMD2<Float>](repeating: .zero, count: half.width * half.height)
        for _ in 0..<3 {
            refine(&coarseFlow, moving: half, reference: halfReference, window: max(window / 2, 1), limit: limit / 2)
        }
        for y in 0..<height {
            for x in 0..<width {
                let at = min(y / 2, half.height - 1) * half.width + min(x / 2, half.width - 1)
                flow[y * width + x] = coarseFlow[at] * 2
            }
        }
        for _ in 0..<2 { refine(&flow, moving: moving, reference: reference, window: window, limit: limit) }
        let after = mismatch(moving, reference, flow)
        return after.error < 0.98 * before.error ? flow : nil
    }

    private static func refine(
        _ flow: inout [SIMD2<Float>], moving: Plane, reference: Plane, window: Int, limit: Float
    ) {
        let (width, height) = (reference.width, reference.height)
        var tensor = Plane(width: width, height: height)
        var force = Plane(width: width, height: height)
        for y in 1..<height - 1 {
            for x in 1..<width - 1 {
                let at = y * width + x
                guard reference.pixels[at].w > 0 else { continue }
                let f = flow[at]
                let m = moving.bilinear(Float(x) + 0.5 + f.x, Float(y) + 0.5 + f.y)
                let (left, right) = (reference.pixels[at - 1], reference.pixels[at + 1])
                let (up, down) = (reference.pixels[at - width], reference.pixels[at + width])
                let w = min(m.w, reference.pixels[at].w, min(min(left.w, right.w), min(up.w, down.w)))
                guard w > 0 else { continue }
                let gx = (right.x - left.x) / 2
                let gy = (down.x - up.x) / 2
                let e = reference.pixels[at].x - m.x
                // Glasses against skin and the like are no matter of shifts.
                let trust = w / (1 + (e / 0.15) * (e / 0.15))
                tensor.pixels[at] = SIMD4(gx * gx, gx * gy, gy * gy, 1) * trust
                force.pixels[at] = SIMD4(gx * e, gy * e, f.x, f.y) * trust
            }
        }
        tensor = tensor.blurred(radius: window, passes: 2)
        force = force.blurred(radius: window, passes: 2)
        for at in flow.indices {
            let (t, b) = (tensor.pixels[at], force.pixels[at])
            guard t.w > 1e-6 else {
                flow[at] = .zero
                continue
            }
            // Held to no shift where there is little texture: noise of a few per cent moves nothing.
            let hold = 4e-5 * t.w + 1e-9
            let (xx, xy, yy) = (t.x + hold, t.y, t.z + hold)
            let determinant = xx * yy - xy * xy
            let step = SIMD2(yy * b.x - xy * b.y, xx * b.y - xy * b.x) / determinant
            var next = SIMD2(b.z, b.w) / t.w + step
            let length = (next * next).sum().squareRoot()
            if length > limit { next *= limit / length }
            flow[at] = next
        }
    }

    private static func mismatch(
        _ moving: Plane, _ reference: Plane, _ flow: [SIMD2<Float>]
    ) -> (error: Float, weight: Float) {
        var error: Float = 0
        var weight: Float = 0
        for y in 0..<reference.height {
            for x in 0..<reference.width {
                let at = y * reference.width + x
                let r = reference.pixels[at]
                guard r.w > 0 else { continue }
                let m = moving.bilinear(Float(x) + 0.5 + flow[at].x, Float(y) + 0.5 + flow[at].y)
                let w = min(m.w, r.w)
                guard w > 0 else { continue }
                error += min(abs(m.x - r.x), 0.3) * (w > 0 ? 1 : 0)
                weight += 1
            }
        }
        return (weight > 0 ? error / weight : 0, weight)
    }
}

extension Plane {
    /// `self` read at `p + shifts[p]`, bilinear. Where a neighbour has no weight the colours of the others count alone.
    func shifted(_ shifts: [SIMD2<Float>]) -> Plane {
        var result = Plane(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                let at = y * width + x
                let u = min(max(Float(x) + shifts[at].x, 0), Float(width) - 1.001)
                let v = min(max(Float(y) + shifts[at].y, 0), Float(height) - 1.001)
                let (i, j) = (Int(u), Int(v))
                let (a, b) = (u - Float(i), v - Float(j))
                var sum = SIMD4<Float>.zero
                var share: Float = 0
                for (k, w) in [
                    (j * width + i, (1 - a) * (1 - b)), (j * width + i + 1, a * (1 - b)),
                    ((j + 1) * width + i, (1 - a) * b), ((j + 1) * width + i + 1, a * b),
                ] {
                    let pixel = pixels[k]
                    guard pixel.x != 0 || pixel.y != 0 || pixel.z != 0 else { continue }
                    sum += pixel * w
                    share += w
                }
                guard share > 0 else { continue }
                let weight = sum.w
                sum /= share
                sum.w = weight
                result.pixels[at] = sum
            }
        }
        return result
    }
}
