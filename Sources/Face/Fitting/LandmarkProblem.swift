internal import Foundation
internal import Tensors

/// The least-squares problem of `ShapeEstimator` over some keyframes.
struct Problem {
    let model: LandmarkModel
    let observed: [[SIMD2<Double>]]
    let interEye: [Double]
    let middle: [SIMD2<Double>]
    let focalPrior: Double
    var identity: [Double]
    var focal: Double
    var poses: [Pose]
    var expressions: [[Double]]
    /// Posterior standard deviation over the landmarks, millimetres; set by `solve`.
    private(set) var deviation = Double.infinity

    init(model: LandmarkModel, keyframes: [Keyframe], focalPrior: Double) {
        self.model = model
        self.focalPrior = focalPrior
        observed = keyframes.map { keyframe in model.landmarks.map { SIMD2<Double>(keyframe.landmarks[$0]) } }
        interEye = keyframes.map { keyframe in
            let d = keyframe.landmarks[33] + keyframe.landmarks[133] - keyframe.landmarks[263] - keyframe.landmarks[362]
            return max(Double((d * d).sum().squareRoot()) / 2, 1)
        }
        middle = keyframes.map { SIMD2(Double($0.imageWidth), Double($0.imageHeight)) / 2 }
        identity = [Double](repeating: 0, count: model.modes.columns)
        focal = focalPrior
        poses = keyframes.map { _ in Pose(rotation: Pose.facing, translation: [0, 0, 1]) }
        expressions = keyframes.map { _ in [Double](repeating: 0, count: model.shapes.columns) }
    }

    private func camera(_ v: Int) -> Camera { Camera(focal: focal, centre: middle[v]) }

    /// A first pose for view `v` from nothing but its landmarks.
    mutating func start(_ v: Int) {
        let places = model.places(identity: identity, expression: expressions[v])
        let weights = model.deviations.map { 1 / ($0 * $0) * 1e-6 }
        if let pose = ScaledOrthography.pose(
            places: places, points: observed[v], weights: weights, camera: camera(v))
        {
            poses[v] = pose
        }
    }

    /// Reprojection of view `v`, root mean square over the landmarks that face the camera, pixels.
    func residual(_ v: Int) -> Double {
        let r = residuals(v, derivatives: false)
        var (sum, count) = (0.0, 0.0)
        for l in observed[v].indices where r.facing[l] > 0.2 {
            sum += r.values[2 * l] * r.values[2 * l] + r.values[2 * l + 1] * r.values[2 * l + 1]
            count += 1
        }
        return (sum / max(count, 1)).squareRoot()
    }

    mutating func solve(iterations: Int) {
        var damping = 1e-3
        var current = linearize()
        for _ in 0..<iterations {
            var improved = false
            for _ in 0..<6 {
                guard let step = current.step(damping: damping) else {
                    damping *= 10
                    continue
                }
                let trial = moved(by: step)
                let cost = trial.cost(weights: current.weights)
                if cost < current.cost {
                    let gain = (current.cost - cost) / current.cost
                    self = trial
                    damping = max(damping / 5, 1e-9)
                    improved = gain > 1e-4
                    break
                }
                damping *= 6
            }
            if !improved { break }
            current = linearize()
        }
        deviation = current.surfaceDeviation(model: model)
    }

    /// Weight of each coordinate of view `v`: calibration and detector, angle, robustness, shared by its direction.
    private func weights(_ v: Int, _ r: LandmarkResiduals, share: Double) -> [Double] {
        let pixelsPerMetre = focal / max(poses[v].translation.z, 0.05)
        var weights = [Double](repeating: 0, count: 2 * observed[v].count)
        for l in observed[v].indices {
            let calibration = model.deviations[l] * pixelsPerMetre
            let detector = ShapeEstimator.detectorDeviation * interEye[v]
            let variance = calibration * calibration + detector * detector
            let t = min(max((r.facing[l] - 0.05) / 0.35, 0), 1)
            let angle = 0.02 + 0.98 * t * t * (3 - 2 * t)
            let squared = (r.values[2 * l] * r.values[2 * l] + r.values[2 * l + 1] * r.values[2 * l + 1]) / variance
            let width = ShapeEstimator.robustWidth * ShapeEstimator.robustWidth
            let robust = 1 / (1 + squared / (2 * width))
            let weight = share * angle * robust / (variance * ShapeEstimator.correlatedLandmarks)
            weights[2 * l] = weight
            weights[2 * l + 1] = weight
        }
        return weights
    }

    /// Views of one direction (20° of yaw) together count at most twice.
    private var shares: [Double] {
        let directions = poses.map { Int(($0.angles.yaw / 0.35).rounded()) }
        return directions.map { direction in
            let n = Double(directions.count { $0 == direction })
            return 1 / (1 + 0.5 * (n - 1))
        }
    }

    private func residuals(_ v: Int, derivatives: Bool) -> LandmarkResiduals {
        LandmarkResiduals(
            model: model, observed: observed[v], camera: camera(v), pose: poses[v], identity: identity,
            expression: expressions[v], derivatives: derivatives)
    }

    private func priorCost() -> Double {
        let f = log(focal / focalPrior) / ShapeEstimator.focalDeviation
        let e = 1 / (ShapeEstimator.expressionDeviation * ShapeEstimator.expressionDeviation)
        let expressionCost = zip(expressions, shares).reduce(0) { sum, view in
            sum + view.1 * view.0.reduce(0) { $0 + $1 * $1 } * e
        }
        return identity.reduce(0) { $0 + $1 * $1 } + f * f + expressionCost
    }

    /// With the weights of an earlier linearization, so that steps compare the same function.
    func cost(weights: [[Double]]) -> Double {
        var sum = priorCost()
        for v in poses.indices {
            let r = residuals(v, derivatives: false)
            for (value, weight) in zip(r.values, weights[v]) { sum += weight * value * value }
        }
        return sum
    }

    private func moved(by step: NormalEquations.Step) -> Problem {
        var result = self
        let k = identity.count
        for i in 0..<k { result.identity[i] += step.shared[i] }
        result.focal *= exp(min(max(step.shared[k], -0.3), 0.3))
        for v in poses.indices {
            let s = step.views[v]
            result.poses[v].rotation = Rotation(vector: SIMD3(s[0], s[1], s[2])) * poses[v].rotation
            result.poses[v].translation += SIMD3(s[3], s[4], s[5])
            result.poses[v].translation.z = max(result.poses[v].translation.z, 0.1)
            for e in expressions[v].indices {
                result.expressions[v][e] = min(max(expressions[v][e] + s[6 + e], 0), 1)
            }
        }
        return result
    }

    private func linearize() -> NormalEquations {
        let k = identity.count
        var equations = NormalEquations(sharedCount: k + 1)
        let shares = shares
        let e = 1 / (ShapeEstimator.expressionDeviation * ShapeEstimator.expressionDeviation)
        for v in poses.indices {
            let r = residuals(v, derivatives: true)
            let w = weights(v, r, share: shares[v])
            equations.add(
                r, weights: w, expression: expressions[v], expressionInformation: e * shares[v])
        }
        for i in 0..<k {
            equations.information[i, i] += 1
            equations.gradient[i] += identity[i]
        }
        let f = 1 / (ShapeEstimator.focalDeviation * ShapeEstimator.focalDeviation)
        equations.information[k, k] += f
        equations.gradient[k] += f * log(focal / focalPrior)
        equations.cost = cost(weights: equations.weights)
        return equations
    }
}
