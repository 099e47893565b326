import Face
import Foundation
import Tensors
import Testing

@Suite struct FittingTests {
    struct Scene {
        let model = ToyHead.model()
        let identity: [Double]
        let focal: Double
        var poses: [Pose] = []
        var expressions: [[Double]] = []
        var keyframes: [Keyframe] = []

        /// Keyframes whose landmarks are exact projections plus `noise` pixels.
        init(seed: UInt64, focal: Double, yaws: [Double], noise: Double) {
            var generator = SeededGenerator(seed: seed)
            let identity = (0..<ToyHead.modes).map { _ in generator.normal(limit: 2) }
            self.identity = identity
            self.focal = focal
            for (i, yaw) in yaws.enumerated() {
                let pose = Pose(
                    yaw: yaw, pitch: 0.1 * generator.normal(), roll: 0.1 * generator.normal(),
                    translation: [0.03, -0.02, 0.55 + 0.05 * generator.uniform()])
                let expression = [0.6 * generator.uniform(), 0.4 * generator.uniform(), 0.4 * generator.uniform()]
                let camera = Camera(width: 1280, height: 720, focal: focal)
                let points = model.points(identity: identity, expression: expression)
                let landmarks = points.map { point -> SIMD2<Float> in
                    let x = camera.project(pose.apply(SIMD3<Double>(point)))
                    return SIMD2<Float>(x + noise * SIMD2(generator.normal(), generator.normal()))
                }
                poses.append(pose)
                expressions.append(expression)
                keyframes.append(
                    Keyframe(
                        frame: i, time: Double(i), imageWidth: 1280, imageHeight: 720, landmarks: landmarks,
                        crop: Image(width: 1, height: 1, channels: 3), cropOrigin: .zero, sharpness: 1, score: 1))
            }
        }

        /// Millimetres between two heads' points, root mean square, after the best rigid motion.
        func error(_ identity: [Double]) -> Double {
            let truth = model.points(identity: self.identity).map { SIMD3<Double>($0) }
            let found = model.points(identity: identity).map { SIMD3<Double>($0) }
            let weights = [Double](repeating: 1, count: truth.count)
            let aligned = IdentityStatistics.align(found, to: truth, weights: weights)
            let sum = zip(aligned, truth).reduce(0) { $0 + (($1.0 - $1.1) * ($1.0 - $1.1)).sum() }
            return (sum / Double(truth.count)).squareRoot() * 1000
        }
    }

    /// Truth: an inverse problem with known answer; the mean head stands beside it.
    @Test(arguments: [1, 2, 3] as [UInt64]) func identityPoseAndFocalComeBack(seed: UInt64) throws {
        let scene = Scene(seed: seed, focal: 1000, yaws: [-0.7, -0.3, 0, 0.3, 0.7], noise: 0.3)
        var estimator = ShapeEstimator(model: scene.model)
        let fit = estimator.absorb(keyframes: scene.keyframes)
        let (found, mean) = (scene.error(fit.identity), scene.error([]))
        #expect(found < 0.35 * mean, "\(found) mm, mean head \(mean) mm")
        #expect(abs(fit.focal / scene.focal - 1) < 0.12, "focal \(fit.focal)")
        for (view, pose) in zip(fit.views, scene.poses) {
            let (a, b) = (view.pose.angles, pose.angles)
            #expect(abs(a.yaw - b.yaw) < 0.03 && abs(a.pitch - b.pitch) < 0.03 && abs(a.roll - b.roll) < 0.03)
            #expect(view.residual < 1.5)
        }
    }

    /// More directions never make the shape less certain, and one more fit of the same does not move it.
    @Test func certaintyGrowsAndTheFitIsStable() {
        let scene = Scene(seed: 5, focal: 1000, yaws: [0, -0.6, 0.6, 0.05, -0.35], noise: 0.3)
        var last = Double.infinity
        for count in 1...scene.keyframes.count {
            var estimator = ShapeEstimator(model: scene.model)
            let fit = estimator.absorb(keyframes: Array(scene.keyframes.prefix(count)))
            #expect(fit.deviation.surface <= last * 1.02, "\(count) views: ±\(fit.deviation.surface) mm after ±\(last)")
            last = fit.deviation.surface
        }
        var estimator = ShapeEstimator(model: scene.model)
        let first = estimator.absorb(keyframes: scene.keyframes)
        let second = estimator.absorb(keyframes: scene.keyframes)
        #expect(second.revision == first.revision + 1)
        let change = zip(first.identity, second.identity).map { abs($0 - $1) }.max() ?? 1
        #expect(change < 0.05)
    }

