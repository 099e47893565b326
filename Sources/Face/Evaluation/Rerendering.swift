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
        guard colours.count >= 100, let light = Self.light(colours, albedo, normals) else { return nil }
        image = renderer.draw(points: points, pose: view.pose, camera: camera, onto: keyframe.crop, light: light)
        self.mask = mask
        comparison = RenderComparison(image, keyframe.crop, mask: mask)
    }

    /// The second-order light that explains the picture best, each channel by itself; here nothing has to be kept for the
    /// albedo. Errors count as in sRGB codes, whose step per linear light falls with the light's power of 0.58.
    private static func light(_ colours: [SIMD4<Float>], _ albedo: [SIMD4<Float>], _ normals: [SIMD3<Float>]) -> Light?
    {
        var coefficients = [SIMD3<Float>](repeating: .zero, count: 9)
        for channel in 0..<3 {
            var rows = Matrix(rows: colours.count, columns: 10)
            for i in colours.indices {
                let n = SIMD3<Double>(normals[i])
                let basis = [
                    1, n.x, n.y, n.z, n.x * n.y, n.y * n.z, n.z * n.x, n.x * n.x - n.y * n.y, 3 * n.z * n.z - 1,
                ]
                let weight = pow(Double(max(colours[i][channel], 0.01)), -0.58)
                for (j, value) in basis.enumerated() { rows[i, j] = weight * value * Double(albedo[i][channel]) }
                rows[i, 9] = weight * Double(colours[i][channel])
            }
            let gram = rows.gram()
            var normal = gram.block(rows: 0..<9, columns: 0..<9)
            // The second order is held a little, for the sake of normals that the face does not have.
            for j in 0..<9 { normal[j, j] += (j < 4 ? 1e-6 : 0.0003) * gram[0, 0] }
            guard let solved = normal.choleskySolve((0..<9).map { gram[$0, 9] }) else { return nil }
            for j in 0..<9 { coefficients[j][channel] = Float(solved[j]) }
        }
        return Light(coefficients: coefficients)
    }
}
