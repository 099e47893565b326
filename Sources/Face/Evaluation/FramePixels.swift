package import Tensors

/// One keyframe's own pixels on a head's atlases, light and all, nothing masked: a baseline for what texturing does.
package struct FramePixels: Sendable {
    /// RGB, sRGB-coded, in the atlas of the skin and of the eyes.
    package let skin: Image
    package let eyes: Image

    /// Texels along the side of the eyes' atlas.
    private static let eyeSize = 512

    /// - Parameters:
    ///   - points: G points of the head as the keyframe shows it, model space, metres.
    ///   - focal: pixels.
    package init(_ keyframe: Keyframe, atlas: TextureAtlas, points: [SIMD3<Float>], pose: Pose, focal: Double) {
        let head = PosedHead(
            atlas: atlas, keyframe: keyframe, points: points, neutral: nil, pose: pose, focal: focal)
        let places = head.points.map { SIMD4($0[0] + $0[4], $0[1] + $0[5], 0, 0) }
        let plane = Plane(linear: keyframe.crop)
        func image(_ map: TexelMap) -> Image {
            let colours = map.interpolated(places).map { place in
                plane.catmullRom(
                    min(max(place.x, 1.5), Float(plane.width) - 1.5), min(max(place.y, 1.5), Float(plane.height) - 1.5))
            }
            return EyeTexture.coded(map, colours, size: map.size)
        }
        skin = image(atlas.map)
        eyes = image(TexelMap(topology: atlas.model.topology, material: .eyes, size: Self.eyeSize))
    }
}
