internal import Foundation

/// Gaze and blinks of a person whose head is known, from the irises and lids that an eye network sees.
///
/// An eye's direction is that of the place where the ray through the iris's middle meets the eyeball. Both eyes look at
/// the same thing: their directions are averaged. A blink is told against how far this person's eyes are open as a rule.
package struct EyeFollower: Sendable {
    /// What a network says of one eye.
    package struct Sight: Sendable {
        /// The iris's middle in image space, pixels.
        package var iris: SIMD2<Double>
        /// Distance of the lids over the eye's width.
        package var openness: Double

        package init(iris: SIMD2<Double>, openness: Double) {
            self.iris = iris
            self.openness = openness
        }
    }

    package struct Eyes: Sendable {
        /// The view with the weights of gaze and blinks put in.
        package var view: ShapeFit.View
        /// Where both eyes look, in the head's space: radians to the person's left and up.
        package var yaw: Double
        package var pitch: Double
    }

    /// The eyeball's middle and radius in model space, metres.
    private struct Ball {
        var centre: SIMD3<Double>
        var radius: Double
    }

    private let left: Ball
    private let right: Ball
    private let focal: Double
    private let numbers: [String: Int]
    /// Radians at weight 1.
    private let reach: [String: Double]
    /// How far the eyes are open as a rule: a running upper quantile.
    private var open = (left: 0.33, right: 0.33)

    /// A lid at this share of its usual openness is closed, and still open at that.
    private static let closed = 0.42
    private static let stillOpen = 0.82
    private static let quantile = 0.65
    private static let step = 0.004
    /// Iris landmarks of an eye more closed than this say nothing about gaze.
    private static let blind = 0.6

    package init(model: MorphableModel, fit: ShapeFit) {
        let part = model.topology.parts.first { $0.material == .eyes }?.triangles ?? []
        let eyes = Set(part.map { Int(model.topology.pointOfVertex[Int($0)]) }).sorted()
        let head = model.points(identity: fit.identity)
        func ball(_ points: [Int]) -> Ball {
            let count = Double(max(points.count, 1))
            let centre = points.reduce(SIMD3<Double>.zero) { $0 + SIMD3<Double>(head[$1]) } / count
            let radius = points.reduce(0.0) { sum, g in
                let d = SIMD3<Double>(head[g]) - centre
                return sum + (d * d).sum().squareRoot()
            }
            return Ball(centre: centre, radius: max(radius / count, 0.005))
        }
        let ownLeft = eyes.filter { model.mean[$0].x > 0 }
        left = ball(ownLeft)
        right = ball(eyes.filter { model.mean[$0].x <= 0 })
        focal = fit.focal
        numbers = Dictionary(
            zip(model.expressions.map(\.name), model.expressions.indices), uniquingKeysWith: { first, _ in first })
        // How far each shape turns the left eye: by the point farthest in front.
        let apex = ownLeft.max { model.mean[$0].z < model.mean[$1].z }
        let radius = left.radius
        reach = Dictionary(
            uniqueKeysWithValues: ["Up", "Down", "In", "Out"].map { way in
                let shape = model.expressions.first { $0.name == "eyeLook\(way)Left" }
                let offset = shape.flatMap { shape in
                    apex.flatMap { apex in shape.points.firstIndex(of: UInt32(apex)).map { shape.offsets[$0] } }
                }
                let chord = offset.map { Double(($0 * $0).sum().squareRoot()) } ?? 0
                return (way, max(2 * asin(min(chord / (2 * radius), 1)), 0.2))
            })
    }

    /// This head with what was learned of the person's lids before.
    package func remembering(_ earlier: EyeFollower) -> EyeFollower {
        var result = self
        result.open = earlier.open
        return result
    }

    /// - Parameters:
    ///   - view: of the frame, by landmarks.
    ///   - left, right: the person's own.
    package mutating func view(
        _ view: ShapeFit.View, left sightLeft: Sight, right sightRight: Sight, imageWidth: Int, imageHeight: Int
    ) -> Eyes {
        let middle = SIMD2(Double(imageWidth), Double(imageHeight)) / 2
        let blinks = (
            left: Self.blink(sightLeft.openness, &open.left), right: Self.blink(sightRight.openness, &open.right)
        )
        var (sum, count) = (SIMD2<Double>.zero, 0.0)
        for (ball, sight, blink) in [(left, sightLeft, blinks.left), (right, sightRight, blinks.right)]
        where blink < Self.blind {
            guard let direction = direction(of: ball, seenAt: sight.iris - middle, view.pose) else { continue }
            sum += direction
            count += 1
        }
        let gaze = count > 0 ? sum / count : .zero
        var result = view
        func set(_ name: String, _ weight: Double) {
            guard let number = numbers[name], number < result.expression.count else { return }
            result.expression[number] = min(max(weight, 0), 1)
        }
        set("eyeBlinkLeft", blinks.left)
        set("eyeBlinkRight", blinks.right)
        for (side, outwards) in [("Left", gaze.x), ("Right", -gaze.x)] {
            set("eyeLookOut\(side)", outwards / reach["Out"]!)
            set("eyeLookIn\(side)", -outwards / reach["In"]!)
            set("eyeLookUp\(side)", gaze.y / reach["Up"]!)
            set("eyeLookDown\(side)", -gaze.y / reach["Down"]!)
        }
        return Eyes(view: result, yaw: gaze.x, pitch: gaze.y)
    }

    private static func blink(_ openness: Double, _ usual: inout Double) -> Double {
        usual += step * (openness > usual ? quantile : quantile - 1)
        usual = min(max(usual, 0.15), 0.6)
        return min(max((stillOpen - openness / usual) / (stillOpen - closed), 0), 1)
    }

    /// Angles to the person's left and up, radians, in the head's space; `nil` where the ray passes the eyeball far off.
    private func direction(of ball: Ball, seenAt offset: SIMD2<Double>, _ pose: Pose) -> SIMD2<Double>? {
        let centre = pose.apply(ball.centre)
        var ray = SIMD3(offset.x / focal, offset.y / focal, 1)
        ray /= (ray * ray).sum().squareRoot()
        let along = (ray * centre).sum()
        let gap = (centre * centre).sum() - along * along
        guard along > 0, gap < 1.7 * ball.radius * ball.radius else { return nil }
        // Beside the ball: its rim.
        let near = along - max(ball.radius * ball.radius - gap, 0).squareRoot()
        let d = pose.rotation.inverse.apply(ray * near - centre)
        let length = (d * d).sum().squareRoot()
        return SIMD2(atan2(d.x, d.z), asin(min(max(d.y / length, -1), 1)))
    }
}
