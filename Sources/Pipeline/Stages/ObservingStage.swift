package import Face
internal import Foundation
internal import Logging
package import Tensors
package import Tracking
package import Video

extension Pipeline {
    private static func reason(for verdict: PersonGate.Verdict) -> String {
        switch verdict {
        case .stranger: "another person"
        case .mirrored: "mirrored"
        case .known, .undecided: "unrecognized"
        }
    }

    private static let askForRestart =
        "another person is in front of the camera: start again with another --subject, or set selection.stranger to ignore or apart"

    /// Frames → keyframe events: track, measure, select; of a kept frame only the surroundings of the face remain.
    /// Where motion is asked for, every frame is followed by the newest of `fits` as well.
    func observe(
        _ frames: Edge<Frame>, into events: Edge<KeyframeEvent>, followedBy fits: Latest<FittedKeyframes>,
        from start: Checkpoint, keeper: StateKeeper, ending: Latest<Failure>
    ) async throws {
        var motion: MotionFollowing?
        var losesMotion = false
        if settings.motion != nil || motionFeed != nil {
            motion = try MotionFollowing(
                path: settings.motion, feed: motionFeed, model: models.head, fits: fits,
                iris: models.iris.take())
        }
        defer { if let iris = motion?.iris { models.iris.giveBack(iris) } }
        let keepsApart = configuration.selection.stranger == .apart
        var recognition = Recognition(
            model: models.head, most: keepsApart ? Recognition.mostApart : 1, known: start.people.map(\.keyframes))
        let endsForStrangers = configuration.selection.stranger == .end
        var tracker = models.tracker.take()
        defer { models.tracker.giveBack(tracker) }
        tracker.reset()
        var settings = KeyframeSelector.Settings()
        settings.minimumInterEyePixels = configuration.selection.minimumInterEyePixels
        settings.maximumYaw = configuration.selection.maximumYawDegrees * .pi / 180
        settings.perBin = configuration.selection.keyframesPerBin
        // One each for the people who are kept apart; nearly always there is one.
        var selectors = start.people.map { KeyframeSelector(settings: settings, state: $0.selection) }
        if selectors.isEmpty { selectors = [KeyframeSelector(settings: settings)] }
        var person = 0
        var lastEvent = 0.0
        var opening = 0
        while let frame = await frames.next() {
            if frame.opening != opening { tracker.reset() }
            opening = frame.opening
            let began = ContinuousClock.now
            let result: Result<Observation, Unobserved>
            do throws(ModelError) {
                result = try tracker.observe(frame.image, frame: frame.number, time: frame.time)
            } catch {
                throw Failure(.software, error.description)
            }
            let isFace = (try? result.get()) != nil
            report.update {
                $0.framesObserved += 1
                if isFace { $0.lastFace = .now } else { $0.framesWithoutFace += 1 }
            }
            var event = KeyframeEvent(time: frame.time, person: person)
            switch result {
            case .failure: break
            case .success where frame.isDamaged:
                // Smeared by a lost packet, though the tracker may not mind.
                report.update { $0.rejections["damaged", default: 0] += 1 }
            case .success(let observation):
                var trial = selectors[person]
                var decision = trial.consider(Candidate(observation))
                var isCandidate = false
                if case .kept = decision { isCandidate = true }
                let verdict = recognition.verdict(on: observation, image: frame.image, isCandidate: isCandidate)
                guard case .known(let seen) = verdict else {
                    let reason = Self.reason(for: verdict)
                    report.update { $0.rejections[reason, default: 0] += 1 }
                    if verdict == .stranger, endsForStrangers {
                        // In order: what there is of the known person is published first.
                        ending.set(Failure(.anotherPerson, Self.askForRestart))
                        frames.finish()
                        return
                    }
                    break
                }
                if seen != person {
                    person = seen
                    event.person = seen
                    if seen == selectors.count { selectors.append(KeyframeSelector(settings: settings)) }
                    logger.info("in view", metadata: ["subject": "\(self.settings.subject(ofPerson: seen))"])
                    trial = selectors[seen]
                    decision = trial.consider(Candidate(observation))
                }
                selectors[person] = trial
                do throws(Failure) {
                    try motion?.follow(observation, person: person, image: frame.image)
                    if losesMotion { logger.notice("motion is written again") }
                    losesMotion = false
                } catch {
                    // A full disk costs a camera lines, and not its avatar.
                    guard self.settings.isLive, error.code == .cannotCreate else { throw error }
                    if !losesMotion { logger.error("motion is not written: \(error.description)") }
                    losesMotion = true
                }
                switch decision {
                case .rejected(let reason): report.update { $0.rejections[reason.rawValue, default: 0] += 1 }
                case .kept(let score, let replaced):
                    event.kept = Keyframe(observation, of: frame.image, score: score)
                    event.replaced = replaced
                    recognition.keep(event)
                    keeper.selected(
                        recognition.keyframes(of: person), trial.state, person: person, frame: frame.number,
                        time: frame.time)
                    let (count, perYaw) = (trial.count, trial.countsPerYaw)
                    let people = recognition.count
                    report.update {
                        $0.people = people
                        $0.keyframesKept += 1
                        $0.keyframes = count
                        $0.keyframesPerYawBin = perYaw
                        if $0.firstKeyframeTime == nil { $0.firstKeyframeTime = frame.time }
                    }
                }
            }
            report.worked("observe", since: began)
            // Also the passing of time is news to the fit, which may have put off a change.
            if event.kept != nil || frame.time - lastEvent >= 0.25 {
                lastEvent = frame.time
                keeper.reached(frame: frame.number, time: frame.time)
                guard await events.send(event) else { return }
            }
        }
    }
}

