package import Face
internal import Tensors
internal import Tracking
internal import Video

/// The texture of a single photograph: the face fitted, unwrapped, its light removed.
package struct PhotoTexture {
    package let fused: FusedTexture
    package let colours: PointColours
    /// Complete.
    package let texture: Texture
    /// Of the face in the photograph.
    package let pixelsPerMetre: Double

    /// Where the photograph showed it.
    func detail(regions: DetailRegions) -> DetailMap { DetailMap(texture, seen: texture.evidence, regions: regions) }

    /// Pixels: fewer do not resolve the finest octave.
    static let leastInterEye = 150.0

    /// Why a photograph is not used.
    package enum Rejection: Error, CustomStringConvertible {
        case unreadable(String)
        case noFace
        case small(pixels: Double)
        case turned(degrees: Double)

        package var description: String {
            switch self {
            case .unreadable(let why): "cannot be read: \(why)"
            case .noFace: "no face"
            case .small(let pixels):
                "the face is small: \(Int(pixels)) pixels between the eyes, \(Int(PhotoTexture.leastInterEye)) are needed"
            case .turned(let degrees): "the head is turned by \(Int(degrees))°, at most 15 are used"
            }
        }
    }

    /// Fits and unwraps photographs one after the other.
    package struct Maker {
        private var tracker: FaceTracker
        private var segmenter: PersonSegmenter
        private let atlas: TextureAtlas
        private let albedo: AlbedoModel?
        private let delighting: DelightingOptions

        /// - Parameter albedo: what textures are completed by.
        package init(
            atlas: TextureAtlas, models: String, albedo: AlbedoModel? = nil,
            delighting: DelightingOptions = DelightingOptions()
        ) throws(Failure) {
            do {
                let library = try LiteRTLibrary(directory: models)
                tracker = try FaceTracker(directory: models, library: library)
                segmenter = try PersonSegmenter(directory: models, library: library)
            } catch {
                throw Failure(.configuration, error.description)
            }
            self.atlas = atlas
            self.albedo = albedo
            self.delighting = delighting
        }

        /// - Parameters:
        ///   - shrunkBy: the picture is made so many times smaller first, to see what a small one gives.
        ///   - isGrey: its colours are taken away first.
        package mutating func texture(
            of path: String, shrunkBy factor: Int = 1, isGrey: Bool = false
        ) throws(Rejection) -> PhotoTexture {
            let keyframe = try keyframe(path, shrunkBy: factor, isGrey: isGrey)
            var estimator = ShapeEstimator(model: atlas.model)
            let fit = estimator.absorb(keyframes: [keyframe])
            if let view = fit.views.first {
                let degrees = abs(view.pose.angles.yaw) * 180 / .pi
                guard degrees <= 15 else { throw .turned(degrees: degrees) }
            }
            var accumulator = TextureAccumulator(atlas: atlas, albedo: albedo, options: delighting)
            let mask = segmenter.mask(of: keyframe).map { [keyframe.frame: $0] }
            accumulator.absorb([keyframe], fit: fit, personMasks: mask ?? [:])
            let fused = accumulator.fused()
            return PhotoTexture(
                fused: fused, colours: PointColours(fused, atlas: atlas), texture: accumulator.filled(fused),
                pixelsPerMetre: keyframe.interEyePixels / 0.063)
        }

        private mutating func keyframe(_ path: String, shrunkBy factor: Int, isGrey: Bool) throws(Rejection) -> Keyframe
        {
            tracker.reset()
            do {
                var reader = try VideoReader(VideoSource(parsing: path))
                guard let frame = try reader.next() else { throw Rejection.unreadable("no picture in it") }
                let shrunk = frame.image.shrunk(by: factor)
                let image = isGrey ? shrunk.grey : shrunk
                guard case .success(let observation) = try tracker.observe(image, frame: 0, time: 0) else {
                    throw Rejection.noFace
                }
                let keyframe = Keyframe(observation, of: image, score: 1)
                guard factor > 1 || keyframe.interEyePixels >= PhotoTexture.leastInterEye else {
                    throw Rejection.small(pixels: keyframe.interEyePixels)
                }
                return keyframe
            } catch let rejection as Rejection {
                throw rejection
            } catch {
                throw .unreadable("\(error)")
            }
        }
    }
}
