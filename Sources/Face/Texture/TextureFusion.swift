internal import Foundation
internal import Tensors

/// All views in one map, before anything unseen is filled.
package struct FusedTexture: Sendable {
    /// `size × size` linear albedo; w = 1 where a view's texel went in, 0 where only the low band is known or nothing.
    var albedo: [SIMD4<Float>]
    /// (size / 4)²: low and middle bands of the albedo; w = how much was seen (0...1, soft).
    var coarse: Plane
    /// (size / 4)²: 0...1, grows with every view.
    var confidence: [Float]
    /// G: natural log of linear colours of hair on the head's outline; w = so many views saw it.
    var hair: [SIMD4<Float>]
    /// The person's typical skin.
    package var skin: SIMD4<Float>
    /// One per view, in the views' order; `nil` where too little skin was seen.
    package var lights: [Illumination?]
}

extension TextureAccumulator {
    package func fused() -> FusedTexture {
        let side = atlas.size / 4
        let count = side * side
        let skin = skinColour()
        let light = estimateLight(skin: skin)
        let lights = options.removesLight ? light.lights : views.map { _ in nil }
        let sharpest = views.map(\.sharpness).max() ?? 0
        var lit = views.indices.mapConcurrently {
            relit(views[$0], light: lights[$0], skin: skin, expected: light.expected)
        }
        register(&lit, sharpest: sharpest)
        rejectOutliers(&lit)
        var confidence = [Float](repeating: 1, count: count)
        for view in lit { for i in 0..<count { confidence[i] *= 1 - min(view.albedo.pixels[i].w, 1) } }
        for i in 0..<count { confidence[i] = 1 - confidence[i] }

        // Low band: weighted mean, robust because outliers have lost their weight.
        var low = Plane(width: side, height: side)
        var seen = [Float](repeating: 0, count: count)
        for view in lit {
            for i in 0..<count {
                let w = view.albedo.pixels[i].w
                seen[i] = max(seen[i], w)
            }
            let spread = Plane(
                width: side, height: side, pixels: view.albedo.pixels.map { SIMD4($0.w, 0, 0, 0) }
            ).blurred(radius: 2)
            for i in 0..<count {
                let w = spread.pixels[i].x
                let l = view.low.pixels[i]
                if l.w > 0 { low.pixels[i] += SIMD4(l.x, l.y, l.z, 1) * w }
            }
        }
        low = low.normalized(minimum: 1e-7)
        for i in 0..<count where low.pixels[i].w > 0 { low.pixels[i].w = 1 }
        if options.suppressesResidualShading {
            low = suppressingResidualShading(low, expected: light.expected, skin: skin, confidence: confidence)
        }

        // Of each view in turn: planes are large and views are many.
        let chosen = chooseViews(lit, sharpest: sharpest)
        var detail = Plane(width: side, height: side)
        for (k, view) in lit.enumerated() {
            guard let share = membership(k, in: chosen, radius: 4) else { continue }
            for i in 0..<count {
                let w = share.pixels[i].x * (view.albedo.pixels[i].w > 0 ? 1 : 0)
                guard w > 0, view.low.pixels[i].w > 0 else { continue }
                let ratio = (view.albedo.pixels[i] + 0.002) / (view.low.pixels[i] + 0.002)
                var bounded = pointwiseMin(pointwiseMax(ratio, SIMD4(repeating: 0.1)), SIMD4(repeating: 4))
                bounded.w = 1
                detail.pixels[i] += bounded * w
            }
        }
        var coarse = low
        for i in 0..<count {
            let sum = detail.pixels[i]
            if sum.w > 0 { coarse.pixels[i] *= sum / sum.w }
        }
        let strange = atlas.strangeSkin?.found(
            coarse.pixels.map { $0.w > 0 ? max($0.luminance, 1e-3) / max(skin.luminance, 1e-3) : 0 })
        // Of the best view's quality: less is not believed, and so much more wholly; some 72° to the surface, 67° where strange.
        for i in 0..<count where coarse.pixels[i].w > 0 {
            coarse.pixels[i].w = low.pixels[i].w
            let strange = strange?[i] ?? 0
            coarse.pixels[i].w *= min(max((seen[i] - 0.004 - 0.03 * strange) / (0.03 + 0.06 * strange), 0), 1)
        }
        let shifts = lit.map(\.shifts)
        lit = []
        coarse = feathered(coarse).dilated(rings: 2)
        let fused = FusedTexture(
            albedo: compose(coarse: coarse, chosen: chosen, shifts: shifts), coarse: coarse, confidence: confidence,
            hair: hair(lights: lights), skin: skin, lights: lights)
        return isGrey ? coloured(fused) : fused
    }

    private func hair(lights: [Illumination?]) -> [SIMD4<Float>] {
        var sums = [SIMD4<Float>](repeating: .zero, count: atlas.model.topology.pointCount)
        for (view, light) in zip(views, lights) { view.hair.add(to: &sums, light: light) }
        // Of both sides: what they differ by is light sooner than hair.
        return atlas.model.topology.mirrorOfPoint.enumerated().map { g, mirror in
            let sum = sums[g] + sums[Int(mirror)]
            guard sum.w > 0 else { return .zero }
            var mean = sum / sum.w
            mean.w = sum.w
            return mean
        }
    }

