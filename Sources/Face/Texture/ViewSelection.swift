internal import Foundation

/// Which view shows what: registration onto each other, and the choice of the best.
extension TextureAccumulator {
    /// Shifts each view's map by a few texels onto those before it, the best view first.
    func register(_ lit: inout [LitView], sharpest: Float) {
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

    /// Per coarse texel: which view gives its detail; −1 where none shows it.
    func chooseViews(_ lit: [LitView], sharpest: Float) -> [Int32] {
        let side = atlas.size / 4
        let count = side * side
        var best = [Float](repeating: 0, count: count)
        var chosen = [Int32](repeating: -1, count: count)
        guard !lit.isEmpty else { return chosen }
        func scores(_ k: Int) -> [Float] {
            let share = sharpest > 0 ? min(max(views[k].sharpness / sharpest, 0.05), 1) : 1
            let raw = Plane(
                width: side, height: side,
                pixels: lit[k].albedo.pixels.map { SIMD4($0.w * share, $0.w > 0 ? 1 : 0, 0, 0) })
            // Blurred so that regions are large; zero where the view itself has nothing.
            let smooth = raw.blurred(radius: 5)
            return (0..<count).map { raw.pixels[$0].x > 0 ? smooth.pixels[$0].x : 0 }
        }
        // One view that sees most of the face well carries it wherever it is nearly as good: fewer seams.
        let all = lit.indices.map(scores)
        let totals = all.map { score in
            (0..<count).reduce(Float(0)) { $0 + (atlas.coarseRegions[$1].x > 0 ? score[$1] : 0) }
        }
        let anchor = totals.indices.max { totals[$0] < totals[$1] }
        for (k, score) in all.enumerated() {
            let favour: Float = k == anchor ? 1.5 : 1
            for i in 0..<count where score[i] * favour > best[i] {
                (best[i], chosen[i]) = (score[i] * favour, Int32(k))
            }
        }
        return chosen
    }

    /// Soft membership (x) of each coarse texel in one view's part, summing to 1 over all views; `nil` of a view without any.
    func membership(_ view: Int, in chosen: [Int32], radius: Int) -> Plane? {
        guard chosen.contains(Int32(view)) else { return nil }
        let side = atlas.size / 4
        return Plane(width: side, height: side, pixels: chosen.map { SIMD4($0 == view ? 1 : 0, 0, 0, 0) })
            .blurred(radius: radius)
    }
}
