internal import Foundation
package import Tensors

/// The eyes' texture of one person: painted in the person's colours, and over it the pixels of the view that shows each eye
/// best, turned to look ahead.
package struct EyePainter: Sendable {
    /// Texels along the atlas' side.
    private static let size = 512
    /// Of the angle between gaze and head, radians: views beyond are hardly used.
    private static let gazeDeviation: Float = 0.15
    /// Where pixels count nothing and fully: distance inside the lids, as a share of the eye's width. Nearer there are lashes
    /// and the lids' own colour.
    private static let rim: ClosedRange<Float> = 0.03...0.08
    /// Luminance beside the painted one from which on a pixel is a highlight, and twice of which it is nothing else.
    private static let highlight: Float = 1.6

    private let atlas: TextureAtlas
    private let map: TexelMap
    /// Per side: the ball's centre and radius on the mean head, metres.
    private let balls: (left: SIMD4<Float>, right: SIMD4<Float>)
    /// Points of both balls, ascending: sums over them are the same in every run.
    private let points: [Int]

    package init(atlas: TextureAtlas) {
        self.atlas = atlas
        map = TexelMap(topology: atlas.model.topology, material: .eyes, size: Self.size)
        balls = EyeTexture.eyeSpheres(atlas.model)
        let topology = atlas.model.topology
        let part = topology.parts.first { $0.material == .eyes }?.triangles ?? []
        points = Set(part.map { Int(topology.pointOfVertex[Int($0)]) }).sorted()
    }

    /// - Parameter light: `TextureAccumulator.frontalLight`.
    /// - Returns: RGB, sRGB-coded, in the eyes' atlas.
    package func image(of keyframes: [Keyframe], fit: ShapeFit, light: [Int: SIMD3<Float>]) -> Image {
        let eyes = keyframes.flatMap { keyframe in
            EyeMeasurement.Side.allCases.compactMap { EyeMeasurement(keyframe, side: $0) }
        }.filter { light[$0.frame] != nil }
        let colours = EyeColours(eyes, light: light) ?? .usual
        var texels = EyeTexture.painted(model: atlas.model, map: map, colours: colours)
        let head = atlas.model.points(identity: fit.identity)
        for side in EyeMeasurement.Side.allCases {
            guard let ball = ball(of: side, on: head) else { continue }
            let sights = eyes.filter { $0.side == side }.compactMap { eye -> Sight? in
                guard let keyframe = keyframes.first(where: { $0.frame == eye.frame }),
                    let view = fit.views.first(where: { $0.frame == eye.frame })
                else { return nil }
                return sight(eye, ball: ball, keyframe, view, focal: fit.focal)
            }
            guard let best = sights.max(by: { $0.worth < $1.worth }), best.worth > 0.1,
                let lamp = light[best.eye.frame]
            else { continue }
            project(best, lamp: lamp, onto: &texels)
        }
        return EyeTexture.coded(map, texels, size: Self.size)
    }

    /// An eye with the ball that the fit puts there.
    private struct Sight {
        var eye: EyeMeasurement
        var keyframe: Keyframe
        var pose: Pose
        var focal: Double
        /// Model space, metres.
        var centre: SIMD3<Double>
        var radius: Double
        /// Model space: the direction that the eye looks in.
        var gaze: SIMD3<Double>
        var worth: Float
    }

    /// The ball's centre (model space, metres) and radius on a fitted head: it moves as a whole with the identity. `nil` for a
    /// model without eyes.
    private func ball(of side: EyeMeasurement.Side, on head: [SIMD3<Float>]) -> SIMD4<Float>? {
        let mean = atlas.model.mean
        let own = points.filter { (mean[$0].x > 0) == (side == .left) }
        guard !own.isEmpty else { return nil }
        let shift = own.reduce(SIMD3<Float>.zero) { $0 + head[$1] - mean[$1] } / Float(own.count)
        return (side == .left ? balls.left : balls.right) + SIMD4(shift, 0)
    }

    private func sight(
        _ eye: EyeMeasurement, ball: SIMD4<Float>, _ keyframe: Keyframe, _ view: ShapeFit.View, focal: Double
    ) -> Sight? {
        let radius = Double(ball.w)
        // Along the ray through the middle of the lids, at the fitted depth: a fit's lids lie a millimetre or two off.
        let fitted = SIMD3<Double>(SIMD3(ball.x, ball.y, ball.z))
        let camera = Camera(width: keyframe.imageWidth, height: keyframe.imageHeight, focal: focal)
        let crop = SIMD2<Double>(Double(keyframe.cropOrigin.x), Double(keyframe.cropOrigin.y))
        let seen = view.pose.apply(fitted)
        let lids = eye.contour.reduce(SIMD2<Float>.zero, +) / Float(eye.contour.count)
        let aim = (SIMD2<Double>(lids) + crop - camera.centre) / camera.focal
        let centre = SIMD3(aim.x * seen.z, aim.y * seen.z, seen.z)
        // Where the ray through the iris' centre meets the ball.
        let iris = (SIMD2<Double>(eye.irisCentre) + crop - camera.centre) / camera.focal
        let ray = SIMD3(iris.x, iris.y, 1)
        let along = (ray * centre).sum() / (ray * ray).sum()
        let beside = centre - ray * along
        let depth = radius * radius - (beside * beside).sum()
        guard depth > 0 else { return nil }
        let pupil = ray * (along - (depth / (ray * ray).sum()).squareRoot()) - centre
        let r = view.pose.rotation
        func toModel(_ v: SIMD3<Double>) -> SIMD3<Double> { r.row0 * v.x + r.row1 * v.y + r.row2 * v.z }
        let gaze = toModel(pupil) / radius
        let angle = Float(acos(min(max(gaze.z, -1), 1))) / Self.gazeDeviation
        let turned = Float(view.pose.angles.yaw) / 0.3
        let worth =
            Float(0.2 + keyframe.score) * min(eye.openness / 0.3, 1) / ((1 + angle * angle) * (1 + turned * turned))
        return Sight(
            eye: eye, keyframe: keyframe, pose: view.pose, focal: focal,
            centre: toModel(centre - view.pose.translation), radius: radius, gaze: gaze, worth: worth)
    }

    /// Reads the eye's texels from the view: each direction of the ball, turned by the gaze, projected.
    private func project(_ sight: Sight, lamp: SIMD3<Float>, onto texels: inout [SIMD4<Float>]) {
        let model = atlas.model
        let ball = sight.eye.side == .left ? balls.left : balls.right
        let plane = Plane(linear: sight.keyframe.crop)
        let camera = Camera(
            width: sight.keyframe.imageWidth, height: sight.keyframe.imageHeight, focal: sight.focal)
        let crop = SIMD2<Double>(Double(sight.keyframe.cropOrigin.x), Double(sight.keyframe.cropOrigin.y))
        let turn = Self.rotation(from: [0, 0, 1], to: sight.gaze)
        let places = map.interpolated(model.mean.map { SIMD4($0, 0) })
        for i in places.indices where (places[i].x > 0) == (sight.eye.side == .left) {
            let d = SIMD3<Double>(SIMD3(places[i].x, places[i].y, places[i].z) - SIMD3(ball.x, ball.y, ball.z))
            guard d.z > 0 else { continue }
            let length = (d * d).sum().squareRoot()
            let p = sight.pose.apply(sight.centre + turn.apply(d / max(length, 1e-9)) * sight.radius)
            let image = camera.project(p) - crop
            let pixel = SIMD2<Float>(image)
            let inside = HeadRegions.signedDistance(pixel, sight.eye.contour) / sight.eye.width
            var trust = min(max((inside - Self.rim.lowerBound) / (Self.rim.upperBound - Self.rim.lowerBound), 0), 1)
            guard trust > 0, pixel.x > 1.5, pixel.y > 1.5, pixel.x < Float(plane.width) - 1.5,
                pixel.y < Float(plane.height) - 1.5
            else { continue }
            let seen = plane.catmullRom(pixel.x, pixel.y) / SIMD4(lamp, 1)
            let over = seen.luminance / max(texels[i].luminance, 0.02) / Self.highlight
            trust *= min(max(2 - over, 0), 1)
            texels[i] += (SIMD4(seen.x, seen.y, seen.z, 1) - texels[i]) * trust
        }
    }

    /// The shortest rotation between unit vectors (Rodrigues).
    private static func rotation(from a: SIMD3<Double>, to b: SIMD3<Double>) -> Rotation {
        let axis = cross(a, b)
        let (sine, cosine) = ((axis * axis).sum().squareRoot(), (a * b).sum())
        guard sine > 1e-9 else { return .identity }
        return Rotation(vector: axis / sine * atan2(sine, cosine))
    }
}