extension Candidate {
    package init(_ o: Observation) {
        self.init(
            frame: o.frame, time: o.time, yaw: Double(o.yaw), pitch: Double(o.pitch),
            interEyePixels: Double(o.interEyePixels), sharpness: Double(o.sharpness), exposure: Double(o.exposure),
            darkShare: Double(o.darkShare), brightShare: Double(o.brightShare), presence: Double(o.face.presence),
            eyeOpenness: Double(min(o.leftEyeOpenness, o.rightEyeOpenness)), mouthOpenness: Double(o.mouthOpenness),
            occlusion: Double(o.occlusion))
    }
}

extension Keyframe {
    /// Head, hair and neck around the face's box: 0.6 of its width to each side, 0.8 of its height up, 0.5 down.
    package init(_ o: Observation, of image: YUVImage, score: Double) {
        let (low, high) = o.face.box
        let size = high - low
        let left = max(Int(low.x - 0.6 * size.x), 0)
        let top = max(Int(low.y - 0.8 * size.y), 0)
        let right = min(max(Int(high.x + 0.6 * size.x), left + 1), image.width)
        let bottom = min(max(Int(high.y + 0.5 * size.y), top + 1), image.height)
        self.init(
            frame: o.frame, time: o.time, imageWidth: o.imageWidth, imageHeight: o.imageHeight,
            landmarks: o.face.points,
            crop: image.crop(x: left, y: top, width: max(right - left, 1), height: max(bottom - top, 1)),
            cropOrigin: SIMD2(left, top), sharpness: Double(o.sharpness), score: score)
    }
}

/// The keyframes of a whole film, without a pipeline: for benchmarks and evaluation.
package enum Keyframes {
    /// - Parameter until: seconds of the film to use.
    package static func selected(
        from source: VideoSource, until: Double = .infinity, models: String
    ) throws -> [Keyframe] {
        var tracker = try FaceTracker(directory: models)
        var selector = KeyframeSelector()
        var set = KeyframeSet()
        var reader = try VideoReader(source)
        while let frame = try reader.next(), frame.time <= until {
            guard
                case .success(let observation) = try tracker.observe(
                    frame.image, frame: frame.number, time: frame.time), !frame.isDamaged,
                case .kept(let score, let replaced) = selector.consider(Candidate(observation))
            else { continue }
            let keyframe = Keyframe(observation, of: frame.image, score: score)
            _ = set.apply(KeyframeEvent(time: frame.time, kept: keyframe, replaced: replaced))
        }
        return set.keyframes
    }
}
