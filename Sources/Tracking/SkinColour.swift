internal import Tensors

/// A hint for hands, cups and hair over the face: how many places of the face are far from its own usual chroma.
enum SkinColour {
    /// Landmarks on bare skin of nearly everybody: forehead, cheeks, nose, chin.
    private static let places = [
        10, 151, 9, 67, 297, 69, 299, 50, 280, 101, 330, 205, 425, 36, 266, 118, 347, 187, 411, 5, 4, 195, 199, 200,
        175,
        207, 427, 213, 433, 147, 376,
    ]

    /// 0...1: share of the places whose chroma is more than 14 codes from the median.
    static func strangeShare(_ image: YUVImage, _ face: FaceLandmarks) -> Float {
        var samples: [SIMD2<Float>] = []
        for place in places {
            let p = face.points[place]
            guard p.x >= 1, p.y >= 1, p.x < Float(image.width - 1), p.y < Float(image.height - 1) else { continue }
            let at = (Int(p.y) >> image.chromaShiftY) * image.chromaWidth + (Int(p.x) >> image.chromaShiftX)
            samples.append(SIMD2(Float(image.cb[at]), Float(image.cr[at])))
        }
        guard samples.count >= places.count / 2 else { return 1 }
        let median = SIMD2(samples.map(\.x).sorted()[samples.count / 2], samples.map(\.y).sorted()[samples.count / 2])
        let far = samples.count { sample in
            let d = sample - median
            return (d * d).sum() > 14 * 14
        }
        return Float(far) / Float(samples.count)
    }
}
