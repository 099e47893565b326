internal import Tensors

/// Identity and focal length jointly over the kept keyframes, pose and expression per keyframe: first from landmarks,
/// then, as soon as the head has turned a little, from landmarks and parallax (`SurfaceAdjustment`).
///
/// The landmarks' part minimizes Σ_v w_v Σ_l ρ(|x − x̂|² / σ²) + |a|² + Σ_v w_v |e_v|²/σ_e² + (log f/f₀)²/σ_f² by
/// Levenberg–Marquardt; each view's pose and expression are eliminated by the Schur complement, expressions are held in
/// 0...1 by an active set.
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
    /// Views whose parallax is compared at most, and how often they are compared anew.
    static let denseViews = 14
    static let firstRounds = 6
    static let laterRounds = 2

    private let model: LandmarkModel
    private let surface: SurfaceAdjustment
    private let uncertainty: ShapeUncertainty
    private let expressionCount: Int
    private var revision = 0
    private var identity: [Double]
    private var focal: Double?
    /// The last estimate came from parallax: landmarks alone would only pull it back.
    package private(set) var isDense = false
    private var views: [Int: ShapeFit.View] = [:]

    package init(model: MorphableModel) {
        self.model = LandmarkModel(model)
        surface = SurfaceAdjustment(model: model, expressions: self.model.expressions)
        uncertainty = ShapeUncertainty(model: model, regions: surface.atlas.regions)
        expressionCount = model.expressions.count
        identity = [Double](repeating: 0, count: model.identityCount)
    }

    /// Goes on from the last estimate of an earlier estimator: with the same keyframes the next one is the same as its.
    package mutating func resume(from fit: ShapeFit, isDense: Bool) {
        precondition(fit.identity.count == identity.count, "an estimate of another head model")
        (revision, identity, focal) = (fit.revision, fit.identity, fit.focal)
        self.isDense = isDense
        views = Dictionary(fit.views.map { ($0.frame, $0) }) { _, last in last }
    }

    /// A new estimate from all of `keyframes` (at least one), started from the last one.
    package mutating func absorb(keyframes: [Keyframe]) -> ShapeFit {
        precondition(!keyframes.isEmpty, "a fit needs a keyframe")
        let prior = Self.expectedFocal(imageWidth: keyframes[0].imageWidth, imageHeight: keyframes[0].imageHeight)
        var problem = problem(keyframes, focalPrior: prior)
        if !isDense { problem.solve(iterations: focal == nil ? 25 : 8) }
        var covariance = problem.covariance
        if let found = refineDensely(&problem, keyframes) {
            covariance = found
            isDense = true
        } else if isDense {
            // Nothing to compare any more: back to what landmarks alone say.
            isDense = false
            problem.solve(iterations: 25)
            covariance = problem.covariance
        }
        identity = problem.identity
        focal = problem.focal
        let residuals = landmarkResiduals(problem)
        let found = keyframes.indices.map {
            view(of: problem, $0, frame: keyframes[$0].frame, residual: residuals[$0])
        }
        views = Dictionary(found.map { ($0.frame, $0) }) { _, last in last }
        revision += 1
        return ShapeFit(
            revision: revision, identity: identity, deviation: covariance.map(uncertainty.of) ?? .unknown,
            focal: problem.focal, views: found)
    }

    /// The last estimate with the poses and expressions of views that are new to it.
    private func problem(_ keyframes: [Keyframe], focalPrior: Double) -> LandmarkProblem {
        var problem = LandmarkProblem(model: model, sightings: keyframes.map(Self.sighting), focalPrior: focalPrior)
        problem.identity = identity
        problem.focal = focal ?? focalPrior
        for (i, keyframe) in keyframes.enumerated() {
            if let known = views[keyframe.frame] {
                problem.poses[i] = known.pose
                problem.expressions[i] = visible(known.expression)
            } else if isDense {
                let seen = follow(keyframe, problem)
                problem.poses[i] = seen.pose
                problem.expressions[i] = visible(seen.expression)
            } else {
                problem.start(i)
            }
        }
        return problem
    }

    /// A keyframe's pose and expression by its landmarks, head and camera as they are.
    private func follow(
        _ keyframe: Keyframe, _ problem: LandmarkProblem, from last: ShapeFit.View? = nil
    ) -> ShapeFit.View {
        trackPose(
            landmarks: keyframe.landmarks, frame: keyframe.frame, imageWidth: keyframe.imageWidth,
            imageHeight: keyframe.imageHeight, focal: problem.focal, identity: problem.identity, from: last)
    }

    private static func sighting(_ keyframe: Keyframe) -> LandmarkProblem.Sighting {
        .init(landmarks: keyframe.landmarks, imageWidth: keyframe.imageWidth, imageHeight: keyframe.imageHeight)
    }

    /// Parallax over a bounded number of views; the others follow the shape it finds by their landmarks.
    private func refineDensely(_ problem: inout LandmarkProblem, _ keyframes: [Keyframe]) -> Matrix? {
        let chosen = Self.spread(problem.poses, keyframes: keyframes)
        var part = LandmarkProblem(
            model: model, sightings: chosen.map { Self.sighting(keyframes[$0]) }, focalPrior: problem.focalPrior)
        part.identity = problem.identity
        part.focal = problem.focal
        part.poses = chosen.map { problem.poses[$0] }
        part.expressions = chosen.map { problem.expressions[$0] }
        let rounds = isDense ? Self.laterRounds : Self.firstRounds
        guard let covariance = surface.refine(&part, keyframes: chosen.map { keyframes[$0] }, rounds: rounds) else {
            return nil
        }
        problem.identity = part.identity
        problem.focal = part.focal
        for (i, v) in chosen.enumerated() {
            problem.poses[v] = part.poses[i]
            problem.expressions[v] = part.expressions[i]
        }
        for v in keyframes.indices where !chosen.contains(v) {
            let last = view(of: problem, v, frame: keyframes[v].frame, residual: 0)
            let seen = follow(keyframes[v], problem, from: last)
            problem.poses[v] = seen.pose
            problem.expressions[v] = visible(seen.expression)
        }
        return covariance
    }

    /// The views whose parallax is compared: the most frontal one, then always the one that lies farthest (in angle) from
    /// all chosen ones, a good view before a poor one.
    static func spread(_ poses: [Pose], keyframes: [Keyframe]) -> [Int] {
        guard poses.count > denseViews else { return Array(poses.indices) }
        let angles = poses.map { SIMD2($0.angles.yaw, $0.angles.pitch) }
        func distance(_ a: Int, _ b: Int) -> Double {
            let d = angles[a] - angles[b]
            return (d * d).sum().squareRoot()
        }
        var chosen = [poses.indices.min { (angles[$0] * angles[$0]).sum() < (angles[$1] * angles[$1]).sum() }!]
        while chosen.count < denseViews {
            let rest = poses.indices.filter { !chosen.contains($0) }
            func worth(_ v: Int) -> Double {
                (chosen.map { distance($0, v) }.min()! + 0.02) * (0.3 + keyframes[v].score)
            }
            chosen.append(rest.max { worth($0) < worth($1) }!)
        }
        return chosen.sorted()
    }

    /// Landmark reprojection of each view with the head and camera as they are, pose and expression by landmarks alone:
    /// comparable whether the shape came from landmarks or from parallax.
    private func landmarkResiduals(_ problem: LandmarkProblem) -> [Double] {
        guard isDense else { return problem.poses.indices.map { problem.residuals($0).rootMeanSquare } }
        var alone = problem
        alone.sharedFixed = true
        alone.solve(iterations: 6)
        return alone.poses.indices.map { alone.residuals($0).rootMeanSquare }
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
        return view(of: problem, 0, frame: frame, residual: problem.residuals(0).rootMeanSquare)
    }

    /// The prior's focal length in pixels.
    package static func expectedFocal(imageWidth: Int, imageHeight: Int) -> Double {
        focalPerSide * Double(max(imageWidth, imageHeight))
    }

    private func visible(_ expression: [Double]) -> [Double] { model.expressions.map { expression[$0] } }

    private func view(of problem: LandmarkProblem, _ i: Int, frame: Int, residual: Double) -> ShapeFit.View {
        ShapeFit.View(
            frame: frame, pose: problem.poses[i],
            expression: model.complete(problem.expressions[i], count: expressionCount), residual: residual)
    }
}
