package import Face
internal import Foundation
internal import Tensors
internal import Tracking
package import Video

/// Keeps strangers out of a person's avatar: compares each face that comes into view with the kept keyframes, all of them
/// laid on the mean head by their landmarks. It needs no fit, so that the same film always gives the same verdicts.
package struct Recognition {
    private let model: MorphableModel
    private var keyframes = KeyframeSet()
    private var atlas: FaceAppearance.Atlas?
    /// Of the known person, made when a face comes into view.
    private var known: [FaceAppearance] = []
    private var gate = PersonGate()
    private var lastLook = -Double.infinity

    /// Keyframes that a face is compared with, at most; and seconds between two looks.
    private static let mostKnown = 5
    private static let interval = 0.15
    private static let largestYaw: Float = 0.5

    init(model: MorphableModel) { self.model = model }

    /// A keyframe of the known person.
    mutating func keep(_ event: KeyframeEvent) { _ = keyframes.apply(event) }

    mutating func verdict(on observation: Observation, image: YUVImage) -> PersonGate.Verdict {
        let jumps = observation.motion.map { Double($0) > PersonGate.longestJump } ?? true
        if jumps {
            gate.begin(isAnybodyKnown: !keyframes.keyframes.isEmpty)
            known = []
        }
        guard gate.wantsLook(at: observation.time), observation.time - lastLook >= Self.interval,
            abs(observation.yaw) < Self.largestYaw, abs(observation.pitch) < Self.largestYaw
        else { return gate.verdict }
        lastLook = observation.time
        let atlas = self.atlas ?? FaceAppearance.Atlas(model: model)
        self.atlas = atlas
        if known.isEmpty { known = remembered(atlas) }
        let seen = appearance(of: Keyframe(observation, of: image, score: 0), atlas).appearance
        if let best = known.compactMap({ $0.correlation(with: seen, in: atlas) }).max() {
            gate.look(correlation: best, at: observation.time)
        }
        return gate.verdict
    }

    /// The best keyframes, of different directions where there are some.
    private func remembered(_ atlas: FaceAppearance.Atlas) -> [FaceAppearance] {
        var chosen: [(yaw: Double, appearance: FaceAppearance)] = []
        for keyframe in keyframes.keyframes.sorted(by: { $0.score > $1.score }) where chosen.count < Self.mostKnown {
            let next = appearance(of: keyframe, atlas)
            if chosen.allSatisfy({ abs($0.yaw - next.yaw) > 0.1 }) { chosen.append(next) }
        }
        return chosen.map(\.appearance)
    }

    private func appearance(
        of keyframe: Keyframe, _ atlas: FaceAppearance.Atlas
    ) -> (yaw: Double, appearance: FaceAppearance) {
        let focal = ShapeEstimator.expectedFocal(imageWidth: keyframe.imageWidth, imageHeight: keyframe.imageHeight)
        let mean = ShapeFit(
            revision: 0, identity: [Double](repeating: 0, count: model.identityCount), deviation: .unknown,
            focal: focal,
            views: [])
        let view = FaceFollower(model: model, fit: mean, keyframes: []).view(
            landmarks: keyframe.landmarks, frame: keyframe.frame, imageWidth: keyframe.imageWidth,
            imageHeight: keyframe.imageHeight)
        let appearance = FaceAppearance(keyframe, view: view, identity: mean.identity, focal: focal, in: atlas)
        return (view.pose.angles.yaw, appearance)
    }

    /// What it measures on every seventh picture of a film from some second on, with the keyframes of somebody.
    package static func correlations(
        of film: VideoSource, from start: Double, with keyframes: [Keyframe], model: MorphableModel, models: String
    ) throws -> [Double] {
        var recognition = Recognition(model: model)
        for keyframe in keyframes { recognition.keep(KeyframeEvent(time: keyframe.time, kept: keyframe)) }
        let atlas = FaceAppearance.Atlas(model: model)
        let known = recognition.remembered(atlas)
        var tracker = try FaceTracker(directory: models)
        var reader = try VideoReader(film)
        var result: [Double] = []
        while let frame = try reader.next() {
            guard
                case .success(let o) = try tracker.observe(frame.image, frame: frame.number, time: frame.time),
                frame.number % 7 == 0, frame.time >= start, abs(o.yaw) < largestYaw, abs(o.pitch) < largestYaw
            else { continue }
            let seen = recognition.appearance(of: Keyframe(o, of: frame.image, score: 0), atlas).appearance
            if let best = known.compactMap({ $0.correlation(with: seen, in: atlas) }).max() { result.append(best) }
        }
        return result
    }
}
