internal import Foundation
internal import Tensors

/// The least-squares problem of `ShapeEstimator` over some views.
struct LandmarkProblem {
    let model: LandmarkModel
    let observed: [[SIMD2<Double>]]
    let interEye: [Double]
    let middle: [SIMD2<Double>]
    let focalPrior: Double
    var identity: [Double]
    var focal: Double
    var poses: [Pose]
    var expressions: [[Double]]
    /// Identity and focal length are given: only poses and expressions move.
    var sharedFixed = false
    /// How many of neighbouring landmarks' errors are one and the same, and how many deviations an error may have before it
    /// counts less.
    var correlation = ShapeEstimator.correlatedLandmarks
    var robustWidth = ShapeEstimator.robustWidth
    /// E: the largest weight of each expression.
    var ceilings: [Double]
    /// Cost of a whole expression weight, linear: of several shapes that explain the same, few stay.
    var expressionPull = 0.0
    /// Posterior covariance of the identity coefficients (K × K); set by `solve` when identity is free.
    private(set) var covariance: Matrix?

    /// One view: all the tracker's landmarks in image space (pixels) and the size of the picture.
    struct Sighting {
        var landmarks: [SIMD2<Float>]
        var imageWidth: Int
        var imageHeight: Int
    }

    init(model: LandmarkModel, sightings: [Sighting], focalPrior: Double) {
        self.model = model
        self.focalPrior = focalPrior
        observed = sightings.map { sighting in model.landmarks.map { SIMD2<Double>(sighting.landmarks[$0]) } }
        interEye = sightings.map { sighting in
            let points = sighting.landmarks
            let d = points[33] + points[133] - points[263] - points[362]
            return max(Double((d * d).sum().squareRoot()) / 2, 1)
        }
        middle = sightings.map { SIMD2(Double($0.imageWidth), Double($0.imageHeight)) / 2 }
        identity = [Double](repeating: 0, count: model.identityCount)
        focal = focalPrior
        poses = sightings.map { _ in Pose(rotation: Pose.facing, translation: [0, 0, 1]) }
        expressions = sightings.map { _ in [Double](repeating: 0, count: model.expressions.count) }
        ceilings = [Double](repeating: 1, count: model.expressions.count)
    }

    private func camera(_ v: Int) -> Camera { Camera(focal: focal, centre: middle[v]) }

    /// A first pose for view `v` from nothing but its landmarks.
    mutating func start(_ v: Int) {
        let places = model.places(identity: identity, expression: expressions[v])
        let weights = model.deviations.map { 1e-6 / ($0 * $0) }
        if let pose = ScaledOrthography.pose(
            places: places, points: observed[v], weights: weights, camera: camera(v))
        {
            poses[v] = pose
        }
    }

    func residuals(_ v: Int) -> LandmarkResiduals {
        LandmarkResiduals(
            model: model, observed: observed[v], camera: camera(v), pose: poses[v],
            places: model.places(identity: identity, expression: expressions[v]))
    }

    /// Levenberg–Marquardt with weights renewed at every linearization, until a step gains less than 1 in 10,000.
    mutating func solve(iterations: Int) {
        var damping = 1e-3
        var current = linearize()
        for _ in 0..<iterations {
            var improved = false
            for _ in 0..<6 {
                guard let step = current.equations.step(damping: damping) else {
                    damping *= 10
                    continue
                }
                let trial = moved(by: step)
                let cost = trial.cost(weights: current.weights, shares: current.shares)
                if cost < current.cost {
                    self = trial
                    damping = max(damping / 5, 1e-9)
                    improved = (current.cost - cost) / current.cost > 1e-4
                    break
                }
                damping *= 6
            }
            if !improved { break }
            current = linearize()
        }
        if !sharedFixed {
            covariance = current.equations.sharedCovariance()?.block(
                rows: 0..<identity.count, columns: 0..<identity.count)
        }
    }

    private struct Linearization {
        var equations: NormalEquations
        /// Per view, L.
        var weights: [[Double]]
        var shares: [Double]
        var cost: Double
    }

