package import Tensors

/// The morphable model seen at its landmarks only: what a fit to landmarks needs, small and dense.
package struct LandmarkModel: Sendable {
    /// Numbers of the tracker's landmarks that have a place on the surface.
    package let landmarks: [Int]
    /// L places on the mean head, metres, and the surface's unit normals there.
    package let mean: [SIMD3<Double>]
    package let normals: [SIMD3<Double>]
    /// 3L × (E + K), metres: first the expression shapes at weight 1, then the identity modes per standard deviation.
    package let basis: Matrix
    /// The expressions that landmarks can see at all: E numbers of the model's.
    package let expressions: [Int]
    /// K: the number of identity modes.
    package let identityCount: Int
    /// L: metres, of the calibration.
    package let deviations: [Double]

    /// Landmarks do not show where the eyes look, and hardly the tongue.
    private static func isVisible(_ name: String) -> Bool { !name.hasPrefix("eyeLook") && name != "tongueOut" }

    package init(_ model: MorphableModel) {
        landmarks = model.landmarks.indices.filter { model.landmarks[$0].deviation.isFinite }
        expressions = model.expressions.indices.filter { Self.isVisible(model.expressions[$0].name) }
        identityCount = model.identityCount
        let anchors = landmarks.map { model.landmarks[$0] }
        func place(_ values: (Int) -> SIMD3<Float>, _ a: MorphableModel.LandmarkAnchor) -> SIMD3<Double> {
            (0..<3).reduce(.zero) { $0 + SIMD3<Double>(values(Int(a.points[$1]))) * Double(a.weights[$1]) }
        }
        mean = anchors.map { place({ model.mean[$0] }, $0) }
        let all = model.topology.normals(points: model.mean)
        normals = anchors.map { anchor in
            let n = place({ all[$0] }, anchor)
            return n / max((n * n).sum().squareRoot(), 1e-9)
        }
        deviations = anchors.map { Double($0.deviation) }
        let (stride, shapes) = (3 * model.mean.count, expressions.count)
        var basis = Matrix(rows: 3 * anchors.count, columns: shapes + model.identityCount)
        for (e, number) in expressions.enumerated() {
            var offsets = [SIMD3<Float>](repeating: .zero, count: model.mean.count)
            let shape = model.expressions[number]
            for (point, offset) in zip(shape.points, shape.offsets) { offsets[Int(point)] = offset }
            for (l, anchor) in anchors.enumerated() {
                let offset = place({ offsets[$0] }, anchor)
                for c in 0..<3 { basis[3 * l + c, e] = offset[c] }
            }
        }
        for k in 0..<model.identityCount {
            for (l, anchor) in anchors.enumerated() {
                let offset = place(
                    { g in
                        let at = k * stride + 3 * g
                        return SIMD3(model.identityModes[at], model.identityModes[at + 1], model.identityModes[at + 2])
                    }, anchor)
                for c in 0..<3 { basis[3 * l + c, shapes + k] = offset[c] }
            }
        }
        self.basis = basis
    }

    private init(
        landmarks: [Int], mean: [SIMD3<Double>], normals: [SIMD3<Double>], basis: Matrix, expressions: [Int],
        identityCount: Int, deviations: [Double]
    ) {
        self.landmarks = landmarks
        self.mean = mean
        self.normals = normals
        self.basis = basis
        self.expressions = expressions
        self.identityCount = identityCount
        self.deviations = deviations
    }

    /// The landmarks of one person's head, whose shape is known: no identity is left (K = 0).
    /// - Parameters:
    ///   - offsets: L, metres: where the tracker puts this person's landmarks, beside where they should be.
    ///   - deviation: metres, of each landmark once that is known.
    package func personal(identity: [Double], offsets: [SIMD3<Double>], deviation: Double) -> LandmarkModel {
        let neutral = places(identity: identity, expression: [Double](repeating: 0, count: expressions.count))
        return LandmarkModel(
            landmarks: landmarks, mean: zip(neutral, offsets).map { $0 + $1 }, normals: normals,
            basis: basis.block(rows: 0..<basis.rows, columns: 0..<expressions.count), expressions: expressions,
            identityCount: 0, deviations: deviations.map { min($0, deviation) })
    }

    /// L places in model space, metres.
    package func places(identity: [Double], expression: [Double]) -> [SIMD3<Double>] {
        precondition(
            identity.count == identityCount && expression.count == expressions.count,
            "\(identity.count) identity and \(expression.count) expression coefficients for \(identityCount) and \(expressions.count)"
        )
        let offsets = basis.times(expression + identity)
        return mean.indices.map { mean[$0] + SIMD3(offsets[3 * $0], offsets[3 * $0 + 1], offsets[3 * $0 + 2]) }
    }

    /// Weights of all of the model's `count` expressions from those of the visible ones; the others are 0.
    package func complete(_ visible: [Double], count: Int) -> [Double] {
        var all = [Double](repeating: 0, count: count)
        for (weight, number) in zip(visible, expressions) { all[number] = weight }
        return all
    }
}
