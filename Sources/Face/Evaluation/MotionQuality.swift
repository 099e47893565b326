internal import Foundation

/// How steady and how prompt a stream of head poses is.
package struct MotionQuality: Sendable, Codable, Equatable {
    /// Root mean square about the local straight line, of a still head: across the view (millimetres), along it
    /// (millimetres), and of its turning (degrees). `nil` where the head is never still.
    package var acrossMillimetres: Double?
    package var depthMillimetres: Double?
    package var degrees: Double?
    /// Share of the frames in which the head is still.
    package var stillShare: Double

    /// Half of the time over which a line is laid, seconds.
    private static let reach = 0.25
    /// A head that moves less than this is still: metres and radians a second.
    private static let stillSpeed = 0.02
    private static let stillTurning = 0.09

    /// - Parameters:
    ///   - motion: time (seconds, ascending) and view of each frame.
    ///   - reference: the same frames' views by which stillness is judged.
    package init(
        _ motion: [(time: Double, view: ShapeFit.View)], stillIn reference: [(time: Double, view: ShapeFit.View)]
    ) {
        precondition(motion.count == reference.count, "\(motion.count) and \(reference.count) views")
        let (own, other) = (motion.map { Self.values($0.view) }, reference.map { Self.values($0.view) })
        let times = motion.map(\.time)
        var (across, depth, turning, count) = (0.0, 0.0, 0.0, 0.0)
        for i in motion.indices {
            let near = motion.indices.filter { abs(times[$0] - times[i]) <= Self.reach }
            guard near.count >= 8 else { continue }
            let slopes = (0..<6).map { c in
                Self.line(near.map { times[$0] - times[i] }, near.map { other[$0][c] }).slope
            }
            let speed = (slopes[3] * slopes[3] + slopes[4] * slopes[4] + slopes[5] * slopes[5]).squareRoot()
            let turn = (slopes[0] * slopes[0] + slopes[1] * slopes[1] + slopes[2] * slopes[2]).squareRoot()
            guard speed < Self.stillSpeed, turn < Self.stillTurning else { continue }
            let off = (0..<6).map { c in
                own[i][c] - Self.line(near.map { times[$0] - times[i] }, near.map { own[$0][c] }).middle
            }
            across += off[3] * off[3] + off[4] * off[4]
            depth += off[5] * off[5]
            turning += off[0] * off[0] + off[1] * off[1] + off[2] * off[2]
            count += 1
        }
        stillShare = count / Double(max(motion.count, 1))
        guard count >= 5 else { return }
        acrossMillimetres = (across / count).squareRoot() * 1000
        depthMillimetres = (depth / count).squareRoot() * 1000
        degrees = (turning / count).squareRoot() * 180 / .pi
    }

    /// Yaw, pitch, roll (radians), then the place of the face's middle (8 cm before the ears) in camera space, metres.
    private static func values(_ view: ShapeFit.View) -> [Double] {
        let (angles, p) = (view.pose.angles, view.pose.apply(SIMD3(0, 0, 0.08)))
        return [angles.yaw, angles.pitch, angles.roll, p.x, p.y, p.z]
    }

    /// The least-squares line through (x, y): its slope and its value at 0.
    private static func line(_ x: [Double], _ y: [Double]) -> (slope: Double, middle: Double) {
        let n = Double(x.count)
        let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
        let xx = x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
        let xy = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
        let slope = xx > 0 ? xy / xx : 0
        return (slope, my - slope * mx)
    }

    /// How far one stream's yaw and pitch lag behind another's of the same frames: the delay of least squared difference,
    /// seconds, to a tenth of a frame; `nil` where the head does not turn.
    package static func delay(
        of late: [(time: Double, view: ShapeFit.View)], behind early: [(time: Double, view: ShapeFit.View)]
    ) -> Double? {
        precondition(late.count == early.count)
        guard late.count > 20 else { return nil }
        let step = (late[late.count - 1].time - late[0].time) / Double(late.count - 1)
        let (a, b) = (late.map { values($0.view) }, early.map { values($0.view) })
        let yaws = b.map { $0[0] }
        guard (yaws.max() ?? 0) - (yaws.min() ?? 0) > 0.1 else { return nil }
        func cost(_ shift: Double) -> Double {
            var (sum, count) = (0.0, 0.0)
            for i in 10..<late.count {
                let at = Double(i) - shift
                let whole = Int(at.rounded(.down))
                guard whole >= 0, whole + 1 < early.count else { continue }
                for c in 0..<2 {
                    let value = b[whole][c] + (b[whole + 1][c] - b[whole][c]) * (at - Double(whole))
                    sum += (a[i][c] - value) * (a[i][c] - value)
                    count += 1
                }
            }
            return sum / max(count, 1)
        }
        let shifts = (0...60).map { Double($0) / 10 }
        return shifts.min { cost($0) < cost($1) }.map { $0 * step }
    }
}