    /// Lets what was seen fade out inside its own rim, where fits and lights are at their worst.
    private func feathered(_ coarse: Plane) -> Plane {
        var result = coarse
        // A texel outside the chart counts as seen: a seam of the atlas is no rim of the view.
        var known = Plane(width: coarse.width, height: coarse.height)
        for i in known.pixels.indices { known.pixels[i].x = 1 }
        for texel in atlas.coarseMap.texels { known.pixels[Int(texel)].x = coarse.pixels[Int(texel)].w }
        let around = known.blurred(radius: max(atlas.size / 256, 1))
        for i in result.pixels.indices {
            let t = min(max((around.pixels[i].x - 0.5) / 0.45, 0), 1)
            result.pixels[i].w = coarse.pixels[i].w * t * t * (3 - 2 * t)
        }
        return result
    }

    /// The fine band of the chosen views on top of the coarse albedo: `coarse · Σ w · texel / block mean`. The light
    /// cancels in that ratio, so it is the coarse levels' matter alone.
    /// - Parameter shifts: see `LitView`.
    private func compose(coarse: Plane, chosen: [Int32], shifts: [[SIMD2<Float>]?]) -> [SIMD4<Float>] {
        let size = atlas.size
        let side = size / 4
        var detail = [SIMD4<Float>](repeating: .zero, count: size * size)
        let table = SRGB.linear
        var means = [SIMD4<Float>](repeating: .zero, count: size)
        var shares = means
        let floor = SIMD4<Float>(repeating: 0.002)
        var offsets = means
        for (k, view) in views.enumerated() {
            guard let label = membership(k, in: chosen, radius: 1) else { continue }
            // As seen, to which the fine band relates.
            let raw = shifts[k].map { view.coarse.shifted($0) } ?? view.coarse
            let seen = view.texels
            let shifts = shifts[k].map { shifts in
                Plane(width: side, height: side, pixels: shifts.map { SIMD4($0.x * 4, $0.y * 4, 0, 0) })
            }
            let used = (0..<side).map { y in (0..<side).contains { label.pixels[y * side + $0].x > 0.002 } }
            for y in 0..<size {
                let near = max(y / 4 - 1, 0)...min(y / 4 + 1, side - 1)
                guard near.contains(where: { used[$0] }) else { continue }
                means.withUnsafeMutableBufferPointer { raw.enlargedRow(y, factor: 4, into: $0) }
                if let shifts { offsets.withUnsafeMutableBufferPointer { shifts.enlargedRow(y, factor: 4, into: $0) } }
                shares.withUnsafeMutableBufferPointer { label.enlargedRow(y, factor: 4, into: $0) }
                seen.withUnsafeBufferPointer { texels in
                    detail.withUnsafeMutableBufferPointer { detail in
                        table.withUnsafeBufferPointer { table in
                            for x in 0..<size {
                                let w = shares[x].x
                                guard w > 0.002 else { continue }
                                var colour = SIMD4<Float>.zero
                                if shifts == nil {
                                    let code = texels[y * size + x]
                                    guard code.w > 0 else { continue }
                                    colour = SIMD4(table[Int(code.x)], table[Int(code.y)], table[Int(code.z)], 0)
                                } else {
                                    // Bilinear among the four texels that were seen.
                                    let u = min(max(Float(x) + offsets[x].x, 0), Float(size) - 1.001)
                                    let v = min(max(Float(y) + offsets[x].y, 0), Float(size) - 1.001)
                                    let (i, j) = (Int(u), Int(v))
                                    let (a, b) = (u - Float(i), v - Float(j))
                                    let at = j * size + i
                                    func add(_ at: Int, _ share: Float) {
                                        let code = texels[at]
                                        guard code.w > 0 else { return }
                                        colour +=
                                            SIMD4(
                                                table[Int(code.x)], table[Int(code.y)], table[Int(code.z)], 1) * share
                                    }
                                    add(at, (1 - a) * (1 - b))
                                    add(at + 1, a * (1 - b))
                                    add(at + size, (1 - a) * b)
                                    add(at + size + 1, a * b)
                                    guard colour.w > 0.2 else { continue }
                                    colour /= colour.w
                                }
                                var ratio = (colour + floor) / (means[x] + floor)
                                ratio = pointwiseMin(pointwiseMax(ratio, .init(repeating: 0.1)), .init(repeating: 5))
                                ratio.w = 1
                                detail[y * size + x] += ratio * w
                            }
                        }
                    }
                }
            }
        }
        for y in 0..<size {
            means.withUnsafeMutableBufferPointer { coarse.enlargedRow(y, factor: 4, into: $0) }
            detail.withUnsafeMutableBufferPointer { detail in
                for x in 0..<size {
                    let d = detail[y * size + x]
                    let colour = d.w > 0 ? means[x] * d / d.w : means[x]
                    detail[y * size + x] = SIMD4(
                        min(max(colour.x, 0), 1), min(max(colour.y, 0), 1), min(max(colour.z, 0), 1), d.w > 0 ? 1 : 0)
                }
            }
        }
        return detail
    }
}

extension SIMD4 where Scalar == Float {
    @inline(__always)
    var max3: Float { Swift.max(x, y, z) }
}
