internal import Face
package import Tensors

/// The picture by which a person judges a run: frame | fitted head over the frame | avatar from −60° to 60°.
package enum ResultSheet {
    static let yaws = [-60.0, -30, 0, 30, 60]

    package static func image(of finished: LastAvatar, size: Int = 384) -> Image {
        let renderer = AvatarRenderer(avatar: finished.avatar)
        let portraits = yaws.map { renderer.portrait(yaw: $0 * .pi / 180, size: size) }
        var sheet = ContactSheet(rowHeight: size)
        sheet.add(row: overlays(of: finished, renderer) + portraits)
        return sheet.image()
    }

    /// The best frontal keyframe (or the most frontal, where none is within 15°), plain and with the fitted head over it.
    private static func overlays(of finished: LastAvatar, _ renderer: AvatarRenderer) -> [Image] {
        let seen = finished.made.fit.views.compactMap { view in
            finished.made.keyframes.first { $0.frame == view.frame }.map { (view: view, keyframe: $0) }
        }
        func turn(_ view: ShapeFit.View) -> Double { abs(view.pose.angles.yaw) }
        let frontal = seen.filter { turn($0.view) < 15 * .pi / 180 }.max { $0.keyframe.score < $1.keyframe.score }
        guard let (view, keyframe) = frontal ?? seen.min(by: { turn($0.view) < turn($1.view) }) else { return [] }
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
