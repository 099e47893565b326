package import Face
internal import Tensors
package import Tracking

/// A fit and its keyframes → an avatar with its texture, and how good it is. What is the same for all is made once, and
/// views that a new fit hardly moves are not unwrapped anew.
package struct AvatarMaker: Sendable {
    package let atlas: TextureAtlas
    private var accumulator: TextureAccumulator
    /// Texels of the face proper, which quality is measured on.
    private let faceTexels: [Int]
    private let lashes: Image
    private let shapes: PersonalShapes
    private let eyePainter: EyePainter
    /// By `Keyframe.frame`; `nil` inside where there is none to be had.
    private var masks: [Int: PersonMask?] = [:]

    package init(atlas: TextureAtlas, albedo: AlbedoModel? = nil) {
        let model = atlas.model
        self.atlas = atlas
        accumulator = TextureAccumulator(atlas: atlas, albedo: albedo)
        let inside = atlas.map.interpolated(
            model.mean.indices.map { SIMD4(atlas.regions.insideFace[$0], 0, 0, 0) })
        faceTexels = atlas.map.texels.indices.filter { inside[$0].x > 0 }.map { Int(atlas.map.texels[$0]) }
        lashes = LashTexture.image(model: model)
        shapes = PersonalShapes(model: model)
        eyePainter = EyePainter(atlas: atlas)
    }

    /// - Parameter segmenter: tells the hair around the head from what is behind it.
    package mutating func avatar(
        of made: FittedKeyframes, segmenter: inout PersonSegmenter
    ) -> FinishedAvatar {
        let known = masks
        masks = [:]
        for keyframe in made.keyframes {
            masks[keyframe.frame] = .some(known[keyframe.frame] ?? segmenter.mask(of: keyframe))
        }
        accumulator.absorb(made.keyframes, fit: made.fit, personMasks: masks.compactMapValues { $0 })
        let fused = accumulator.fused()
        let texture = accumulator.filled(fused)
        let model = atlas.model
        let (points, expressions) = shapes.head(model.points(identity: made.fit.identity))
        let eyes = eyePainter.image(of: made.keyframes, fit: made.fit, light: accumulator.frontalLight(fused))
        let confidence = faceTexels.map { texture.confidence.values[$0] }
        let count = Double(max(confidence.count, 1))
        let coverage = Double(confidence.count { $0 > 0.1 }) / count
        let avatar = Avatar(
            topology: model.topology, points: points, expressions: expressions, skin: texture.baseColor(),
            eyes: eyes, lashes: lashes, teethColour: EyeTexture.teeth, tongueColour: EyeTexture.tongue,
            landmarks7: NoWLandmarks.places(model: model, points: points), coverage: coverage)
        var finished = FinishedAvatar(
            avatar: avatar,
            quality: AvatarQuality(
                coverage: coverage, confidence: Double(confidence.reduce(0, +)) / count,
                deviation: made.fit.deviation.surface),
            texture: texture, made: made, faceTexels: faceTexels)
        finished.quality.coloursInferred = accumulator.isGrey ? true : nil
        finished.setOrigins(refinement: nil)
        return finished
    }

    /// A fitted head in one colour, for whoever wants its shape only.
    package static func plain(model: MorphableModel, fit: ShapeFit) -> Avatar {
        let points = model.points(identity: fit.identity)
        var skin = Image(width: 16, height: 16, channels: 3)
        for i in skin.bytes.indices { skin.bytes[i] = [200, 170, 150][i % 3] }
        return Avatar(
            topology: model.topology, points: points, expressions: model.expressions, skin: skin,
            eyes: EyeTexture.image(model: model), lashes: LashTexture.image(model: model),
            teethColour: EyeTexture.teeth, tongueColour: EyeTexture.tongue,
            landmarks7: NoWLandmarks.places(model: model, points: points))
    }
}

extension PersonSegmenter {
    /// - Returns: `nil` where the network finds nobody, or fails: an avatar can do without.
    mutating func mask(of keyframe: Keyframe) -> PersonMask? {
        guard let mask = try? mask(of: YUVImage(rgb: keyframe.crop)) else { return nil }
        return PersonMask(side: Self.size, values: mask.values, of: keyframe)
    }
}
