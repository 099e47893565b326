internal import Tensors

/// Which face is followed and where to look for it: decisions only, no pictures and no networks.
///
/// A followed face is looked for where it was; the detector runs only when there is none. Among several detections the
/// one that was followed a moment ago wins (by overlap), else the largest.
package struct TrackingState: Sendable {
    /// Below it the landmark network has seen no face (MediaPipe's threshold).
    static let minimumPresence: Float = 0.5
    /// A detection that overlaps the last seen face by this much is taken for it.
    static let association: Float = 0.3
    /// Seconds for which a lost face is remembered.
    static let memory = 1.0

    /// Searches since the last face was seen.
    private var searches = 0

    /// Where to look in the next frame; `nil` asks for the detector.
    package private(set) var region: RegionOfInterest?
    private var last: (points: [SIMD2<Float>], low: SIMD2<Float>, high: SIMD2<Float>, time: Double)?

    package init() {}

    /// Where else to look in a picture that shows no face as a whole: one part of it, another each time, so that a search
    /// never costs more than two detections a frame.
    package mutating func nextPart(of width: Int, _ height: Int) -> SearchWindow? {
        let parts = SearchWindow.parts(of: width, height)
        guard !parts.isEmpty else { return nil }
        defer { searches += 1 }
        return parts[searches % parts.count]
    }

    /// The face to follow among the detections of the frame at `time` seconds; `nil` if there are none.
    package func choose(_ detections: [Detection], at time: Double) -> Detection? {
        if let last, time >= last.time, time - last.time <= Self.memory {
            let continued = detections.max {
                overlapOfBoxes($0.low, $0.high, last.low, last.high)
                    < overlapOfBoxes($1.low, $1.high, last.low, last.high)
            }
            if let continued, overlapOfBoxes(continued.low, continued.high, last.low, last.high) >= Self.association {
                return continued
            }
        }
        return detections.max { ($0.area, $0.score) < ($1.area, $1.score) }
    }

    /// Takes note of what the landmark network saw in the frame at `time`; `false` if that was no face.
    package mutating func update(_ face: FaceLandmarks, at time: Double) -> Bool {
        let next = face.nextRegion
        guard face.presence >= Self.minimumPresence, next.side.isFinite, next.side >= 1, next.rotation.isFinite else {
            region = nil
            return false
        }
        let box = face.box
        region = next
        searches = 0
        last = (face.points, box.low, box.high, time)
        return true
    }

    /// How fast the landmarks moved since the last face at most a quarter second before, in pixels per second (mean).
    package func speed(to face: FaceLandmarks, at time: Double) -> Float? {
        guard let last, time > last.time, time - last.time < 0.25, last.points.count == face.points.count else {
            return nil
        }
        var sum: Float = 0
        for (a, b) in zip(last.points, face.points) { sum += ((a - b) * (a - b)).sum().squareRoot() }
        return sum / Float(face.points.count) / Float(time - last.time)
    }

    /// Forgets the face: the next frame is searched.
    package mutating func reset() {
        region = nil
        last = nil
    }
}
