import Face
import Foundation
import Tensors
import Testing

@Suite struct OneEuroFilterTests {
    /// Truth: a first-order low pass of cut-off f passes white noise with variance s / (2 − s), s = r / (r + 1), r = 2π f / rate,
    /// and follows a ramp of speed v by v · step · (1 − s) / s behind.
    @Test func aRestingSignalIsSmoothedAndARampFollowed() {
        var generator = SeededGenerator(seed: 4)
        var filter = OneEuroFilter(.init(minimumCutoff: 1, slope: 0))
        let r = 2 * Double.pi / 30
        let share = r / (r + 1)
        var sum = 0.0
        for i in 0..<6000 {
            let y = filter.next(generator.normal(limit: 6), after: 1 / 30.0)
            if i >= 100 { sum += y * y }
        }
        #expect(abs(sum / 5900 / (share / (2 - share)) - 1) < 0.15)
        var ramp = OneEuroFilter(.init(minimumCutoff: 1, slope: 0))
        var last = 0.0
        for i in 0..<300 { last = ramp.next(Double(i) * 0.1, after: 1 / 30.0) }
        #expect(abs(29.9 - last - 0.1 * (1 - share) / share) < 1e-6)
    }

    /// With a slope, what moves fast is followed closely.
    @Test func speedOpensTheFilter() {
        func lag(_ slope: Double) -> Double {
            var filter = OneEuroFilter(.init(minimumCutoff: 1, slope: slope))
            var last = 0.0
            for i in 0..<200 { last = filter.next(Double(i) * 0.1, after: 1 / 30.0) }
            return 19.9 - last
        }
        #expect(lag(5) < 0.15 * lag(0))
    }
}

@Suite struct MotionTests {
    private static func view(_ frame: Int, yaw: Double, x: Double = 0, roll: Double = 0) -> ShapeFit.View {
        ShapeFit.View(
            frame: frame, pose: Pose(yaw: yaw, pitch: 0, roll: roll, translation: SIMD3(x, 0, 0.6)), expression: [0.5],
            residual: 0)
    }

    /// A roll past ±180° goes on smoothly, and a gap starts anew.
    @Test func anglesGoOnAndGapsDoNot() {
        var filter = MotionFilter()
        for i in 0..<60 {
            let roll = 3.0 + 0.01 * Double(i)
            let out = filter.next(Self.view(i, yaw: 0, roll: roll), at: Double(i) / 30)
            let off = out.pose.angles.roll - roll
            #expect(abs(off - (off / (2 * .pi)).rounded() * 2 * .pi) < 0.1, "frame \(i)")
        }
        let after = filter.next(Self.view(60, yaw: 0.7), at: 10)
        #expect(abs(after.pose.angles.yaw - 0.7) < 1e-9)
    }

    /// Truth: the jitter and the delay that were put in.
    @Test func jitterAndDelayAreMeasured() {
        var generator = SeededGenerator(seed: 8)
        let still = (0..<300).map { i in
            (
                time: Double(i) / 30,
                view: Self.view(i, yaw: 0.004 * generator.normal(limit: 5), x: 0.001 * generator.normal(limit: 5))
            )
        }
        let measured = MotionQuality(still, stillIn: still)
        // Fifteen frames' line takes two fifteenths of the variance with it; 8 cm before the ears a turn moves the face too.
        let expected = (1 + pow(0.08 * 4, 2)).squareRoot() * (13.0 / 15).squareRoot()
        #expect(abs((measured.acrossMillimetres ?? 0) / expected - 1) < 0.15, "\(measured.acrossMillimetres ?? 0) mm")
        #expect(abs((measured.degrees ?? 0) / (0.004 * 180 / .pi * (13.0 / 15).squareRoot()) - 1) < 0.15)
        var filter = MotionFilter()
        let smooth = still.map { (time: $0.time, view: filter.next($0.view, at: $0.time)) }
        #expect(MotionQuality(smooth, stillIn: still).degrees! < 0.6 * measured.degrees!)

        func turning(_ delay: Double) -> [(time: Double, view: ShapeFit.View)] {
            (0..<200).map { (Double($0) / 30, Self.view($0, yaw: 0.4 * sin(2 * (Double($0) / 30 - delay)))) }
        }
        let delay = MotionQuality.delay(of: turning(0.08), behind: turning(0))
        #expect(abs((delay ?? 0) - 0.08) < 0.004)
        #expect(MotionQuality.delay(of: still, behind: still) == nil)
    }
}