    /// A hundred copies of one view are no more than a few.
    @Test func repeatedViewsDoNotPoseAsCertainty() {
        let one = Scene(seed: 6, focal: 1000, yaws: [0], noise: 0.3)
        let many = Scene(seed: 6, focal: 1000, yaws: Array(repeating: 0, count: 24), noise: 0.3)
        var (a, b) = (ShapeEstimator(model: one.model), ShapeEstimator(model: many.model))
        let (few, lots) = (a.absorb(keyframes: one.keyframes), b.absorb(keyframes: many.keyframes))
        #expect(
            lots.deviation.surface > few.deviation.surface / 1.6,
            "±\(lots.deviation.surface) mm against ±\(few.deviation.surface) mm")
    }

    /// Truth: central finite differences.
    @Test func jacobianIsTheDerivative() {
        let scene = Scene(seed: 9, focal: 900, yaws: [0.35], noise: 2)
        let model = LandmarkModel(scene.model)
        let observed = model.landmarks.map { SIMD2<Double>(scene.keyframes[0].landmarks[$0]) }
        func residuals(_ d: [Double]) -> LandmarkResiduals {
            let (pose, k) = (scene.poses[0], ToyHead.modes)
            return LandmarkResiduals(
                model: model, observed: observed,
                camera: Camera(width: 1280, height: 720, focal: 900 * exp(d[9 + k])),
                pose: Pose(
                    rotation: Rotation(vector: SIMD3(d[0], d[1], d[2])) * pose.rotation,
                    translation: pose.translation + SIMD3(d[3], d[4], d[5])),
                places: model.places(
                    identity: (0..<k).map { scene.identity[$0] + d[9 + $0] },
                    expression: (0..<3).map { scene.expressions[0][$0] + d[6 + $0] }))
        }
        let count = 10 + ToyHead.modes
        let start = residuals([Double](repeating: 0, count: count))
        let weights = model.landmarks.map { 0.25 + Double($0 % 3) }
        let analytic = start.rows(weights: weights)
        #expect(analytic.columns == count + 1)
        for j in 0..<count {
            var (plus, minus) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
            plus[j] = 1e-5
            minus[j] = -1e-5
            let (a, b) = (residuals(plus).values, residuals(minus).values)
            for row in stride(from: 0, to: a.count, by: 37) {
                let numeric = (a[row] - b[row]) / 2e-5 * weights[row / 2].squareRoot()
                let own = analytic[row, j]
                #expect(abs(numeric - own) < 1e-3 * max(1, abs(numeric)), "unknown \(j), row \(row)")
            }
        }
    }

    /// Truth: the pose and the expression that the landmarks were made with.
    @Test func oneFrameIsTrackedGivenTheHead() {
        let scene = Scene(seed: 12, focal: 1000, yaws: [0.1, 0.16, 0.22, 0.28], noise: 0.3)
        let estimator = ShapeEstimator(model: scene.model)
        var last: ShapeFit.View?
        for (i, keyframe) in scene.keyframes.enumerated() {
            let view = estimator.trackPose(
                landmarks: keyframe.landmarks, frame: i, imageWidth: 1280, imageHeight: 720, focal: scene.focal,
                identity: scene.identity, from: last)
            let (a, b) = (view.pose.angles, scene.poses[i].angles)
            #expect(abs(a.yaw - b.yaw) < 0.01 && abs(a.pitch - b.pitch) < 0.01 && abs(a.roll - b.roll) < 0.01)
            let off = view.pose.translation - scene.poses[i].translation
            #expect((off * off).sum().squareRoot() < 0.01)
            for (found, truth) in zip(view.expression, scene.expressions[i]) { #expect(abs(found - truth) < 0.08) }
            #expect(view.residual < 0.6)
            last = view
        }
    }

    /// A face that smiles in every view but one is still fitted with a neutral head that does not.
    @Test func expressionDoesNotBecomeIdentity() {
        var scene = Scene(seed: 13, focal: 1000, yaws: [-0.4, 0, 0.4, 0.1], noise: 0.2)
        let camera = Camera(width: 1280, height: 720, focal: 1000)
        for i in 0..<3 {
            let points = scene.model.points(identity: scene.identity, expression: [0, 0.9, 0])
            scene.keyframes[i].landmarks = points.map {
                SIMD2<Float>(camera.project(scene.poses[i].apply(SIMD3<Double>($0))))
            }
        }
        var estimator = ShapeEstimator(model: scene.model)
        let fit = estimator.absorb(keyframes: scene.keyframes)
        #expect(scene.error(fit.identity) < 0.4 * scene.error([]))
        for view in fit.views.prefix(3) { #expect(view.expression[1] > 0.6) }
    }

    /// The same keyframes give the same bits.
    @Test func theFitIsDeterministic() {
        let scene = Scene(seed: 14, focal: 1100, yaws: [-0.3, 0, 0.3], noise: 0.5)
        func run() -> [Double] {
            var estimator = ShapeEstimator(model: scene.model)
            let fit = estimator.absorb(keyframes: scene.keyframes)
            return fit.identity + [fit.focal, fit.deviation.surface]
        }
        #expect(run() == run())
    }

    /// A wild landmark, as under a hand, does not drag the head along.
    @Test func wildLandmarksAreOutvoted() {
        var scene = Scene(seed: 15, focal: 1000, yaws: [-0.4, 0, 0.4], noise: 0.3)
        for v in scene.keyframes.indices {
            for l in stride(from: v, to: 468, by: 15) { scene.keyframes[v].landmarks[l] += SIMD2(60, -40) }
        }
        var estimator = ShapeEstimator(model: scene.model)
        let fit = estimator.absorb(keyframes: scene.keyframes)
        #expect(scene.error(fit.identity) < 0.5 * scene.error([]))
    }
}
