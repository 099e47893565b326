internal import Tensors

/// Normal equations of many views that share identity and focal length; each view's own unknowns (pose, expression) are
/// eliminated by the Schur complement, so the cost grows with the number of views only linearly.
struct NormalEquations {
    struct Step {
        var shared: [Double]
        /// Per view: rotation, translation, expression.
        var views: [[Double]]
    }

    /// Of the shared unknowns alone, and its gradient (half of the cost's).
    var information: Matrix
    var gradient: [Double]
    /// Per view, 2L.
    private(set) var weights: [[Double]] = []
    var cost = 0.0
    private var views: [View] = []

    private struct View {
        var own: Matrix
        var cross: Matrix
        var gradient: [Double]
        /// Unknowns that are held at their bound.
        var held: [Bool]
    }

    init(sharedCount: Int) {
        information = Matrix(rows: sharedCount, columns: sharedCount)
        gradient = [Double](repeating: 0, count: sharedCount)
    }

    mutating func add(
        _ r: LandmarkResiduals, weights: [Double], expression: [Double], expressionInformation: Double
    ) {
        var (view, shared, values) = (r.view, r.shared, r.values)
        for row in values.indices {
            let w = weights[row].squareRoot()
            values[row] *= w
            for c in 0..<view.columns { view.values[row * view.columns + c] *= w }
            for c in 0..<shared.columns { shared.values[row * shared.columns + c] *= w }
        }
        var own = view.times(view, transposed: true)
        var ownGradient = view.times(values, transposed: true)
        for (e, weight) in expression.enumerated() {
            own[6 + e, 6 + e] += expressionInformation
            ownGradient[6 + e] += expressionInformation * weight
        }
        // A weight at its bound that the gradient pushes further out stays there.
        var held = [Bool](repeating: false, count: own.rows)
        for (e, weight) in expression.enumerated() {
            held[6 + e] = (weight <= 0 && ownGradient[6 + e] > 0) || (weight >= 1 && ownGradient[6 + e] < 0)
        }
        let sharedPart = shared.times(shared, transposed: true)
        for i in information.values.indices { information.values[i] += sharedPart.values[i] }
        for (i, g) in shared.times(values, transposed: true).enumerated() { gradient[i] += g }
        var cross = view.times(shared, transposed: true)
        for i in held.indices where held[i] {
            for j in 0..<own.columns {
                own[i, j] = i == j ? 1 : 0
                own[j, i] = i == j ? 1 : 0
            }
            for j in 0..<cross.columns { cross[i, j] = 0 }
            ownGradient[i] = 0
        }
        self.weights.append(weights)
        views.append(View(own: own, cross: cross, gradient: ownGradient, held: held))
    }

    /// The Levenberg–Marquardt step; `nil` when the damped equations are not positive definite.
    func step(damping: Double) -> Step? {
        var reduced = information
        for i in 0..<reduced.rows { reduced[i, i] *= 1 + damping }
        var right = gradient.map { -$0 }
        var eliminated: [(cross: Matrix, own: [Double])] = []
        for view in views {
            var own = view.own
            for i in 0..<own.rows { own[i, i] *= 1 + damping }
            guard let cross = own.choleskySolve(view.cross), let part = own.choleskySolve(view.gradient) else {
                return nil
            }
            let less = view.cross.times(cross, transposed: true)
            for i in reduced.values.indices { reduced.values[i] -= less.values[i] }
            for (i, g) in view.cross.times(part, transposed: true).enumerated() { right[i] += g }
            eliminated.append((cross, part))
        }
        guard let shared = reduced.choleskySolve(right) else { return nil }
        let own = eliminated.map { part in
            zip(part.own, part.cross.times(shared)).map { -$0 - $1 }
        }
        return Step(shared: shared, views: own)
    }

    /// Root mean square over the landmarks of the surface's posterior standard deviation, millimetres.
    func surfaceDeviation(model: LandmarkModel) -> Double {
        var reduced = information
        for view in views {
            guard let cross = view.own.choleskySolve(view.cross) else { return .infinity }
            let less = view.cross.times(cross, transposed: true)
            for i in reduced.values.indices { reduced.values[i] -= less.values[i] }
        }
        let k = model.modes.columns
        var identity = Matrix(rows: k, columns: k + 1)
        for i in 0..<k { identity[i, i] = 1 }
        guard let covariance = reduced.choleskySolve(identity.transpose) else { return .infinity }
        // covariance is (k+1) × k: its upper square belongs to the identity.
        let square = Matrix(rows: k, columns: k, values: Array(covariance.values.prefix(k * k)))
        let spread = model.modes.times(square)
        let trace = zip(spread.values, model.modes.values).reduce(0) { $0 + $1.0 * $1.1 }
        return (max(trace, 0) / Double(model.mean.count)).squareRoot() * 1000
    }
}
