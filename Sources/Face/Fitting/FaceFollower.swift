internal import Foundation

/// Follows one person's pose and expression from frame to frame, by a head that is known; some milliseconds a frame.
///
/// The landmark network puts some landmarks of a face always a few millimetres beside their places, which for a fit of
/// the neutral head is error, and for following is none: what the keyframes, which are neutral, show of it is measured
/// once per head, and the rest is expression.
package struct FaceFollower: Sendable {
    /// Of a landmark of which the constant part of its error is known, metres.
    private static let deviation = 0.001
    /// The offsets' prior, metres: with few views, little is believed.
    private static let offsetDeviation = 0.004
    /// Of one view's landmark about its offset, metres: pose, expression and noise.
    private static let viewDeviation = 0.002
    /// Without the constant part, neighbouring landmarks' errors are nearly their own, and large ones are expressions.
    private static let correlation = 2.0
    private static let robustWidth = 5.0
    /// A whole weight's cost, in units of the squared residuals.
    private static let expressionPull = 6.0

    private let model: LandmarkModel
    private let expressionCount: Int
    private let focal: Double
    /// Largest weights; 0 for what landmarks cannot tell from the rest.
    private let ceilings: [Double]
    private let opposites: [(Int, Int)]

    /// - Parameter keyframes: that `fit` was made from.
    package init(model: MorphableModel, fit: ShapeFit, keyframes: [Keyframe]) {
        let all = LandmarkModel(model)
        let plain = all.personal(
            identity: fit.identity, offsets: [SIMD3<Double>](repeating: .zero, count: all.mean.count),
            deviation: .infinity)
        self.model = all.personal(
            identity: fit.identity, offsets: Self.offsets(plain, fit, keyframes), deviation: Self.deviation)
        expressionCount = model.expressions.count
        focal = fit.focal
        let names = self.model.expressions.map { model.expressions[$0].name }
        ceilings = names.map { ["jawForward", "cheekPuff"].contains($0) ? 0 : 1 }
        opposites = [("mouthLeft", "mouthRight"), ("jawLeft", "jawRight")].compactMap { a, b in
            guard let i = names.firstIndex(of: a), let j = names.firstIndex(of: b) else { return nil }
            return (i, j)
        }
    }

    /// L offsets in model space, metres: least squares of what the views show, each of which sees two of three dimensions.
    private static func offsets(_ model: LandmarkModel, _ fit: ShapeFit, _ keyframes: [Keyframe]) -> [SIMD3<Double>] {
        let (prior, noise) = (pow(offsetDeviation, -2), pow(viewDeviation, -2))
        var sums = [(normal: [Double], right: SIMD3<Double>)](
            repeating: ([prior, 0, 0, 0, prior, 0, 0, 0, prior], .zero), count: model.mean.count)
        for keyframe in keyframes {
            guard let view = fit.views.first(where: { $0.frame == keyframe.frame }) else { continue }
            var problem = LandmarkProblem(
                model: model,
                sightings: [
                    .init(
                        landmarks: keyframe.landmarks, imageWidth: keyframe.imageWidth,
                        imageHeight: keyframe.imageHeight)
                ], focalPrior: fit.focal)
            problem.poses = [view.pose]
            problem.expressions = [model.expressions.map { view.expression[$0] }]
            let residuals = problem.residuals(0)
            let r = view.pose.rotation
            for l in sums.indices where residuals.facing[l] > 0.2 {
                let metres = max((r.row2 * model.mean[l]).sum() + view.pose.translation.z, 0.05) / fit.focal
                // Across the view: rows of the rotation are the camera's axes in the head's space.
                for (axis, value) in [(r.row0, residuals.values[2 * l]), (r.row1, residuals.values[2 * l + 1])] {
                    let w = noise * residuals.facing[l]
                    for i in 0..<3 { for j in 0..<3 { sums[l].normal[3 * i + j] += w * axis[i] * axis[j] } }
                    // Residual: where the model's landmark is, less where it was seen.
                    sums[l].right -= w * value * metres * axis
                }
            }
        }
        let offsets = sums.map { sum in
            let m = sum.normal
            let rows = Rotation(SIMD3(m[0], m[1], m[2]), SIMD3(m[3], m[4], m[5]), SIMD3(m[6], m[7], m[8]))
            return solve(rows, sum.right)
        }
        return withoutMotion(offsets, at: model)
    }

    /// What all offsets share is no offset but pose: the texture was projected so that landmarks lie on landmarks.
    private static func withoutMotion(_ offsets: [SIMD3<Double>], at model: LandmarkModel) -> [SIMD3<Double>] {
        let weights = model.deviations.map { 1e-6 / ($0 * $0) }
        let moved = IdentityStatistics.align(
            zip(model.mean, offsets).map { $0 + $1 }, to: model.mean, weights: weights)
        return zip(moved, model.mean).map { $0 - $1 }
    }

    /// Cramer's rule for a positive definite 3 × 3 matrix given by its rows.
    private static func solve(_ m: Rotation, _ b: SIMD3<Double>) -> SIMD3<Double> {
        let (c0, c1, c2) = (cross(m.row1, m.row2), cross(m.row2, m.row0), cross(m.row0, m.row1))
        return (c0 * b.x + c1 * b.y + c2 * b.z) / (m.row0 * c0).sum()
    }

    /// Pose and expression in one frame; gaze and blinks are the eyes' own (`EyeFollower`).
    /// - Parameters:
    ///   - landmarks: 468 points in image space, pixels.
    ///   - last: the view of the frame before, if there is one: following starts from it.
    package func view(
        landmarks: [SIMD2<Float>], frame: Int, imageWidth: Int, imageHeight: Int, from last: ShapeFit.View? = nil
    ) -> ShapeFit.View {
        var problem = LandmarkProblem(
            model: model,
            sightings: [.init(landmarks: landmarks, imageWidth: imageWidth, imageHeight: imageHeight)],
            focalPrior: focal)
        problem.sharedFixed = true
        problem.expressionPull = Self.expressionPull
        problem.correlation = Self.correlation
        problem.robustWidth = Self.robustWidth
        if let last {
            problem.poses[0] = last.pose
            problem.expressions[0] = model.expressions.map { last.expression[$0] }
        } else {
            problem.start(0)
        }
        problem.ceilings = ceilings
        problem.solve(iterations: last == nil ? 20 : 8)
        // To the left and to the right at once is neither: what is left of it is the other shapes' task.
        for (a, b) in opposites where min(problem.expressions[0][a], problem.expressions[0][b]) > 0 {
            let smaller = problem.expressions[0][a] < problem.expressions[0][b] ? a : b
            problem.ceilings[smaller] = 0
            problem.expressions[0][smaller] = 0
        }
        if problem.ceilings != ceilings { problem.solve(iterations: 6) }
        return ShapeFit.View(
            frame: frame, pose: problem.poses[0],
            expression: model.complete(problem.expressions[0], count: expressionCount),
            residual: problem.residuals(0).rootMeanSquare)
    }
}
