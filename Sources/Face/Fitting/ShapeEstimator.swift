internal import Foundation
internal import Tensors

/// Identity and focal length jointly over the kept keyframes, pose and expression per keyframe, from landmarks.
///
/// Minimizes Σ_v w_v Σ_l ρ(|x − x̂|² / σ²) + |a|² + Σ_v |e_v|²/σ_e² + (log f/f₀)²/σ_f² by Levenberg–Marquardt; each view's
/// pose and expression are eliminated by the Schur complement, expressions are held in 0...1 by an active set.
///
/// - Landmark error is the landmark network's and the calibration's bias, the same in every similar view, and not noise.
///   So σ holds the anchor's deviation, neighbouring landmarks share their information (`independence`), and views of
///   one direction together count for no more than two.
/// - Landmarks on the side that is turned away are the network's guess: they fade with the surface's angle.
///
/// Not handled: lens distortion, a principal point off the middle, rolling shutter.
package struct ShapeEstimator: Sendable {
    /// Of the landmark network, as a share of the inter-eye distance.
    static let detectorDeviation = 0.012
    /// How many of neighbouring landmarks' errors are one and the same: information is divided by it.
    static let correlatedLandmarks = 8.0
    static let expressionDeviation = 0.3
    /// Of log focal length about 0.95 × the picture's longer side (a field of view of 55°).
    static let focalDeviation = 0.35
    static let focalPerSide = 0.95
    static let robustWidth = 2.0

    private let model: LandmarkModel
    private let expressionCount: Int
    private var revision = 0
    private var identity: [Double]
    private var focal: Double?
    private var views: [Int: ViewState] = [:]

    private struct ViewState: Sendable {
        var pose: Pose
        var expression: [Double]
    }

    package init(model: MorphableModel) {
        self.model = LandmarkModel(model)
        expressionCount = model.expressions.count
        identity = [Double](repeating: 0, count: model.identityCount)
    }

    /// A new estimate from all of `keyframes` (at least one), started from the last one.
    package mutating func absorb(keyframes: [Keyframe]) -> ShapeFit {
        precondition(!keyframes.isEmpty, "a fit needs a keyframe")
        let side = Double(max(keyframes[0].imageWidth, keyframes[0].imageHeight))
        let prior = Self.focalPerSide * side
        var problem = Problem(model: model, keyframes: keyframes, focalPrior: prior)
        problem.identity = identity
        problem.focal = focal ?? prior
        let cold = focal == nil
        for (i, keyframe) in keyframes.enumerated() {
            if let known = views[keyframe.frame] {
                problem.poses[i] = known.pose
                problem.expressions[i] = known.expression
            } else {
                problem.start(i)
            }
        }
        problem.solve(iterations: cold ? 25 : 8)
        identity = problem.identity
        focal = problem.focal
        views = [:]
        for (i, keyframe) in keyframes.enumerated() {
            views[keyframe.frame] = ViewState(pose: problem.poses[i], expression: problem.expressions[i])
        }
        revision += 1
        return ShapeFit(
            revision: revision, identity: identity, deviation: problem.deviation, focal: problem.focal,
            views: keyframes.indices.map { i in
                var expression = [Double](repeating: 0, count: expressionCount)
                for (e, number) in model.expressions.enumerated() { expression[number] = problem.expressions[i][e] }
                return ShapeFit.View(
                    frame: keyframes[i].frame, pose: problem.poses[i], expression: expression,
                    residual: problem.residual(i))
            })
    }
}
