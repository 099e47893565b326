internal import Face
package import Tensors

/// The picture by which a person judges a run: frame | fitted head over the frame | avatar from −60° to 60°.
package enum ResultSheet {
    static let yaws = [-60.0, -30, 0, 30, 60]

    package static func image(of finished: FinishedAvatar, size: Int = 384) -> Image {
        let renderer = AvatarRenderer(avatar: finished.avatar)
        let portraits = yaws.map { renderer.portrait(yaw: $0 * .pi / 180, size: size) }
        var sheet = ContactSheet(rowHeight: size)
        sheet.add(row: overlays(of: finished, renderer) + portraits)
        return sheet.image()
    }

    /// The most frontal keyframe, plain and with the fitted head over it.
    private static func overlays(of finished: FinishedAvatar, _ renderer: AvatarRenderer) -> [Image] {
        let views = finished.made.fit.views
        let frontal = views.min { abs($0.pose.angles.yaw) < abs($1.pose.angles.yaw) }
        guard let view = frontal, let keyframe = finished.made.keyframes.first(where: { $0.frame == view.frame })
        else { return [] }
        let weights = Dictionary(
            zip(finished.avatar.expressions.map(\.name), view.expression), uniquingKeysWith: { $1 })
        let middle = SIMD2(Double(keyframe.imageWidth), Double(keyframe.imageHeight)) / 2
        let camera = Camera(focal: finished.made.fit.focal, centre: middle - SIMD2<Double>(keyframe.cropOrigin))
        let drawn = renderer.draw(
            points: finished.avatar.points(expression: weights), pose: view.pose, camera: camera, onto: keyframe.crop,
            light: .studio, opacity: 0.85)
        return [keyframe.crop, drawn]
    }
}

extension SIMD2<Double> {
    fileprivate init(_ integers: SIMD2<Int>) { self.init(Double(integers.x), Double(integers.y)) }
}
