internal import Foundation
internal import Tensors

/// The normal equations of `SurfaceAdjustment`, dense: `[view: pose 6, expression E] … | identity K | log focal`.
struct SurfaceEquations {
    private let viewCount: Int
    private let expressionCount: Int
    private let identityCount: Int
    private var information: Matrix
    /// Half of the cost's gradient.
    private var gradient: [Double]

    private var own: Int { 6 + expressionCount }
    private var sharedStart: Int { own * viewCount }

    init(_ problem: LandmarkProblem) {
        viewCount = problem.poses.count
        expressionCount = problem.model.expressions.count
        identityCount = problem.identity.count
        let size = (6 + expressionCount) * viewCount + identityCount + 1
        information = Matrix(rows: size, columns: size)
        gradient = [Double](repeating: 0, count: size)
    }

    /// - Parameter rows: weighted, `[each view's unknowns | identity | log focal | value]`.
    mutating func add(_ rows: Matrix, ofViews views: [Int]) { add(gram: rows.gram(), ofViews: views) }

    /// - Parameter gram: of such rows.
    mutating func add(gram: Matrix, ofViews views: [Int]) {
        let places = views.flatMap { v in (own * v..<own * (v + 1)) } + Array(sharedStart..<gradient.count)
        precondition(gram.columns == places.count + 1, "rows of \(gram.columns) for \(places.count) unknowns")
        for (i, a) in places.enumerated() {
            for (j, b) in places.enumerated() { information[a, b] += gram[i, j] }
            gradient[a] += gram[i, places.count]
        }
    }

    /// A quadratic prior about neutral.
    mutating func holdExpression(of view: Int, at weights: [Double], information value: Double) {
        for (i, weight) in weights.enumerated() {
            let at = own * view + 6 + i
            information[at, at] += value
            gradient[at] += value * weight
        }
    }

    /// Standard normal identity, log focal length about its prior, and the head's size about the mean head's: one camera
    /// cannot see how large a head is, and what little bends the shape would drag the size along.
    mutating func addPriors(_ problem: LandmarkProblem, sizeDeviation: Double) {
        let size = Self.logSize(problem)
        let sizeInformation = pow(sizeDeviation, -2)
        for i in 0..<identityCount {
            let at = sharedStart + i
            information[at, at] += 1
            for j in 0..<identityCount {
                information[at, sharedStart + j] += sizeInformation * size.slope[i] * size.slope[j]
            }
            gradient[at] += problem.identity[i] + sizeInformation * size.slope[i] * size.value
        }
        let last = gradient.count - 1
        let focalInformation = pow(ShapeEstimator.focalDeviation, -2)
        information[last, last] += focalInformation
        gradient[last] += focalInformation * log(problem.focal / problem.focalPrior)
    }

    /// An expression at its bound (0 or 1) that is pushed further out stays there.
    mutating func holdAtBounds(_ view: Int, expression: [Double]) {
        for (i, weight) in expression.enumerated() {
            let at = own * view + 6 + i
            guard (weight <= 0 && gradient[at] > 0) || (weight >= 1 && gradient[at] < 0) else { continue }
            for j in gradient.indices {
                information[at, j] = 0
                information[j, at] = 0
            }
            information[at, at] = 1
            gradient[at] = 0
        }
    }

    /// The full step and the identity's covariance; `nil` when the equations are not positive definite.
    func solved() -> Solution? {
        var damped = information
        for i in 0..<sharedStart { damped[i, i] *= 1 + 1e-6 }
        var right = Matrix(rows: gradient.count, columns: identityCount + 1)
        for i in 0..<identityCount { right[sharedStart + i, i] = 1 }
        for i in gradient.indices { right[i, identityCount] = -gradient[i] }
        guard let solved = damped.choleskySolve(right) else { return nil }
        return Solution(
            step: gradient.indices.map { solved[$0, identityCount] },
            identityCovariance: solved.block(
                rows: sharedStart..<sharedStart + identityCount, columns: 0..<identityCount))
    }

    struct Solution {
        let step: [Double]
        /// K × K.
        let identityCovariance: Matrix

        /// Moves the problem by the step, all of it shortened where its focal length would leave the linearization.
        func move(_ problem: inout LandmarkProblem, longestFocalStep: Double) {
            let share = min(1, longestFocalStep / max(abs(step[step.count - 1]), 1e-9))
            let own = 6 + problem.model.expressions.count
            let shared = own * problem.poses.count
            func part(_ i: Int) -> Double { step[i] * share }
            for i in problem.identity.indices { problem.identity[i] += part(shared + i) }
            problem.focal *= exp(part(step.count - 1))
            for v in problem.poses.indices {
                let at = own * v
                problem.poses[v].rotation =
                    Rotation(vector: SIMD3(part(at), part(at + 1), part(at + 2))) * problem.poses[v].rotation
                problem.poses[v].translation += SIMD3(part(at + 3), part(at + 4), part(at + 5))
                problem.poses[v].translation.z = max(problem.poses[v].translation.z, 0.1)
                for e in problem.expressions[v].indices {
                    problem.expressions[v][e] = min(max(problem.expressions[v][e] + part(at + 6 + e), 0), 1)
                }
            }
        }
    }

    /// Log of the landmarks' spread against the mean head's, and its derivative by the identity.
    private static func logSize(_ problem: LandmarkProblem) -> (value: Double, slope: [Double]) {
        let model = problem.model
        let middle = model.mean.reduce(.zero, +) / Double(model.mean.count)
        let e = model.expressions.count
        var slope = [Double](repeating: 0, count: problem.identity.count)
        var square = 0.0
        for (l, p) in model.mean.enumerated() {
            let d = p - middle
            square += (d * d).sum()
            for k in slope.indices {
                for c in 0..<3 { slope[k] += d[c] * model.basis[3 * l + c, e + k] }
            }
        }
        slope = slope.map { $0 / square }
        return (zip(slope, problem.identity).reduce(0) { $0 + $1.0 * $1.1 }, slope)
    }
}
