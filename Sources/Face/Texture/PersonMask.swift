internal import Tensors

/// Which part of a keyframe's crop is the person, hair and clothes included: a coarse grid over the crop.
package struct PersonMask: Sendable, Equatable {
    /// Cells along each side; together they cover the crop, whatever its shape.
    package let side: Int
    /// Row by row, 0 (not the person) ... 1.
    private let values: [Float]

    /// A face of which less is said to be the person makes the mask worthless.
    private static let least: Float = 0.8

    /// - Returns: `nil` where what the landmarks enclose is not the person: the mask is of something else.
    package init?(side: Int, values: [Float], of keyframe: Keyframe) {
        precondition(side > 0 && values.count == side * side, "\(values.count) values of a mask of \(side)²")
        (self.side, self.values) = (side, values)
        guard !keyframe.landmarks.isEmpty else { return nil }
        let origin = SIMD2<Float>(Float(keyframe.cropOrigin.x), Float(keyframe.cropOrigin.y))
        let extent = SIMD2<Float>(Float(keyframe.crop.width), Float(keyframe.crop.height))
        let sum = keyframe.landmarks.reduce(Float(0)) { $0 + self[($1 - origin) / extent] }
        guard sum / Float(keyframe.landmarks.count) > Self.least else { return nil }
    }

    /// Nearest, at a place of the crop: (0, 0) its top left corner, (1, 1) its bottom right one.
    @inline(__always)
    subscript(place: SIMD2<Float>) -> Float {
        let cell = pointwiseMin(pointwiseMax(place * Float(side), .zero), SIMD2(repeating: Float(side - 1)))
        return values[Int(cell.y) * side + Int(cell.x)]
    }
}
