internal import Foundation

/// Steadies a head's pose and expression from frame to frame without lagging behind what moves.
package struct MotionFilter: Sendable {
    /// A gap in time after which nothing is carried over, seconds.
    package static let longestGap = 0.5
    /// Rotation in radians, translation in metres (towards the camera it is ten times as uncertain), weights.
    private static let turning = OneEuroFilter.Settings(minimumCutoff: 1.2, slope: 12)
    private static let shifting = OneEuroFilter.Settings(minimumCutoff: 1.2, slope: 60)
    private static let approaching = OneEuroFilter.Settings(minimumCutoff: 0.7, slope: 20)
    private static let expressing = OneEuroFilter.Settings(minimumCutoff: 1.5, slope: 3)

    private var time: Double?
    /// Yaw, pitch, roll, x, y, z, then the weights.
    private var filters: [OneEuroFilter] = []
    /// Angles that went on turning past ±π.
    private var angles = SIMD3<Double>.zero

    package init() {}

    /// - Parameters:
    ///   - view: of the frame at `time` (seconds, ascending).
    package mutating func next(_ view: ShapeFit.View, at time: Double) -> ShapeFit.View {
        let own = view.pose.angles
        var turned = SIMD3(own.yaw, own.pitch, own.roll)
        let step = self.time.map { time - $0 } ?? .infinity
        self.time = time
        guard step > 0, step <= Self.longestGap, filters.count == 6 + view.expression.count else {
            start(view, turned)
            return view
        }
        turned += ((angles - turned) / (2 * .pi)).rounded(.toNearestOrAwayFromZero) * (2 * .pi)
        angles = turned
        let t = view.pose.translation
        let raw = [turned.x, turned.y, turned.z, t.x, t.y, t.z] + view.expression
        let smooth = filters.indices.map { filters[$0].next(raw[$0], after: step) }
        var result = view
        result.pose = Pose(
            yaw: smooth[0], pitch: smooth[1], roll: smooth[2], translation: SIMD3(smooth[3], smooth[4], smooth[5]))
        result.expression = smooth[6...].map { min(max($0, 0), 1) }
        return result
    }

    private mutating func start(_ view: ShapeFit.View, _ turned: SIMD3<Double>) {
        angles = turned
        let t = view.pose.translation
        filters =
            Array(repeating: OneEuroFilter(Self.turning), count: 3)
            + [OneEuroFilter(Self.shifting), OneEuroFilter(Self.shifting), OneEuroFilter(Self.approaching)]
            + view.expression.map { _ in OneEuroFilter(Self.expressing) }
        let raw = [turned.x, turned.y, turned.z, t.x, t.y, t.z] + view.expression
        for i in filters.indices { _ = filters[i].next(raw[i], after: 1) }
    }
}
