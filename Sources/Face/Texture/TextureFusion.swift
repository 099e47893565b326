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
    /// The person's typical skin.
    package var skin: SIMD4<Float>
    /// One per view, in the views' order; `nil` where too little skin was seen.
    package var lights: [Illumination?]
}

extension TextureAccumulator {
    /// One view made comparable to the others, on the (size / 4)² grid.
    private struct LitView {
        /// Albedo estimate; w = quality after all rejections.
        var albedo: Plane
        /// The same, blurred to the low band.
        var low: Plane
        /// As seen, to which the fine band relates.
        var raw: Plane
        /// Where to read for each coarse texel to match the other views, coarse texels; `nil`: in place.
        var shifts: [SIMD2<Float>]?
    }

    package func fused() -> FusedTexture {
        let side = atlas.size / 4
        let count = side * side
        let skin = skinColour()
        let lights = fitLights(skin: skin)
        let sharpest = views.map(\.sharpness).max() ?? 0
        var lit = zip(views, lights).map { view, light in
            relit(view, light: light, skin: skin)
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
        low = levelled(low.normalized(minimum: 1e-7), skin: skin, confidence: confidence)

        let labels = chooseViews(lit, sharpest: sharpest)
        let middle = labels.map { $0.blurred(radius: 4) }
        let fine = labels.map { $0.blurred(radius: 1) }
        var coarse = Plane(width: side, height: side)
        for i in 0..<count {
            var detail = SIMD4<Float>.zero
            var total: Float = 0
            for (k, view) in lit.enumerated() {
                let w = middle[k].pixels[i].x * (view.albedo.pixels[i].w > 0 ? 1 : 0)
                guard w > 0, view.low.pixels[i].w > 0 else { continue }
                let ratio = (view.albedo.pixels[i] + 0.002) / (view.low.pixels[i] + 0.002)
                detail += pointwiseMin(pointwiseMax(ratio, SIMD4(repeating: 0.1)), SIMD4(repeating: 4)) * w
                total += w
            }
            let base = low.pixels[i]
            let colour = total > 0 ? base * (detail / total) : base
            let ramp = min(max((seen[i] - 0.004) / 0.03, 0), 1)
            coarse.pixels[i] = SIMD4(colour.x, colour.y, colour.z, base.w > 0 ? ramp : 0)
        }
        coarse = feathered(coarse).dilated(rings: 2)
        return FusedTexture(
            albedo: compose(lit, coarse: coarse, labels: fine), coarse: coarse, confidence: confidence, skin: skin,
            lights: lights)
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

    /// What is left of light in the low band: cast shadows and bounce that nine harmonics cannot follow. Very smooth
    /// deviations of plain skin from its typical colour are cut to a third, and skin seen badly is drawn to the typical altogether.
    private func levelled(_ low: Plane, skin: SIMD4<Float>, confidence: [Float]) -> Plane {
        let count = low.pixels.count
        var logs = Plane(width: low.width, height: low.height)
        for i in 0..<count where low.pixels[i].w > 0 {
            let region = atlas.coarseRegions[i]
            let plain = max(1 - region.y - region.z, 0) * (1 - region.w) * min(confidence[i] * 20, 1)
            let ratio = pointwiseMax(low.pixels[i], .init(repeating: 1e-3)) / skin
            logs.pixels[i] = SIMD4(log(ratio.x) * plain, log(ratio.y) * plain, log(ratio.z) * plain, plain)
        }
        let smooth = logs.blurred(radius: max(atlas.size / 64, 1)).normalized(minimum: 1e-3)
        // What the well-seen face came to on average is the typical brightness, rather than the first guess.
        var typical = SIMD4<Float>.zero
        for i in 0..<count where atlas.coarseRegions[i].x > 0.01 && logs.pixels[i].w > 0.5 {
            let share = confidence[i]
            typical += SIMD4(smooth.pixels[i].x, smooth.pixels[i].y, smooth.pixels[i].z, 1) * share
        }
        typical = SIMD4(repeating: typical.w > 0 ? typical.luminance / typical.w : 0)
        var result = low
        for i in 0..<count where low.pixels[i].w > 0 {
            let region = atlas.coarseRegions[i]
            let plain = max(1 - region.z, 0) * (1 - region.w)
            let field = smooth.pixels[i] - typical
            let level = field.luminance
            let trust = min(confidence[i] * 4, 1)
            for c in 0..<3 {
                let correction = (0.95 - 0.3 * trust) * level + (0.95 - 0.2 * trust) * (field[c] - level)
                result.pixels[i][c] *= exp(-correction * plain)
            }
        }
        return result
    }

    /// The fine band of the chosen views on top of the coarse albedo: `coarse · Σ w · texel / block mean`. The light
    /// cancels in that ratio, so it is the coarse levels' matter alone.
    private func compose(_ lit: [LitView], coarse: Plane, labels: [Plane]) -> [SIMD4<Float>] {
        let size = atlas.size
        let side = size / 4
        var detail = [SIMD4<Float>](repeating: .zero, count: size * size)
        let table = SRGB.linear
        var means = [SIMD4<Float>](repeating: .zero, count: size)
        var shares = means
        let floor = SIMD4<Float>(repeating: 0.002)
        var offsets = means
        for (k, label) in labels.enumerated() {
            let (view, raw) = (views[k], lit[k].raw)
            let shifts = lit[k].shifts.map { shifts in
                Plane(width: side, height: side, pixels: shifts.map { SIMD4($0.x * 4, $0.y * 4, 0, 0) })
            }
            let used = (0..<side).map { y in (0..<side).contains { label.pixels[y * side + $0].x > 0.002 } }
            for y in 0..<size {
                let near = max(y / 4 - 1, 0)...min(y / 4 + 1, side - 1)
                guard near.contains(where: { used[$0] }) else { continue }
                means.withUnsafeMutableBufferPointer { raw.enlargedRow(y, factor: 4, into: $0) }
                if let shifts { offsets.withUnsafeMutableBufferPointer { shifts.enlargedRow(y, factor: 4, into: $0) } }
                shares.withUnsafeMutableBufferPointer { label.enlargedRow(y, factor: 4, into: $0) }
                view.texels.withUnsafeBufferPointer { texels in
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

    /// Divides the light out and weighs down what does not look like the skin it should be.
    private func relit(_ view: PartialTexture, light: Illumination?, skin: SIMD4<Float>) -> LitView {
        var albedo = view.coarse
        let flat = Illumination(coefficients: [SIMD4(1, 1, 1, 1)] + [SIMD4<Float>](repeating: .zero, count: 8))
        let light = light ?? flat
        var belongs = Plane(width: albedo.width, height: albedo.height)
        for i in albedo.pixels.indices {
            let pixel = view.coarse.pixels[i]
            belongs.pixels[i].x = 1
            guard pixel.max3 > 0 else { continue }
            let region = atlas.coarseRegions[i]
            var shade = light.shading(view.normals[i])
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
        return LitView(albedo: albedo, low: low, raw: view.coarse, shifts: nil)
    }

    /// Shifts each view's map by a few texels onto those before it, the best view first.
    private func register(_ lit: inout [LitView], sharpest: Float) {
        guard lit.count > 1 else { return }
        let side = atlas.size / 4
        let count = side * side
        let order = lit.indices.sorted { worth(lit[$0], views[$0], sharpest) > worth(lit[$1], views[$1], sharpest) }
        func detail(_ view: LitView) -> Plane {
            var plane = Plane(width: side, height: side)
            for i in 0..<count where view.albedo.pixels[i].w > 0 && view.low.pixels[i].w > 0 {
                let ratio = (view.albedo.pixels[i].luminance + 0.004) / (view.low.pixels[i].luminance + 0.004)
                plane.pixels[i] = SIMD4(
                    min(max(log(ratio), -0.8), 0.8), 0, 0, min(view.albedo.pixels[i].w * 10, 1))
            }
            return plane
        }
        var reference = detail(lit[order[0]])
        for k in order.dropFirst() {
            var own = detail(lit[k])
            if let shifts = TextureRegistration.shifts(from: own, to: reference) {
                lit[k].shifts = shifts
                lit[k].albedo = lit[k].albedo.shifted(shifts)
                lit[k].low = lit[k].low.shifted(shifts)
                lit[k].raw = lit[k].raw.shifted(shifts)
                own = own.shifted(shifts)
            }
            // What the views before saw badly or not at all, the later ones are measured against this one.
            for i in 0..<count where own.pixels[i].w > 1.5 * reference.pixels[i].w {
                reference.pixels[i] = own.pixels[i]
            }
        }
    }

    /// How much of the face a view shows, how well.
    private func worth(_ lit: LitView, _ view: PartialTexture, _ sharpest: Float) -> Float {
        var sum: Float = 0
        for i in lit.albedo.pixels.indices where atlas.coarseRegions[i].x > 0 { sum += lit.albedo.pixels[i].w }
        return sum * (sharpest > 0 ? min(max(view.sharpness / sharpest, 0.05), 1) : 1)
    }

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
    private func rejectOutliers(_ lit: inout [LitView]) {
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

    /// Which view gives the detail of each place: soft membership (x) per view, summing to 1 where anything was seen.
    private func chooseViews(_ lit: [LitView], sharpest: Float) -> [Plane] {
        let side = atlas.size / 4
        let count = side * side
        guard !lit.isEmpty else { return [] }
        var scores = zip(lit, views).map { view, partial in
            let share = sharpest > 0 ? min(max(partial.sharpness / sharpest, 0.05), 1) : 1
            let raw = Plane(
                width: side, height: side,
                pixels: view.albedo.pixels.map { SIMD4($0.w * share, $0.w > 0 ? 1 : 0, 0, 0) })
            // Blurred so that regions are large; zero where the view itself has nothing.
            let smooth = raw.blurred(radius: 5)
            return (0..<count).map { raw.pixels[$0].x > 0 ? smooth.pixels[$0].x : 0 }
        }
        // One view that sees most of the face well carries it wherever it is nearly as good: fewer seams.
        let totals = scores.map { score in
            (0..<count).reduce(Float(0)) { $0 + (atlas.coarseRegions[$1].x > 0 ? score[$1] : 0) }
        }
        if let anchor = totals.indices.max(by: { totals[$0] < totals[$1] }) {
            for i in 0..<count { scores[anchor][i] *= 1.5 }
        }
        var labels = [Plane](repeating: Plane(width: side, height: side), count: lit.count)
        for i in 0..<count {
            var best: Float = 0
            var chosen = -1
            for k in scores.indices where scores[k][i] > best {
                best = scores[k][i]
                chosen = k
            }
            if chosen >= 0 { labels[chosen].pixels[i].x = 1 }
        }
        return labels
    }
}

extension SIMD4 where Scalar == Float {
    @inline(__always)
    var max3: Float { Swift.max(x, y, z) }
}
