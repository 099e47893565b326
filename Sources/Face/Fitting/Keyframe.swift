package import Tensors

/// A kept observation: what fitting and texture need of one frame, and nothing of the rest of the picture.
package struct Keyframe: Sendable {
    /// Number of the frame in its source.
    package var frame: Int
    /// Presentation time in seconds.
    package var time: Double
    /// Size of the whole picture in pixels.
    package var imageWidth: Int
    package var imageHeight: Int
    /// 468 landmarks in image space (pixels).
    package var landmarks: [SIMD2<Float>]
    /// The picture around the face, RGB, sRGB-coded; pixel (0, 0) of the crop is pixel `cropOrigin` of the picture.
    package var crop: Image
    package var cropOrigin: SIMD2<Int>
    /// Sharpness score of the observation (comparable over frames of one source).
    package var sharpness: Double
    /// 0...1, how good a view this is in all (selection's score).
    package var score: Double

    package init(
        frame: Int, time: Double, imageWidth: Int, imageHeight: Int, landmarks: [SIMD2<Float>], crop: Image,
        cropOrigin: SIMD2<Int>, sharpness: Double, score: Double
    ) {
        self.frame = frame
        self.time = time
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        self.landmarks = landmarks
        self.crop = crop
        self.cropOrigin = cropOrigin
        self.sharpness = sharpness
        self.score = score
    }
}

extension Keyframe {
    /// Between the middles of the lids' contours, in the picture, pixels.
    package var interEyePixels: Double {
        func middle(_ indices: [Int]) -> SIMD2<Float> {
            indices.reduce(.zero) { $0 + landmarks[$1] } / Float(indices.count)
        }
        let d = middle([33, 133, 159, 145]) - middle([362, 263, 386, 374])
        return Double((d * d).sum().squareRoot())
    }
}
