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

    /// The second-order light that explains the picture best in sRGB codes, each channel by itself; here nothing has to
    /// be kept for the albedo. Least squares in linear light, each pixel weighted by the slope between what it shows and
    /// what was drawn last, so that hair over the brow, far darker than any light explains, does not darken all.
    private static func light(_ colours: [SIMD4<Float>], _ albedo: [SIMD4<Float>], _ normals: [SIMD3<Float>]) -> Light?
    {
        let bases = normals.map { n -> [Double] in
            let n = SIMD3<Double>(n)
            return [1, n.x, n.y, n.z, n.x * n.y, n.y * n.z, n.z * n.x, n.x * n.x - n.y * n.y, 3 * n.z * n.z - 1]
        }
        var coefficients = [SIMD3<Float>](repeating: .zero, count: 9)
        for channel in 0..<3 {
            var drawn = colours.map { Double($0[channel]) }
            for _ in 0..<5 {
                var rows = Matrix(rows: colours.count, columns: 10)
                for i in colours.indices {
                    let seen = Double(colours[i][channel])
                    let weight = Self.slope(seen, drawn[i])
                    for (j, value) in bases[i].enumerated() { rows[i, j] = weight * value * Double(albedo[i][channel]) }
                    rows[i, 9] = weight * seen
                }
                let gram = rows.gram()
                var normal = gram.block(rows: 0..<9, columns: 0..<9)
                // Held a little, for the sake of normals of which the picture shows few.
                for j in 1..<9 { normal[j, j] += (j < 4 ? 0.001 : 0.003) * gram[0, 0] }
                guard let solved = normal.choleskySolve((0..<9).map { gram[$0, 9] }) else { return nil }
                for j in 0..<9 { coefficients[j][channel] = Float(solved[j]) }
                for i in drawn.indices {
                    drawn[i] = max(zip(bases[i], solved).reduce(0) { $0 + $1.0 * $1.1 }, 0) * Double(albedo[i][channel])
                }
            }
        }
        return Light(coefficients: coefficients)
    }

    /// Of the sRGB curve between two linear values, near enough: of the power 0.42.
    private static func slope(_ a: Double, _ b: Double) -> Double {
        let (a, b) = (min(max(a, 0.004), 1), min(max(b, 0.004), 1))
        return abs(a - b) < 0.01 * a ? 0.42 * pow(a, -0.58) : (pow(a, 0.42) - pow(b, 0.42)) / (a - b)
    }
}
