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
    private(set) var information: Matrix
    private(set) var gradient: [Double]
    /// Half of the cost's second derivative and gradient of each view's own unknowns: own × (own | shared | gradient).
    private var views: [(own: Matrix, right: Matrix)] = []

    init(sharedCount: Int) {
        information = Matrix(rows: sharedCount, columns: sharedCount)
        gradient = [Double](repeating: 0, count: sharedCount)
    }

    /// A quadratic prior on a shared unknown, `offset` away from its middle.
    mutating func addPrior(_ unknown: Int, information value: Double, offset: Double) {
        information[unknown, unknown] += value
        gradient[unknown] += value * offset
    }

    /// - Parameters:
    ///   - rows: of `LandmarkResiduals.rows`.
    ///   - expression: the view's weights, with a quadratic prior about 0 of `expressionInformation` and a pull towards 0 of
    ///     `expressionPull`. A weight at its bound (0 or its ceiling) that the gradient pushes further out is held there.
    mutating func add(
        _ rows: Matrix, expression: [Double], ceilings: [Double], expressionInformation: Double,
        expressionPull: Double = 0
    ) {
        let (own, all) = (6 + expression.count, rows.columns - 1)
        precondition(
            all == own + information.rows, "rows of \(rows.columns) for \(own) own, \(information.rows) shared")
        let gram = rows.gram()
        var view = (
            own: gram.block(rows: 0..<own, columns: 0..<own),
            right: gram.block(rows: 0..<own, columns: own..<all + 1)
        )
        let last = view.right.columns - 1
        for (e, weight) in expression.enumerated() {
            view.own[6 + e, 6 + e] += expressionInformation
            view.right[6 + e, last] += expressionInformation * weight + expressionPull
        }
        for (e, weight) in expression.enumerated() {
            let slope = view.right[6 + e, last]
            guard (weight <= 0 && slope > 0) || (weight >= ceilings[e] && slope < 0) else { continue }
            let i = 6 + e
            for j in 0..<own {
                view.own[i, j] = i == j ? 1 : 0
                view.own[j, i] = i == j ? 1 : 0
            }
            for j in 0...last { view.right[i, j] = 0 }
        }
        views.append(view)
        for i in 0..<information.rows {
            for j in 0..<information.rows { information[i, j] += gram[own + i, own + j] }
            gradient[i] += gram[own + i, all]
        }
    }

    /// The Levenberg–Marquardt step; `nil` when the damped equations are not positive definite.
    func step(damping: Double) -> Step? {
        guard let (reduced, gradient, solved) = eliminate(damping: damping) else { return nil }
        let count = reduced.rows
        guard count > 0 else { return Step(shared: [], views: solved.map { $0.values.map { -$0 } }) }
        guard let shared = reduced.choleskySolve(gradient.map { -$0 }) else { return nil }
        let own = solved.map { part in (part.times(shared + [1])).map { -$0 } }
        return Step(shared: shared, views: own)
    }

    /// The reduced equations of the shared unknowns, and per view own⁻¹ · (shared | gradient).
    private func eliminate(damping: Double) -> (reduced: Matrix, gradient: [Double], solved: [Matrix])? {
        var (reduced, gradient) = (information, gradient)
        let count = reduced.rows
        for i in 0..<count { reduced[i, i] *= 1 + damping }
        var solved: [Matrix] = []
        for view in views {
            var own = view.own
            for i in 0..<own.rows { own[i, i] *= 1 + damping }
            guard let part = own.choleskySolve(view.right) else { return nil }
            solved.append(part)
            guard count > 0 else { continue }
            let less = view.right.times(part, transposed: true)
            for i in 0..<count {
                for j in 0..<count { reduced[i, j] -= less[i, j] }
                gradient[i] -= less[i, count]
            }
        }
        return (reduced, gradient, solved)
    }

    /// Posterior covariance of the shared unknowns, all views' own ones marginalized; `nil` if it has none.
    func sharedCovariance() -> Matrix? {
        guard let reduced = eliminate(damping: 0)?.reduced else { return nil }
        var identity = Matrix(rows: reduced.rows, columns: reduced.rows)
        for i in 0..<reduced.rows { identity[i, i] = 1 }
        return reduced.choleskySolve(identity)
    }
}
