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

    /// Which view gives the detail of each place: soft membership (x) per view, summing to 1 where anything was seen.
    func chooseViews(_ lit: [LitView], sharpest: Float) -> [Plane] {
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
