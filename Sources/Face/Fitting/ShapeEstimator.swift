internal import Tensors

/// Identity and focal length jointly over the kept keyframes, pose and expression per keyframe, from landmarks.
///
/// Minimizes Σ_v w_v Σ_l ρ(|x − x̂|² / σ²) + |a|² + Σ_v w_v |e_v|²/σ_e² + (log f/f₀)²/σ_f² by Levenberg–Marquardt; each
/// view's pose and expression are eliminated by the Schur complement, expressions are held in 0...1 by an active set.
///
/// - Landmark error is the landmark network's and the calibration's bias, the same in every similar view, and not noise.
///   So σ holds the anchor's deviation, neighbouring landmarks share their information, and views of one direction
///   together count for no more than two.
/// - Landmarks on the side that is turned away are the network's guess: they fade with the surface's angle. The face's
///   outline, which slides over the surface as the head turns, has large deviations from the calibration and fades too.
/// - A shorter focal length, a nearer and a rounder head look almost the same in landmarks, and the network's bias with
///   the angle decides between them wrongly: the prior on the focal length is narrower than cameras are.
///
/// Not handled: lens distortion, a principal point off the middle, rolling shutter.
package struct ShapeEstimator: Sendable {
    /// Of the landmark network, as a share of the inter-eye distance.
    static let detectorDeviation = 0.012
    /// How many of neighbouring landmarks' errors are one and the same: information is divided by it.
    static let correlatedLandmarks = 8.0
    static let expressionDeviation = 0.3
    /// How many views' information all views together have: the landmarks' bias is shared by all of them. With every
    /// direction counted in full, synthetic people came out worse than the mean head in height and depth.
    static let allViews = 0.4
    /// Of log focal length about 0.95 × the picture's longer side (a field of view of 55°).
    static let focalDeviation = 0.2
    static let focalPerSide = 0.95
    static let robustWidth = 2.0

    private let model: LandmarkModel
    private let expressionCount: Int
    private var revision = 0
    private var identity: [Double]
    private var focal: Double?
    private var views: [Int: ShapeFit.View] = [:]

    package init(model: MorphableModel) {
        self.model = LandmarkModel(model)
        expressionCount = model.expressions.count
        identity = [Double](repeating: 0, count: model.identityCount)
    }

    /// A new estimate from all of `keyframes` (at least one), started from the last one.
    package mutating func absorb(keyframes: [Keyframe]) -> ShapeFit {
        precondition(!keyframes.isEmpty, "a fit needs a keyframe")
        let prior = Self.expectedFocal(imageWidth: keyframes[0].imageWidth, imageHeight: keyframes[0].imageHeight)
        var problem = LandmarkProblem(
            model: model,
            sightings: keyframes.map {
                .init(landmarks: $0.landmarks, imageWidth: $0.imageWidth, imageHeight: $0.imageHeight)
            }, focalPrior: prior)
        problem.identity = identity
        problem.focal = focal ?? prior
        for (i, keyframe) in keyframes.enumerated() {
            if let known = views[keyframe.frame] {
                problem.poses[i] = known.pose
                problem.expressions[i] = visible(known.expression)
            } else {
                problem.start(i)
            }
        }
        problem.solve(iterations: focal == nil ? 25 : 8)
        identity = problem.identity
        focal = problem.focal
        let found = keyframes.indices.map { view(of: problem, $0, frame: keyframes[$0].frame) }
        views = Dictionary(found.map { ($0.frame, $0) }) { _, last in last }
        revision += 1
        return ShapeFit(
            revision: revision, identity: identity, deviation: problem.deviation, focal: problem.focal, views: found)
    }

    /// Pose and expression of one frame for a known head: a few milliseconds, for every frame of a stream.
    /// - Parameters:
    ///   - landmarks: 468 points in image space, pixels.
    ///   - focal: pixels.
    ///   - identity: K coefficients in standard deviations.
    ///   - last: the view of the frame before, if there is one: tracking starts from it.
    package func trackPose(
        landmarks: [SIMD2<Float>], frame: Int, imageWidth: Int, imageHeight: Int, focal: Double, identity: [Double],
        from last: ShapeFit.View? = nil
    ) -> ShapeFit.View {
        var problem = LandmarkProblem(
            model: model,
            sightings: [.init(landmarks: landmarks, imageWidth: imageWidth, imageHeight: imageHeight)],
            focalPrior: focal)
        problem.sharedFixed = true
        problem.identity = identity
        if let last {
            problem.poses[0] = last.pose
            problem.expressions[0] = visible(last.expression)
        } else {
            problem.start(0)
        }
        problem.solve(iterations: last == nil ? 15 : 6)
        return view(of: problem, 0, frame: frame)
    }

    /// The prior's focal length in pixels.
    package static func expectedFocal(imageWidth: Int, imageHeight: Int) -> Double {
        focalPerSide * Double(max(imageWidth, imageHeight))
    }

    private func visible(_ expression: [Double]) -> [Double] { model.expressions.map { expression[$0] } }

    private func view(of problem: LandmarkProblem, _ i: Int, frame: Int) -> ShapeFit.View {
        var expression = [Double](repeating: 0, count: expressionCount)
        for (e, number) in model.expressions.enumerated() { expression[number] = problem.expressions[i][e] }
        return ShapeFit.View(
            frame: frame, pose: problem.poses[i], expression: expression,
            residual: problem.residuals(i).rootMeanSquare)
    }
}
