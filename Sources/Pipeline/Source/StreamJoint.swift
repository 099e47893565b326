internal import Tensors
package import Video

/// Joins the openings of a source to one stream of one picture size: numbers and times go on growing, and a picture of
/// another size is fitted in or left out. Pure.
///
/// All pictures of a stream must be of one size, since the focal length, in pixels, is one for all of them. A stream that
/// goes down to a smaller size of the same shape (cameras do when the line is bad) is enlarged; when it becomes larger, or
/// of another shape (turned by a quarter), it is another camera.
package struct StreamJoint: Sendable {
    package enum Verdict: Sendable, Equatable {
        case use(Frame)
        /// Of another size, and not for long yet: leave it out.
        case leaveOut
        /// The stream has become another camera's.
        case anotherCamera

        package static func == (a: Self, b: Self) -> Bool {
            switch (a, b) {
            case (.use(let x), .use(let y)): x.number == y.number && x.time == y.time && x.image == y.image
            case (.leaveOut, .leaveOut), (.anotherCamera, .anotherCamera): true
            default: false
            }
        }
    }

    /// Shapes are the same within so much of width over height: 640×368 is a way to send 16:9.
    package static let sameShape = 0.025
    /// So many pictures in a row make another camera: about a second.
    package static let patience = 25

    private let isLive: Bool
    private var size: (width: Int, height: Int)?
    private var others = 0
    private var numberOffset: Int
    private var timeOffset: Double
    private var last: (number: Int, time: Double)?
    private var opening = 0

    /// - Parameters:
    ///   - isLive: only a live source can be begun anew; what does not fit into a film is left out.
    ///   - time: stream seconds of the first picture.
    ///   - number: of the first picture.
    ///   - size: of the pictures before, where there were some.
    package init(isLive: Bool, time: Double = 0, number: Int = 0, size: (width: Int, height: Int)? = nil) {
        self.isLive = isLive
        self.size = size
        numberOffset = number
        timeOffset = time
    }

    /// The source is opened again.
    /// - Parameter gap: seconds since its last picture.
    package mutating func reopened(after gap: Double) {
        guard let last else { return }
        numberOffset = last.number + 1
        timeOffset = last.time + max(gap, 1e-3)
        opening += 1
    }

    package mutating func join(_ frame: Frame) -> Verdict {
        var frame = frame
        frame.number += numberOffset
        frame.time += timeOffset
        frame.opening = opening
        if let last {
            precondition(frame.number > last.number, "frame \(frame.number) after \(last.number)")
        }
        last = (frame.number, frame.time)
        let (width, height) = (frame.image.width, frame.image.height)
        guard let size else {
            size = (width, height)
            return .use(frame)
        }
        if size != (width, height) {
            let shape = Double(width * size.height) / Double(height * size.width)
            let isSameShape = abs(shape - 1) <= Self.sameShape
            guard isSameShape, !isLive || width < size.width || height < size.height else {
                others += 1
                return isLive && others >= Self.patience ? .anotherCamera : .leaveOut
            }
            frame.image = frame.image.resized(width: size.width, height: size.height)
        }
        others = 0
        return .use(frame)
    }
}
