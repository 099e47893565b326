package import Face
package import Tensors
internal import Tracking
package import Video

/// Where an avatar loses its person: one clip's avatar in variants that each leave one step out or put the frame's own
/// pixels in its place. An independent recognizer judges the files (`docs/5-quality/likeness.md`).
package struct LikenessAblation: Sendable {
    /// One combination of shape and appearance.
    package enum Variant: String, CaseIterable, Sendable {
        /// The frame's own pixels, light and all, on the fitted head in the frame's expression.
        case frameOnFittedHead = "frame-fitted"
        /// The same without expression, then with the lips closed as well.
        case frameOnNeutralHead = "frame-neutral"
        case frameOnClosedHead = "frame-closed"
        /// The same on the mean head, which follows the frame's expression.
        case frameOnMeanHead = "frame-mean"
        /// The frame's skin with painted eyes.
        case frameWithPaintedEyes = "frame-our-eyes"
        /// The product's texture without synthesis on the neutral head, and in the frame's expression.
        case texture = "texture"
        case textureInExpression = "texture-expression"
        case textureWithFrameEyes = "texture-frame-eyes"
        /// The same from that frame alone.
        case oneView = "one-view"
        /// All views, residual shading kept; all views, all light kept.
        case unlevelled = "unlevelled"
        case lit = "lit"
    }

    private let atlas: TextureAtlas
    private let shapes: PersonalShapes
    private let albedo: AlbedoModel?
    private let models: String

    package init(models: String, textureSize: Int = 1024) throws {
        let model = try HeadModelFile.load(from: models)
        atlas = TextureAtlas(model: model, size: textureSize)
        shapes = PersonalShapes(model: model)
        albedo = try FaceDatabaseFile.albedo(from: models)
        self.models = models
    }

    /// - Throws: `Failure` where the source shows no usable face.
    package func avatars(of source: VideoSource) throws -> (
        frame: Image, variants: [(variant: Variant, avatar: Avatar)]
    ) {
        let keyframes = try Keyframes.selected(from: source, models: models)
        guard !keyframes.isEmpty else { throw Failure(.noFace, "\(source): no usable face") }
        let model = atlas.model
        var estimator = ShapeEstimator(model: model)
        let fit = estimator.absorb(keyframes: keyframes)
        var segmenter = try PersonSegmenter(directory: models, library: LiteRTLibrary(directory: models))
        var maker = AvatarMaker(atlas: atlas, albedo: albedo)
        let made = maker.avatar(
            of: FittedKeyframes(time: 0, fit: fit, keyframes: keyframes, final: true), segmenter: &segmenter)
        let masks = Dictionary(
            keyframes.compactMap { k in segmenter.mask(of: k).map { (k.frame, $0) } }, uniquingKeysWith: { $1 })
        let view = fit.views.max { worth($0, keyframes) < worth($1, keyframes) }!
        let keyframe = keyframes.first { $0.frame == view.frame }!

        let fitted = model.points(identity: fit.identity)
        let inExpression = model.expressed(fitted, expression: view.expression)
        let pixels = FramePixels(keyframe, atlas: atlas, points: inExpression, pose: view.pose, focal: fit.focal)
        let mean = [Double](repeating: 0, count: model.identityCount)
        let meanView = estimator.trackPose(
            landmarks: keyframe.landmarks, frame: keyframe.frame, imageWidth: keyframe.imageWidth,
            imageHeight: keyframe.imageHeight, focal: fit.focal, identity: mean)
        let meanHead = model.points(identity: mean, expression: meanView.expression)
        let meanPixels = FramePixels(
            keyframe, atlas: atlas, points: meanHead, pose: meanView.pose, focal: fit.focal)

        func texture(_ keyframes: [Keyframe], _ options: DelightingOptions) -> Image {
            var accumulator = TextureAccumulator(atlas: atlas, albedo: albedo, options: options)
            accumulator.absorb(keyframes, fit: fit, personMasks: masks)
            return accumulator.texture().baseColor()
        }
        func avatar(_ points: [SIMD3<Float>], _ skin: Image, _ eyes: Image) -> Avatar {
            var result = made.avatar
            (result.points, result.skin, result.eyes) = (points, skin, eyes)
            return result
        }
        let (closed, ours, eyes) = (made.avatar.points, made.avatar.skin, made.avatar.eyes)
        let variants = Variant.allCases.map { variant -> (variant: Variant, avatar: Avatar) in
            switch variant {
            case .frameOnFittedHead: (variant, avatar(inExpression, pixels.skin, pixels.eyes))
            case .frameOnNeutralHead: (variant, avatar(fitted, pixels.skin, pixels.eyes))
            case .frameOnClosedHead: (variant, avatar(closed, pixels.skin, pixels.eyes))
            case .frameOnMeanHead: (variant, avatar(meanHead, meanPixels.skin, meanPixels.eyes))
            case .frameWithPaintedEyes: (variant, avatar(inExpression, pixels.skin, eyes))
            case .texture: (variant, avatar(closed, ours, eyes))
            case .textureInExpression: (variant, avatar(inExpression, ours, eyes))
            case .textureWithFrameEyes: (variant, avatar(closed, ours, pixels.eyes))
            case .oneView: (variant, avatar(closed, texture([keyframe], DelightingOptions()), eyes))
            case .unlevelled:
                (variant, avatar(closed, texture(keyframes, DelightingOptions(suppressesResidualShading: false)), eyes))
            case .lit:
                (
                    variant,
                    avatar(
                        closed,
                        texture(
                            keyframes, DelightingOptions(removesLight: false, suppressesResidualShading: false)), eyes)
                )
            }
        }
        return (keyframe.crop, variants)
    }

    /// The best frontal view, as sharp and well lit as selection found it.
    private func worth(_ view: ShapeFit.View, _ keyframes: [Keyframe]) -> Double {
        guard let keyframe = keyframes.first(where: { $0.frame == view.frame }) else { return 0 }
        let yaw = view.pose.angles.yaw / 0.2
        return (0.05 + keyframe.score) / (1 + yaw * yaw)
    }
}
