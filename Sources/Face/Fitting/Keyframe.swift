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

    /// The same picture at 1 / `factor` of its size, each pixel the mean of what it covers; the crop loses what does not
    /// fill a whole pixel.
    package func shrunk(by factor: Int) -> Keyframe {
        precondition(factor >= 1, "shrunk by \(factor)")
        guard factor > 1 else { return self }
        // Pixels of the small picture are blocks of the large one.
        let skip = SIMD2((factor - cropOrigin.x % factor) % factor, (factor - cropOrigin.y % factor) % factor)
        let (width, height) = ((crop.width - skip.x) / factor, (crop.height - skip.y) / factor)
        guard width > 0, height > 0 else { return self }
        var small = Image(width: width, height: height, channels: 3)
        for y in 0..<height {
            for x in 0..<width {
                var sum = SIMD3<Int>.zero
                for v in 0..<factor {
                    var at = 3 * ((skip.y + y * factor + v) * crop.width + skip.x + x * factor)
                    for _ in 0..<factor {
                        sum &+= SIMD3(Int(crop.bytes[at]), Int(crop.bytes[at + 1]), Int(crop.bytes[at + 2]))
                        at += 3
                    }
                }
                for c in 0..<3 { small.bytes[3 * (y * width + x) + c] = UInt8(sum[c] / (factor * factor)) }
            }
        }
        var result = self
        result.crop = small
        result.cropOrigin = (cropOrigin &+ skip) / factor
        result.landmarks = landmarks.map { $0 / Float(factor) }
        result.imageWidth = imageWidth / factor
        result.imageHeight = imageHeight / factor
        return result
    }
}
