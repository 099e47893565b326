package import Face
internal import Foundation
internal import Tensors
internal import Tracking
package import Video

/// Keeps people apart: compares each face that comes into view, and each that is to become a keyframe, with the kept
/// keyframes, all of them laid on the mean head by their landmarks. It needs no fit, so that the same film always gives the
/// same verdicts.
package struct Recognition {
    private let model: MorphableModel
    /// Made when it is first needed, which is not before the first avatar.
    private var atlas: FaceAppearance.Atlas?
    private var follower: (width: Int, height: Int, fit: ShapeFit, follower: FaceFollower)?
    /// The known people's keyframes, and how those look that have been needed.
    private var people: [[(keyframe: Keyframe, appearance: FaceAppearance?)]] = [[]]
    /// How many people to know at most.
    private let most: Int
    private var gate = PersonGate()
    private var last: (frame: Int, time: Double, appearance: FaceAppearance)?

    /// Seconds between two looks.
    private static let interval = 0.15
    /// Pixels between the eyes that are enough to tell people apart.
    private static let interEye = 45.0
    /// Radians; a face that is turned farther shows too little.
    private static let farthest: Float = 0.5
    /// Where people are kept apart, so many; each costs an avatar's memory.
    package static let mostApart = 4

    /// - Parameters:
    ///   - most: so many people are told apart and kept; all others are strangers.
    ///   - known: keyframes of people who are known from before.
    package init(model: MorphableModel, most: Int = 1, known: [[Keyframe]] = []) {
        self.model = model
        self.most = most
        if !known.isEmpty { people = known.map { $0.map { ($0, nil) } } }
    }

    package func keyframes(of person: Int) -> [Keyframe] { people[person].map(\.keyframe) }

    /// People with a keyframe.
    package var count: Int { people.count { !$0.isEmpty } }

    /// An observation's verdict.
    /// - Parameter isCandidate: it is to become a keyframe: is this still the known person?
    mutating func verdict(on observation: Observation, image: YUVImage, isCandidate: Bool) -> PersonGate.Verdict {
        let time = observation.time
        let isAnybodyKnown = people.contains { !$0.isEmpty }
        if observation.motion.map({ Double($0) > PersonGate.longestJump }) ?? true {
            gate.begin(isAnybodyKnown: isAnybodyKnown)
        }
        let wants = gate.wantsLook(at: time) && time - (last?.time ?? -.infinity) >= Self.interval
        var isKnown = false
        if case .known(let person) = gate.verdict { isKnown = !people[person].isEmpty }
        guard wants || (isCandidate && isKnown), abs(observation.yaw) < Self.farthest,
            abs(observation.pitch) < Self.farthest
        else {
            return gate.verdict
        }
        guard isAnybodyKnown else { return gate.verdict }
        let seen = appearance(of: Keyframe(observation, of: image, score: 0))
        last = (observation.frame, time, seen)
        for p in people.indices {
            for i in people[p].indices where people[p][i].appearance == nil {
                people[p][i].appearance = appearance(of: people[p][i].keyframe)
            }
        }
        let known = people.map { $0.compactMap(\.appearance) }
        let correlations = known.map { $0.compactMap { $0.correlation(with: seen) }.max() ?? -1 }
        guard correlations.contains(where: { $0 > -1 }) else { return gate.verdict }
        let mirrored = known.joined().compactMap { $0.correlation(with: seen, mirrored: true) }.max() ?? -1
        let look = PersonGate.Look(correlations, mirrored: mirrored)
        if isKnown {
            gate.check(look, at: time)
        } else {
            gate.look(look, at: time)
        }
        if gate.verdict == .stranger {
            // Also in the place of somebody who was forgotten.
            if let free = people.firstIndex(where: \.isEmpty) {
                gate.enrol(as: free)
            } else if people.count < most {
                gate.enrol(as: people.count)
                people.append([])
            }
        }
        return gate.verdict
    }

    /// A keyframe of a known person.
    mutating func keep(_ event: KeyframeEvent) {
        people[event.person].removeAll { event.replaced.contains($0.keyframe.frame) }
        guard let kept = event.kept else { return }
        people[event.person].append((kept, last?.frame == kept.frame ? last?.appearance : nil))
    }

    private mutating func appearance(of whole: Keyframe) -> FaceAppearance {
        let keyframe = whole.shrunk(by: max(Int(whole.interEyePixels / Self.interEye), 1))
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
        let atlas = self.atlas ?? FaceAppearance.Atlas(model: model)
        self.atlas = atlas
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