@Suite struct FaceFollowerTests {
    /// A tracker that puts every landmark somewhere else, always the same, is seen through. Truth: the weights that were set.
    @Test func constantErrorsOfLandmarksAreNoExpression() {
        let model = ToyHead.model()
        var generator = SeededGenerator(seed: 21)
        let identity = (0..<ToyHead.modes).map { _ in generator.normal(limit: 2) }
        let offsets = model.mean.map { _ in
            SIMD3(generator.normal(), generator.normal(), generator.normal()) * 0.002 + SIMD3(0, -0.003, 0)
        }
        let camera = Camera(width: 1280, height: 720, focal: 1100)
        func landmarks(_ pose: Pose, _ expression: [Double]) -> [SIMD2<Float>] {
            zip(model.points(identity: identity, expression: expression), offsets).map {
                SIMD2<Float>(camera.project(pose.apply(SIMD3<Double>($0) + $1)))
            }
        }
        let poses = [-0.4, -0.15, 0.05, 0.3].map {
            Pose(yaw: $0, pitch: 0.05, roll: 0, translation: SIMD3(0.01, 0, 0.55))
        }
        let keyframes = poses.enumerated().map { i, pose in
            Keyframe(
                frame: i, time: Double(i), imageWidth: 1280, imageHeight: 720, landmarks: landmarks(pose, []),
                crop: Image(width: 1, height: 1, channels: 3), cropOrigin: .zero, sharpness: 1, score: 1)
        }
        let neutral = [Double](repeating: 0, count: model.expressions.count)
        func follower(_ keyframes: [Keyframe]) -> FaceFollower {
            let views = keyframes.map {
                ShapeFit.View(frame: $0.frame, pose: poses[$0.frame], expression: neutral, residual: 0)
            }
            return FaceFollower(
                model: model,
                fit: ShapeFit(revision: 1, identity: identity, deviation: .unknown, focal: 1100, views: views),
                keyframes: keyframes)
        }
        let pose = Pose(yaw: 0.12, pitch: -0.08, roll: 0.05, translation: SIMD3(0, 0.02, 0.6))
        func error(_ follower: FaceFollower) -> Double {
            let truth = [0.7, 0.4, 0]
            let found = follower.view(
                landmarks: landmarks(pose, truth), frame: 9, imageWidth: 1280, imageHeight: 720)
            return zip(found.expression, truth).map { abs($0 - $1) }.max()!
        }
        let (known, unknown) = (error(follower(keyframes)), error(follower([])))
        #expect(known < 0.12, "weights \(known) off")
        #expect(known < 0.5 * unknown, "\(known) against \(unknown) without the keyframes")
    }
}

