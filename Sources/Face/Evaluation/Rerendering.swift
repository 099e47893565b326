internal import Foundation
package import Tensors

/// An avatar drawn over a picture of its person that nothing was learned from: pose and expression by the landmarks,
/// light by the picture, shape and texture as they are.
package struct Rerendering: Sendable {
    package let image: Image
    /// `width × height` of the crop: pixels that show the face's skin.
    package let mask: [Bool]
    package let comparison: RenderComparison

    /// - Parameters:
    ///   - regions: of the avatar's points.
    ///   - view: of `keyframe`, for this head and `focal` (pixels).
    /// - Returns: `nil` where less than 100 pixels of the face are seen.
    package init?(
        _ avatar: Avatar, regions: HeadRegions, renderer: AvatarRenderer, keyframe: Keyframe, view: ShapeFit.View,
        focal: Double
    ) {
        let middle = SIMD2(Double(keyframe.imageWidth), Double(keyframe.imageHeight)) / 2
        let origin = SIMD2(Double(keyframe.cropOrigin.x), Double(keyframe.cropOrigin.y))
        let camera = Camera(focal: focal, centre: middle - origin)
        let weights = Dictionary(zip(avatar.expressions.map(\.name), view.expression)) { _, last in last }
        let points = avatar.points(expression: weights)
        let surface = renderer.surface(
            points: points, pose: view.pose, camera: camera, width: keyframe.crop.width, height: keyframe.crop.height)
        let isFace = regions.insideFace.indices.map { regions.insideFace[$0] > 0.002 && regions.interior[$0] == .none }
        let mask = surface.map { $0.map { place in place.corners.allSatisfy { isFace[$0] } } ?? false }
        var (colours, albedo, normals): ([SIMD4<Float>], [SIMD4<Float>], [SIMD3<Float>]) = ([], [], [])
        for i in mask.indices where mask[i] {
            guard let place = surface[i] else { continue }
            let seen = (0..<3).map { SRGB.linear[Int(keyframe.crop.bytes[3 * i + $0])] }
            colours.append(SIMD4(seen[0], seen[1], seen[2], 1))
            albedo.append(SIMD4(place.albedo, 0))
            normals.append(place.normal)
        }
        guard colours.count >= 100,
            let light = Illumination.fit(colours: colours, albedo: albedo, normals: normals)
        else { return nil }
        let fitted = Light(coefficients: light.coefficients.map { SIMD3($0.x, $0.y, $0.z) })
        image = renderer.draw(points: points, pose: view.pose, camera: camera, onto: keyframe.crop, light: fitted)
        self.mask = mask
        comparison = RenderComparison(image, keyframe.crop, mask: mask)
    }
}
