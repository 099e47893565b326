internal import Foundation
package import Tensors

/// 468 points on a face, in image space.
package struct FaceLandmarks: Sendable, Equatable {
    /// Pixels.
    package var points: [SIMD2<Float>]
    /// Pixels, smaller is nearer; relative to the head's middle.
    package var depth: [Float]
    /// 0...1: is there a face in the region at all?
    package var presence: Float
    package var region: RegionOfInterest

    package init(points: [SIMD2<Float>], depth: [Float], presence: Float, region: RegionOfInterest) {
        precondition(points.count == Self.count && depth.count == Self.count, "\(points.count) landmarks")
        self.points = points
        self.depth = depth
        self.presence = presence
        self.region = region
    }

    package static let count = 468
    /// Outer corners of the image-left and image-right eye.
    package static let leftEyeCorner = 33
    package static let rightEyeCorner = 263

    package var box: (low: SIMD2<Float>, high: SIMD2<Float>) {
        points.reduce((SIMD2(repeating: .infinity), SIMD2(repeating: -.infinity))) {
            (pointwiseMin($0.0, $1), pointwiseMax($0.1, $1))
        }
    }

    /// Where to look in the next frame.
    package var nextRegion: RegionOfInterest {
        let (low, high) = box
        return RegionOfInterest(
            box: low, high, from: points[Self.leftEyeCorner], to: points[Self.rightEyeCorner], scale: 1.5)
    }
}

/// FaceMesh (Kartynnik et al. 2019, arXiv:1907.06724): 468 landmarks in a square region.
package struct FaceMesh {
    private let model: CompiledModel
    static let size = 192

    package init(directory: String, library: LiteRTLibrary) throws(ModelError) {
        model = try CompiledModel(.faceMesh, directory: directory, library: library)
        guard model.inputCount == Self.size * Self.size * 3, model.outputCounts.sorted() == [1, 468 * 3] else {
            throw ModelError(.refused(call: "unexpected shapes", status: -1), file: PinnedFile.faceMesh.rawValue)
        }
    }

    package mutating func landmarks(
        of image: YUVImage, in region: RegionOfInterest
    ) throws(ModelError) -> FaceLandmarks {
        let grid = region.grid(size: Self.size)
        let outputs = try model.run { input in
            image.sample(
                grid, width: Self.size, height: Self.size, border: .replicate, low: 0, high: 1, into: &input)
        }
        let pointsFirst = outputs[0].count > 1
        let coordinates = pointsFirst ? outputs[0] : outputs[1]
        let logit = (pointsFirst ? outputs[1] : outputs[0])[0]
        let scale = 1 / Float(Self.size)
        return FaceLandmarks(
            points: (0..<FaceLandmarks.count).map {
                region.image(SIMD2(coordinates[3 * $0], coordinates[3 * $0 + 1]) * scale)
            },
            depth: (0..<FaceLandmarks.count).map { coordinates[3 * $0 + 2] * scale * region.side },
            presence: 1 / (1 + exp(-logit)), region: region)
    }
}