@Suite struct PersonGateTests {
    @Test func theFirstPersonIsKnownAndStaysSo() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: false)
        #expect(gate.verdict == .known(0) && !gate.wantsLook(at: 3))
    }

    @Test func aNewFaceIsLookedAtBeforeItCounts() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: true)
        #expect(gate.verdict == .undecided && gate.wantsLook(at: 0))
        gate.look(.init([0.93]), at: 0)
        #expect(gate.verdict == .known(0))
        gate.begin(isAnybodyKnown: true)
        for (i, correlation) in [0.8, 0.5].enumerated() { gate.look(.init([correlation]), at: Double(i)) }
        #expect(gate.verdict == .undecided)
        gate.look(.init([0.79]), at: 2)
        #expect(gate.verdict == .known(0), "one bad look of three does not decide")
    }

    /// A cut from one person to another at the same place does not break the track.
    @Test func aFollowedFaceThatLooksDifferentIsDoubted() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: false)
        gate.check(.init([0.8]), at: 1)
        #expect(gate.verdict == .known(0))
        gate.check(.init([0.5]), at: 2)
        #expect(gate.verdict == .undecided)
        for i in 0..<2 { gate.look(.init([0.5]), at: 2 + Double(i)) }
        #expect(gate.verdict == .stranger)
    }

    @Test func aStrangerStaysOutAndIsLookedAtAgain() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: true)
        for i in 0..<3 { gate.look(.init([0.5]), at: Double(i)) }
        #expect(gate.verdict == .stranger && !gate.wantsLook(at: 4))
        #expect(gate.wantsLook(at: 2 + 5) && gate.verdict == .undecided)
        gate.look(.init([0.9]), at: 8)
        #expect(gate.verdict == .known(0))
    }

    @Test func anEnrolledStrangerIsToldFromTheFirstPerson() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: true)
        for i in 0..<3 { gate.look(.init([0.5]), at: Double(i)) }
        gate.enrol(as: 1)
        #expect(gate.verdict == .known(1))
        gate.check(.init([0.5, 0.9]), at: 3)
        #expect(gate.verdict == .known(1))
        // A cut back to the first one.
        gate.check(.init([0.95, 0.5]), at: 4)
        #expect(gate.verdict == .known(0))
        gate.begin(isAnybodyKnown: true)
        gate.look(.init([0.88, 0.91]), at: 9)
        #expect(gate.verdict == .known(1), "the likelier one")
    }

    @Test func aMirroredPictureIsNoticed() {
        var gate = PersonGate()
        gate.begin(isAnybodyKnown: true)
        for i in 0..<3 { gate.look(.init([0.89], mirrored: 0.93), at: Double(i)) }
        #expect(gate.verdict == .mirrored)
        #expect(gate.wantsLook(at: 8) && gate.verdict == .undecided)
        gate.look(.init([0.93], mirrored: 0.89), at: 8)
        #expect(gate.verdict == .known(0))
        // Also in the middle of a film.
        gate.check(.init([0.89], mirrored: 0.93), at: 9)
        #expect(gate.verdict == .undecided)
        // A stranger's mirror image is a stranger.
        gate.begin(isAnybodyKnown: true)
        for i in 0..<3 { gate.look(.init([0.3], mirrored: 0.5), at: Double(i)) }
        #expect(gate.verdict == .stranger)
    }
}

@Suite struct RenderComparisonTests {
    private static func picture(_ value: (Int, Int) -> UInt8) -> Image {
        var image = Image(width: 40, height: 30, channels: 3)
        for y in 0..<30 { for x in 0..<40 { for c in 0..<3 { image.bytes[3 * (y * 40 + x) + c] = value(x, y) } } }
        return image
    }

    /// Truth: the definitions. Five codes off everywhere is 20 log10(255/5) dB; two flat pictures a and b are
    /// (2ab + c1) / (a² + b² + c1) alike.
    @Test func constantDifferences() {
        let mask = [Bool](repeating: true, count: 1200)
        let result = RenderComparison(Self.picture { _, _ in 100 }, Self.picture { _, _ in 105 }, mask: mask)
        #expect(abs(result.peakSignalToNoise - 20 * log10(51)) < 1e-9)
        let c1 = 2.55 * 2.55
        #expect(abs(result.structuralSimilarity - (21000 + c1) / (10000 + 11025 + c1)) < 1e-9)
    }

    @Test func onlyTheMaskCounts() {
        let mask = (0..<1200).map { $0 % 40 < 20 }
        let a = Self.picture { x, y in UInt8((7 * x + 3 * y) % 200) }
        let b = Self.picture { x, y in x < 20 ? UInt8((7 * x + 3 * y) % 200) : 255 }
        let result = RenderComparison(a, b, mask: mask)
        #expect(result.pixels == 600 && result.structuralSimilarity > 1 - 1e-9 && result.peakSignalToNoise > 100)
        #expect(RenderComparison(a, b, mask: mask.map { !$0 }).structuralSimilarity < 0.5)
    }
}
