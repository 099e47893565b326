internal import Foundation

/// One eyeball of the base head. Sliders bend it a little and expressions shear it; people's are round and stiff.
struct Eyeball {
    /// Own point numbers of the base head.
    let points: [Int]
    private let centre: SIMD3<Double>
    /// From the centre, the unit of the head.
    private let arms: [SIMD3<Double>]

    init(points: [Int], rest: [SIMD3<Double>]) {
        self.points = points
        let centre = points.reduce(.zero) { $0 + rest[$1] } / Double(max(points.count, 1))
        self.centre = centre
        arms = points.map { rest[$0] - centre }
    }

    /// Replaces the eyeball in `head` by the moved and scaled one nearest to it (least squares; linear in `head`).
    func keepShape(_ head: inout [SIMD3<Double>]) {
        let middle = points.reduce(.zero) { $0 + head[$1] } / Double(max(points.count, 1))
        let size =
            zip(points, arms).reduce(0) { $0 + ((head[$1.0] - middle) * $1.1).sum() }
            / max(arms.reduce(0) { $0 + ($1 * $1).sum() }, 1e-12)
        for (point, arm) in zip(points, arms) { head[point] = middle + size * arm }
    }

    /// Replaces the eyeball's offsets by those of the rotation about its centre nearest to them; an eyeball at rest
    /// stays at rest. Straight interpolation of a turn by 24 degrees shortens the radius by 2 % half-way.
    func turn(_ offsets: inout [SIMD3<Float>]) {
        let shift = points.reduce(SIMD3<Double>.zero) { $0 + SIMD3<Double>(offsets[$1]) } / Double(max(points.count, 1))
        // Small-angle least squares for a nearly round body: ω = Σ arm × offset / (2/3 Σ |arm|²).
        let moment = zip(points, arms).reduce(SIMD3<Double>.zero) {
            $0 + cross($1.1, SIMD3<Double>(offsets[$1.0]) - shift)
        }
        let vector = moment / max(arms.reduce(0) { $0 + ($1 * $1).sum() } * 2 / 3, 1e-12)
        // The moment of a finite turn is that of its sine.
        let sine = min((vector * vector).sum().squareRoot(), 0.99)
        guard sine > 1e-3 else { return }
        let rotation = Rotation(vector: vector / sine * asin(sine))
        for (point, arm) in zip(points, arms) { offsets[point] = SIMD3<Float>(rotation.apply(arm) - arm) }
    }
}
