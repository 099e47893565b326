internal import Face
internal import Foundation
internal import Tensors
internal import Tracking

/// What the observing stage needs to follow the person's motion, once there is a fit.
struct MotionFollowing: ~Copyable {
    private let model: MorphableModel
    private let fits: Latest<FittedKeyframes>
    private var revision = 0
    private(set) var iris: IrisEstimator
    private var sink: MotionSink?
    private let feed: MotionFeed?
    /// By person.
    private var faces: [Int: FaceFollower] = [:]
    private var eyes: [Int: EyeFollower] = [:]
    private var last: (person: Int, view: ShapeFit.View, time: Double)?
    private var filter = MotionFilter()

    /// - Parameters:
    ///   - path: a file or named pipe that gets every frame's line.
    ///   - feed: gets the lines while somebody listens.
    init(
        path: String?, feed: MotionFeed?, model: MorphableModel, fits: Latest<FittedKeyframes>, iris: IrisEstimator
    ) throws(Failure) {
        self.model = model
        self.fits = fits
        self.iris = iris
        self.feed = feed
        let names = model.expressions.map(\.name)
        if let path { sink = try MotionSink(path: path, names: names) } else { sink = nil }
        feed?.begin(header: MotionSink.header(names: names))
    }

    /// - Parameter person: whose face it is.
    mutating func follow(_ observation: Observation, person: Int, image: YUVImage) throws(Failure) {
        guard sink != nil || feed?.isWanted == true else { return }
        if let newer = fits.newer(than: &revision) {
            faces[newer.person] = FaceFollower(model: model, fit: newer.fit, keyframes: newer.keyframes)
            // Keeps what it learned of the person's lids.
            let next = EyeFollower(model: model, fit: newer.fit)
            eyes[newer.person] = eyes[newer.person].map { next.remembering($0) } ?? next
        }
        guard let face = faces[person], var eyes = eyes[person] else { return }
        let from = last.flatMap { last in
            last.person == person && observation.time - last.time <= MotionFilter.longestGap ? last.view : nil
        }
        let view = face.view(
            landmarks: observation.face.points, frame: observation.frame, imageWidth: observation.imageWidth,
            imageHeight: observation.imageHeight, from: from)
        last = (person, view, observation.time)
        let sights: (left: EyeFollower.Sight, right: EyeFollower.Sight)
        do throws(ModelError) { sights = try iris.sights(of: image, observation.face) } catch {
            throw Failure(.software, error.description)
        }
        var seen = eyes.view(
            view, left: sights.left, right: sights.right, imageWidth: observation.imageWidth,
            imageHeight: observation.imageHeight)
        self.eyes[person] = eyes
        seen.view = filter.next(seen.view, at: observation.time)
        let line = MotionSink.line(seen, time: observation.time)
        feed?.send(line, person: person)
        if sink != nil { try sink!.write(line) }
    }
}
