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
            #expect(fit.deviation <= last * 1.02, "\(count) views: ±\(fit.deviation) mm after ±\(last)")
            last = fit.deviation
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
        #expect(lots.deviation > few.deviation / 1.6, "±\(lots.deviation) mm against ±\(few.deviation) mm")
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
                identity: (0..<k).map { scene.identity[$0] + d[9 + $0] },
                expression: (0..<3).map { scene.expressions[0][$0] + d[6 + $0] })
        }
        let count = 10 + ToyHead.modes
        let analytic = residuals([Double](repeating: 0, count: count))
        for j in 0..<count {
            var (plus, minus) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
            plus[j] = 1e-5
            minus[j] = -1e-5
            let (a, b) = (residuals(plus).values, residuals(minus).values)
            for row in stride(from: 0, to: a.count, by: 37) {
                let numeric = (a[row] - b[row]) / 2e-5
                let own = j < 9 ? analytic.view[row, j] : analytic.shared[row, j - 9]
                #expect(abs(numeric - own) < 1e-3 * max(1, abs(numeric)), "unknown \(j), row \(row)")
            }
        }
    }
}

@Suite struct KeyframeSelectorTests {
    private func candidate(
        _ frame: Int, time: Double, yaw: Double = 0, sharpness: Double = 1, size: Double = 100
    ) -> Candidate {
        Candidate(
            frame: frame, time: time, yaw: yaw, pitch: 0, interEyePixels: size, sharpness: sharpness, exposure: 0.5,
            darkShare: 0, brightShare: 0, presence: 1, eyeOpenness: 0.3, mouthOpenness: 0, occlusion: 0)
    }

    private func rejection(_ selector: inout KeyframeSelector, _ c: Candidate) -> Rejection? {
        if case .rejected(let reason) = selector.consider(c) { return reason }
        return nil
    }

    @Test func eachFaultHasItsReason() {
        var cases: [(Candidate, Rejection)] = []
        func add(_ reason: Rejection, _ change: (inout Candidate) -> Void) {
            var c = candidate(1, time: 1)
            change(&c)
            cases.append((c, reason))
        }
        add(.tooSmall) { $0.interEyePixels = 20 }
        add(.blurred) { $0.sharpness = 0.3 }
        add(.badExposure) { $0.exposure = 0.03 }
        add(.badExposure) { $0.brightShare = 0.5 }
        add(.turnedTooFar) { $0.yaw = 1.3 }
        add(.occluded) { $0.occlusion = 0.6 }
        add(.lowPresence) { $0.presence = 0.6 }
        add(.eyesClosed) { $0.eyeOpenness = 0.05 }
        for (bad, reason) in cases {
            var selector = KeyframeSelector()
            let first = rejection(&selector, candidate(0, time: 0))
            #expect(first == nil)
            let found = rejection(&selector, bad)
            #expect(found == reason)
        }
        #expect(Set(cases.map(\.1)).union([.notBetter]) == Set(Rejection.allCases))
    }

    @Test func aBetterOneReplacesTheWorstOfItsBin() {
        var settings = KeyframeSelector.Settings()
        settings.perBin = 2
        var selector = KeyframeSelector(settings: settings)
        _ = selector.consider(candidate(0, time: 0, size: 40))
        _ = selector.consider(candidate(1, time: 1, size: 60))
        let worse = rejection(&selector, candidate(2, time: 2, size: 40))
        #expect(worse == .notBetter)
        guard case .kept(_, let replaced) = selector.consider(candidate(3, time: 3, size: 90)) else {
            Issue.record("a larger face was not kept")
            return
        }
        #expect(replaced == [0])
        #expect(selector.count == 2)
    }

    @Test func neighbouringFramesCountOnce() {
        var selector = KeyframeSelector()
        _ = selector.consider(candidate(0, time: 0))
        let near = rejection(&selector, candidate(1, time: 0.03))
        #expect(near == .notBetter)
        #expect(selector.count == 1)
    }

    /// However long the stream: the set stays bounded, and what is reported as replaced is what is gone.
    @Test func theSetIsBoundedForEver() {
        var generator = SeededGenerator(seed: 4)
        var selector = KeyframeSelector()
        var mine: Set<Int> = []
        for frame in 0..<20_000 {
            var c = candidate(
                frame, time: Double(frame) / 30, yaw: 0.5 * generator.normal(),
                sharpness: 0.7 + 0.3 * generator.uniform(), size: 60 + 50 * generator.uniform())
            c.pitch = 0.2 * generator.normal()
            if case .kept(_, let replaced) = selector.consider(c) {
                mine.subtract(replaced)
                mine.insert(frame)
            }
            #expect(selector.count == mine.count && mine.count <= 24)
        }
        #expect(selector.countsPerYaw.count { $0 > 0 } >= 7)
    }
}
