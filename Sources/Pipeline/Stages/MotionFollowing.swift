internal import Face
internal import Foundation
internal import Tensors
internal import Tracking

/// What the observing stage needs to follow the person's motion, once there is a fit.
struct MotionFollowing: ~Copyable {
    private let model: MorphableModel
    private let fits: Latest<FittedKeyframes>
    private var revision = 0
    private var iris: IrisEstimator
    private var sink: MotionSink
    private var face: FaceFollower?
    private var eyes: EyeFollower?
    private var last: (view: ShapeFit.View, time: Double)?
    private var filter = MotionFilter()

    init(path: String, model: MorphableModel, fits: Latest<FittedKeyframes>, iris: IrisEstimator) throws(Failure) {
        self.model = model
        self.fits = fits
        self.iris = iris
        sink = try MotionSink(path: path, names: model.expressions.map(\.name))
    }

    var lost: Int { sink.lost }

    mutating func follow(_ observation: Observation, image: YUVImage) throws(Failure) {
        if let newer = fits.newer(than: &revision) {
            face = FaceFollower(model: model, fit: newer.fit, keyframes: newer.keyframes)
            // Keeps what it learned of the person's lids.
            let next = EyeFollower(model: model, fit: newer.fit)
            eyes = eyes.map { next.remembering($0) } ?? next
        }
        guard let face, var eyes else { return }
        let from = last.flatMap { observation.time - $0.time <= MotionFilter.longestGap ? $0.view : nil }
        let view = face.view(
            landmarks: observation.face.points, frame: observation.frame, imageWidth: observation.imageWidth,
            imageHeight: observation.imageHeight, from: from)
        last = (view, observation.time)
        let sights: (left: EyeFollower.Sight, right: EyeFollower.Sight)
        do throws(ModelError) { sights = try iris.sights(of: image, observation.face) } catch {
            throw Failure(.software, error.description)
        }
        var seen = eyes.view(
            view, left: sights.left, right: sights.right, imageWidth: observation.imageWidth,
            imageHeight: observation.imageHeight)
        self.eyes = eyes
        seen.view = filter.next(seen.view, at: observation.time)
        try sink.write(seen, time: observation.time)
    }
}
