package import Tensors

/// The evidence of all kept views of one person, and the complete texture it makes.
///
/// Low band: robust mean over the views after each one's light is divided out. High band: from the best view of each
/// place, seams feathered, never an average, since averaging misregistered views blurs pores. What nobody saw is filled
/// from the mirrored side, then from what the seen face makes likely, smoothly over the surface. A value: the same views give
/// the same texture.
package struct TextureAccumulator: Sendable {
    package let atlas: TextureAtlas
    /// Of the atlas' points; `nil` where none is installed.
    package let albedo: AlbedoModel?
    /// In order of `frame`.
    package private(set) var views: [PartialTexture] = []
    package let options: DelightingOptions

    /// - Parameter albedo: one of other points than the atlas' is not used.
    package init(atlas: TextureAtlas, albedo: AlbedoModel? = nil, options: DelightingOptions = DelightingOptions()) {
        self.atlas = atlas
        self.options = options
        self.albedo = albedo?.pointCount == atlas.model.topology.pointCount ? albedo : nil
    }

    /// Takes a view in, in place of an earlier one of the same frame.
    package mutating func absorb(_ view: PartialTexture) {
        precondition(view.size == atlas.size, "view of \(view.size) texels for an atlas of \(atlas.size)")
        remove(frame: view.frame)
        let at = views.firstIndex { $0.frame > view.frame } ?? views.count
        views.insert(view, at: at)
    }

    package mutating func remove(frame: Int) {
        views.removeAll { $0.frame == frame }
    }

    /// Brings the views to a fit: forgets those of keyframes that are gone, unwraps the new ones and those that the fit
    /// has moved; keyframes that the fit has no view of are left out.
    /// - Parameters:
    ///   - keyframes: all that are to be shown.
    ///   - personMasks: by `Keyframe.frame`.
    ///   - tolerance: pixels of the source, root mean square over the facing points, by which a view may lie beside where
    ///     the fit now puts it before it is unwrapped anew. Half a pixel is less than any fit knows.
    package mutating func absorb(
        _ keyframes: [Keyframe], fit: ShapeFit, personMasks: [Int: PersonMask] = [:], tolerance: Float = 0.5
    ) {
        let neutral = atlas.model.points(identity: fit.identity)
        let placed = keyframes.compactMap { keyframe in
            fit.views.first { $0.frame == keyframe.frame }.map { (keyframe: keyframe, view: $0) }
        }
        let known = views
        views = placed.mapConcurrently { [atlas] keyframe, view in
            let points = atlas.model.expressed(neutral, expression: view.expression)
            let head = PosedHead(
                atlas: atlas, keyframe: keyframe, points: points, neutral: neutral, pose: view.pose, focal: fit.focal)
            if let old = known.first(where: { $0.frame == keyframe.frame }), old.drift(to: head) <= tolerance {
                return old
            }
            return atlas.unwrap(keyframe, head: head, pose: view.pose, personMask: personMasks[keyframe.frame])
        }.sorted { $0.frame < $1.frame }
    }

    /// The complete map of all that was absorbed; every texel is finite, gutters filled.
    package func texture() -> Texture {
        let fused = fused()
        return filled(fused)
    }

    /// Everything at once: all keyframes of a fit.
    /// - Parameter personMasks: by `Keyframe.frame`.
    package static func texture(
        atlas: TextureAtlas, fit: ShapeFit, keyframes: [Keyframe], personMasks: [Int: PersonMask] = [:]
    ) -> Texture {
        var accumulator = TextureAccumulator(atlas: atlas)
        accumulator.absorb(keyframes, fit: fit, personMasks: personMasks)
        return accumulator.texture()
    }
}

/// What is done about light.
package struct DelightingOptions: Sendable, Equatable {
    /// Each view's fitted light is divided out.
    package var removesLight: Bool
    /// Smooth departures of plain skin from its typical colour are attenuated, since most of them are light.
    package var suppressesResidualShading: Bool

    package init(removesLight: Bool = true, suppressesResidualShading: Bool = true) {
        (self.removesLight, self.suppressesResidualShading) = (removesLight, suppressesResidualShading)
    }
}

extension Texture {
    /// The albedo as glTF's base colour: RGB, sRGB-coded.
    package func baseColor() -> Image {
        let codes = LightCode.codes
        let bytes = [UInt8](unsafeUninitializedCapacity: albedo.values.count) { bytes, count in
            albedo.values.withUnsafeBufferPointer { values in
                codes.withUnsafeBufferPointer { codes in
                    for i in values.indices {
                        bytes[i] = codes[min(Int(max(values[i], 0).squareRoot() * 4095 + 0.5), 4095)]
                    }
                }
            }
            count = albedo.values.count
        }
        return Image(width: albedo.width, height: albedo.height, channels: 3, bytes: bytes)
    }
}
