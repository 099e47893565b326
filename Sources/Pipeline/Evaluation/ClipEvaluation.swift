package import Face
internal import Foundation
package import Tensors
internal import Tracking
package import Video

/// What a clip's avatar is worth on frames that nothing was learned from: every tenth frame is held out of fit and
/// texture, and drawn anew with shape and texture as they were after some seconds.
package struct ClipEvaluation: Sendable {
    package struct Options: Sendable {
        package var after: [Double] = [2, 5, 10]
        package var textureSize = 1024
        /// One frame in so many is held out.
        package var every = 10
        /// Held-out frames that are kept at most (a picture of each stays in memory); of a longer clip, the first ones.
        package var mostHeldOut = 150

        package init() {}
    }

    /// How the held-out frames came out with the avatar as it was after some seconds.
    package struct Point: Sendable, Codable {
        package var seconds: Double
        package var keyframes: Int
        /// Mean over the held-out frames, decibels; the tenth part with the worst as well.
        package var psnr: Double
        package var psnrWorstTenth: Double
        package var ssim: Double
        /// Landmark reprojection, mean over the held-out frames, share of the distance between the eyes.
        package var landmarkError: Double
        /// Millimetres (`ShapeDeviation.surface`) and share of the face that was seen.
        package var deviation: Double
        package var coverage: Double
        package var focal: Double
    }

    package struct Report: Sendable, Codable {
        package var source: String
        package var frames: Int
        package var framesWithFace: Int
        package var heldOut: Int
        package var points: [Point]
        package var jitter: MotionQuality
        package var jitterFiltered: MotionQuality
        /// Of the filter, milliseconds.
        package var filterDelay: Double?
    }

    package let report: Report
    /// Per row: held-out frame | drawn anew with the last avatar | difference, four times as strong.
    package let sheet: Image

    /// One frame of the clip, with what stays of it.
    private struct Seen {
        var frame: Int
        var time: Double
        var landmarks: [SIMD2<Float>]
        var width: Int
        var height: Int
        var eyes: (left: EyeFollower.Sight, right: EyeFollower.Sight)
    }

    private struct Material {
        var frames = 0
        var seen: [Seen] = []
        var heldOut: [Keyframe] = []
        /// Per entry of `after`: the keyframes selected until then.
        var sets: [(seconds: Double, keyframes: [Keyframe])] = []
    }

    package static func run(
        _ source: VideoSource, model: MorphableModel, models: String, options: Options = Options(),
        progress: (String) -> Void = { _ in }
    ) throws -> ClipEvaluation {
        progress("watching \(source)")
        let material = try watch(source, models: models, options)
        guard !material.sets.isEmpty, let last = material.sets.last, !last.keyframes.isEmpty else {
            throw Failure(.noFace, "\(source): no usable face")
        }
        guard !material.heldOut.isEmpty else {
            throw Failure(.noFace, "\(source): too short, no face in any held-out frame")
        }
        var estimator = ShapeEstimator(model: model)
        // The avatar that a run makes, unseen places included.
        var maker = AvatarMaker(
            atlas: TextureAtlas(model: model, size: options.textureSize),
            albedo: try FaceDatabaseFile.albedo(from: models))
        var segmenter = try PersonSegmenter(directory: models, library: LiteRTLibrary(directory: models))
        let regions = HeadRegions(model: model)
        var (points, rows, motion): ([Point], [[Image]], [(time: Double, view: ShapeFit.View)]) = ([], [], [])
        for (i, set) in material.sets.enumerated() where !set.keyframes.isEmpty {
            progress("after \(StatusLine.fixed(set.seconds, 1)) s: \(set.keyframes.count) keyframes")
            let fit = estimator.absorb(keyframes: set.keyframes)
            let made = maker.avatar(
                of: FittedKeyframes(time: set.seconds, fit: fit, keyframes: set.keyframes, final: true),
                segmenter: &segmenter)
            let renderer = AvatarRenderer(avatar: made.avatar)
            let views = follow(
                material.seen, FaceFollower(model: model, fit: fit, keyframes: set.keyframes),
                EyeFollower(model: model, fit: fit))
            let drawn = material.heldOut.mapConcurrently { keyframe -> (Rerendering, ShapeFit.View)? in
                guard let view = views.first(where: { $0.view.frame == keyframe.frame })?.view else { return nil }
                return Rerendering(
                    made.avatar, regions: regions, renderer: renderer, keyframe: keyframe, view: view, focal: fit.focal
                ).map { ($0, view) }
            }
            let found = zip(material.heldOut, drawn).compactMap { keyframe, drawn in
                drawn.map { (keyframe, $0.0, $0.1) }
            }
            points.append(point(set.seconds, set.keyframes.count, fit, made, found))
            guard i == material.sets.count - 1 else { continue }
            rows = Self.rows(found)
            motion = views
        }
        var filter = MotionFilter()
        let smooth = motion.map { (time: $0.time, view: filter.next($0.view, at: $0.time)) }
        var sheet = ContactSheet(rowHeight: 360)
        for row in rows { sheet.add(row: row) }
        return ClipEvaluation(
            report: Report(
                source: source.description, frames: material.frames, framesWithFace: material.seen.count,
                heldOut: material.heldOut.count, points: points, jitter: MotionQuality(motion, stillIn: motion),
                jitterFiltered: MotionQuality(smooth, stillIn: motion),
                filterDelay: MotionQuality.delay(of: smooth, behind: motion).map { $0 * 1000 }),
            sheet: sheet.image())
    }

    /// Pose and expression of every frame.
    private static func follow(
        _ seen: [Seen], _ follower: FaceFollower, _ eyes: EyeFollower
    ) -> [(time: Double, view: ShapeFit.View)] {
        var (eyes, last) = (eyes, ShapeFit.View?.none)
        return seen.map { seen in
            let view = follower.view(
                landmarks: seen.landmarks, frame: seen.frame, imageWidth: seen.width, imageHeight: seen.height,
                from: last)
            last = view
            return (
                seen.time,
                eyes.view(
                    view, left: seen.eyes.left, right: seen.eyes.right, imageWidth: seen.width, imageHeight: seen.height
                )
                .view
            )
        }
    }

    private static func watch(_ source: VideoSource, models: String, _ options: Options) throws -> Material {
        var tracker = try FaceTracker(directory: models)
        var selector = KeyframeSelector()
        var set = KeyframeSet()
        var iris = try IrisEstimator(directory: models, library: LiteRTLibrary(directory: models))
        var reader = try VideoReader(source)
        var material = Material()
        var waiting = options.after.sorted()
        var time = 0.0
        while let frame = try reader.next() {
            material.frames += 1
            time = frame.time
            while let next = waiting.first, next < frame.time {
                material.sets.append((next, set.keyframes))
                waiting.removeFirst()
            }
            guard
                case .success(let observation) = try tracker.observe(
                    frame.image, frame: frame.number, time: frame.time), !frame.isDamaged
            else { continue }
            material.seen.append(
                Seen(
                    frame: frame.number, time: frame.time, landmarks: observation.face.points,
                    width: observation.imageWidth, height: observation.imageHeight,
                    eyes: try iris.sights(of: frame.image, observation.face)))
            if frame.number % options.every == options.every / 2 {
                if material.heldOut.count < options.mostHeldOut {
                    material.heldOut.append(Keyframe(observation, of: frame.image, score: 0))
                }
                continue
            }
            guard case .kept(let score, let replaced) = selector.consider(Candidate(observation)) else { continue }
            _ = set.apply(
                KeyframeEvent(
                    time: frame.time, kept: Keyframe(observation, of: frame.image, score: score), replaced: replaced))
        }
        // What was asked for beyond the clip's end is its end.
        if !waiting.isEmpty || material.sets.isEmpty { material.sets.append((time, set.keyframes)) }
        return material
    }

    private static func point(
        _ seconds: Double, _ keyframes: Int, _ fit: ShapeFit, _ made: FinishedAvatar,
        _ found: [(Keyframe, Rerendering, ShapeFit.View)]
    ) -> Point {
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
        let psnr = found.map { $0.1.comparison.peakSignalToNoise }.sorted()
        return Point(
            seconds: seconds, keyframes: keyframes, psnr: mean(psnr),
            psnrWorstTenth: mean(Array(psnr.prefix(max(psnr.count / 10, 1)))),
            ssim: mean(found.map { $0.1.comparison.structuralSimilarity }),
            landmarkError: mean(found.map { $0.2.residual / $0.0.interEyePixels }), deviation: fit.deviation.surface,
            coverage: made.quality.coverage, focal: fit.focal)
    }

    /// Four held-out frames spread over the clip.
    private static func rows(_ found: [(Keyframe, Rerendering, ShapeFit.View)]) -> [[Image]] {
        let count = min(4, found.count)
        return (0..<count).map { r in
            let (keyframe, drawn, _) = found[(2 * r + 1) * found.count / (2 * count)]
            var difference = Image(
                width: keyframe.crop.width, height: keyframe.crop.height, channels: 3, filledWith: 128)
            for i in drawn.mask.indices where drawn.mask[i] {
                for c in 3 * i..<3 * i + 3 {
                    let d = 4 * (Int(keyframe.crop.bytes[c]) - Int(drawn.image.bytes[c]))
                    difference.bytes[c] = UInt8(min(max(128 + d, 0), 255))
                }
            }
            return [keyframe.crop, drawn.image, difference]
        }
    }
}
