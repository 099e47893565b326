package import Face
internal import Foundation
internal import Tensors
internal import Tracking
package import Video

/// Keeps strangers out of a person's avatar: compares each face that comes into view, and each that is to become a
/// keyframe, with the kept keyframes, all of them laid on the mean head by their landmarks. It needs no fit, so that the
/// same film always gives the same verdicts.
package struct Recognition {
    private let atlas: FaceAppearance.Atlas
    private let model: MorphableModel
    private var follower: (width: Int, height: Int, fit: ShapeFit, follower: FaceFollower)?
    /// How the known person's keyframes look, by `Keyframe.frame`.
    private var known: [(frame: Int, appearance: FaceAppearance)] = []
    private var gate = PersonGate()
    private var last: (frame: Int, time: Double, appearance: FaceAppearance)?

    /// Seconds between two looks.
    private static let interval = 0.15
    /// Radians; a face that is turned farther shows too little.
    private static let farthest: Float = 0.5

    package init(model: MorphableModel) {
        self.model = model
        atlas = FaceAppearance.Atlas(model: model)
    }

    /// An observation's verdict.
    /// - Parameter isCandidate: it is to become a keyframe: is this still the known person?
    mutating func verdict(on observation: Observation, image: YUVImage, isCandidate: Bool) -> PersonGate.Verdict {
        let time = observation.time
        if observation.motion.map({ Double($0) > PersonGate.longestJump }) ?? true {
            gate.begin(isAnybodyKnown: !known.isEmpty)
        }
        let wants = gate.wantsLook(at: time) && time - (last?.time ?? -.infinity) >= Self.interval
        guard wants || (isCandidate && gate.verdict == .known), abs(observation.yaw) < Self.farthest,
            abs(observation.pitch) < Self.farthest
        else {
            return gate.verdict
        }
        let seen = appearance(of: Keyframe(observation, of: image, score: 0))
        last = (observation.frame, time, seen)
        guard let best = known.compactMap({ $0.appearance.correlation(with: seen) }).max() else { return gate.verdict }
        if gate.verdict == .known {
            gate.check(correlation: best, at: time)
        } else {
            gate.look(correlation: best, at: time)
        }
        return gate.verdict
    }

    /// What was judged last has become a keyframe.
    mutating func keep(_ event: KeyframeEvent) {
        known.removeAll { event.replaced.contains($0.frame) }
        if let last, last.frame == event.kept?.frame { known.append((last.frame, last.appearance)) }
    }

    private mutating func appearance(of keyframe: Keyframe) -> FaceAppearance {
        let (width, height) = (keyframe.imageWidth, keyframe.imageHeight)
        if follower == nil || follower!.width != width || follower!.height != height {
            let mean = ShapeFit(
                revision: 0, identity: [Double](repeating: 0, count: model.identityCount), deviation: .unknown,
                focal: ShapeEstimator.expectedFocal(imageWidth: width, imageHeight: height), views: [])
            follower = (width, height, mean, FaceFollower(model: model, fit: mean, keyframes: []))
        }
        let (mean, own) = (follower!.fit, follower!.follower)
        let view = own.view(
            landmarks: keyframe.landmarks, frame: keyframe.frame, imageWidth: width, imageHeight: height)
        return FaceAppearance(keyframe, view: view, identity: mean.identity, focal: mean.focal, in: atlas)
    }

    /// What it measures on every seventh picture of a film from some second on, with the keyframes of somebody.
    package static func correlations(
        of film: VideoSource, from start: Double, with keyframes: [Keyframe], model: MorphableModel, models: String
    ) throws -> [Double] {
        var recognition = Recognition(model: model)
        let known = keyframes.map { recognition.appearance(of: $0) }
        var tracker = try FaceTracker(directory: models)
        var reader = try VideoReader(film)
        var result: [Double] = []
        while let frame = try reader.next() {
            guard
                case .success(let o) = try tracker.observe(frame.image, frame: frame.number, time: frame.time),
                frame.number % 7 == 0, frame.time >= start, abs(o.yaw) < farthest, abs(o.pitch) < farthest
            else { continue }
            let seen = recognition.appearance(of: Keyframe(o, of: frame.image, score: 0))
            if let best = known.compactMap({ $0.correlation(with: seen) }).max() { result.append(best) }
        }
        return result
    }
}