    private func linearize() -> Linearization {
        let k = sharedFixed ? 0 : identity.count + 1
        var equations = NormalEquations(sharedCount: k)
        let shares = shares
        var weights: [[Double]] = []
        for v in poses.indices {
            let r = residuals(v)
            weights.append(self.weights(v, r, share: shares[v]))
            equations.add(
                r.rows(weights: weights[v], sharedFixed: sharedFixed), expression: expressions[v], ceilings: ceilings,
                expressionInformation: Self.expressionInformation * shares[v],
                expressionPull: expressionPull * shares[v] / 2)
        }
        if !sharedFixed {
            for i in identity.indices { equations.addPrior(i, information: 1, offset: identity[i]) }
            equations.addPrior(
                identity.count, information: pow(ShapeEstimator.focalDeviation, -2), offset: log(focal / focalPrior))
        }
        return Linearization(
            equations: equations, weights: weights, shares: shares, cost: cost(weights: weights, shares: shares))
    }

    private static let expressionInformation = pow(ShapeEstimator.expressionDeviation, -2)

    /// Per view the weighted rows of `LandmarkResiduals.rows`, their information multiplied by `share`, and the information
    /// of its expression's prior about 0.
    func landmarkRows(share: Double) -> [(rows: Matrix, expressionInformation: Double)] {
        let shares = shares
        return poses.indices.map { v in
            let r = residuals(v)
            return (r.rows(weights: weights(v, r, share: share * shares[v])), Self.expressionInformation * shares[v])
        }
    }

    /// Weight of each landmark of view `v`: calibration and detector, angle, robustness, shared by its direction.
    private func weights(_ v: Int, _ r: LandmarkResiduals, share: Double) -> [Double] {
        let pixelsPerMetre = focal / max(poses[v].translation.z, 0.05)
        let detector = ShapeEstimator.detectorDeviation * interEye[v]
        let width = 2 * robustWidth * robustWidth
        return observed[v].indices.map { l in
            let calibration = model.deviations[l] * pixelsPerMetre
            let variance = calibration * calibration + detector * detector
            let t = min(max((r.facing[l] - 0.05) / 0.35, 0), 1)
            let angle = 0.02 + 0.98 * t * t * (3 - 2 * t)
            let squared = (r.values[2 * l] * r.values[2 * l] + r.values[2 * l + 1] * r.values[2 * l + 1]) / variance
            return share * angle / ((1 + squared / width) * variance * correlation)
        }
    }

    /// Views of one direction (20° of yaw) together count at most twice, turned ones less (the landmark network knows
    /// profiles worst), and all together `ShapeEstimator.allViews`.
    private var shares: [Double] {
        let yaws = poses.map(\.angles.yaw)
        let directions = yaws.map { Int(($0 / 0.35).rounded()) }
        let own = poses.indices.map { v in
            let n = Double(directions.count { $0 == directions[v] })
            return pow(max(cos(yaws[v]), 0.1), 4) / (1 + 0.5 * (n - 1))
        }
        let total = own.reduce(0, +)
        return own.map { $0 * min(1, ShapeEstimator.allViews / total) }
    }

    /// With the weights of an earlier linearization, so that steps compare the same function.
    private func cost(weights: [[Double]], shares: [Double]) -> Double {
        var sum = 0.0
        if !sharedFixed {
            let f = log(focal / focalPrior) / ShapeEstimator.focalDeviation
            sum += identity.reduce(0) { $0 + $1 * $1 } + f * f
        }
        for v in poses.indices {
            sum += Self.expressionInformation * shares[v] * expressions[v].reduce(0) { $0 + $1 * $1 }
            sum += expressionPull * shares[v] * expressions[v].reduce(0, +)
            let r = residuals(v).values
            for (l, weight) in weights[v].enumerated() {
                sum += weight * (r[2 * l] * r[2 * l] + r[2 * l + 1] * r[2 * l + 1])
            }
        }
        return sum
    }

    private func moved(by step: NormalEquations.Step) -> LandmarkProblem {
        var result = self
        if !sharedFixed {
            let k = identity.count
            for i in 0..<k { result.identity[i] += step.shared[i] }
            result.focal *= exp(min(max(step.shared[k], -0.3), 0.3))
        }
        for v in poses.indices {
            let s = step.views[v]
            result.poses[v].rotation = Rotation(vector: SIMD3(s[0], s[1], s[2])) * poses[v].rotation
            result.poses[v].translation += SIMD3(s[3], s[4], s[5])
            result.poses[v].translation.z = max(result.poses[v].translation.z, 0.1)
            for e in expressions[v].indices {
                result.expressions[v][e] = min(max(expressions[v][e] + s[6 + e], 0), ceilings[e])
            }
        }
        return result
    }
}
