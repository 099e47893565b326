package import Tensors

/// The iris and the lids of one eye, in image space.
package struct IrisLandmarks: Sendable, Equatable {
    /// Centre, then the edge towards +x, the top, −x and the bottom, pixels.
    package var iris: [SIMD2<Float>]
    /// 71 points of lids, socket and brow, pixels.
    package var contour: [SIMD2<Float>]

    /// Distance of the lids' middles over the distance of the eye's corners: about 0.35 open, 0.13 closed. The face
    /// network's own lids hardly close.
    package var openness: Float {
        func distance(_ a: Int, _ b: Int) -> Float {
            let d = contour[a] - contour[b]
            return (d * d).sum().squareRoot()
        }
        return distance(12, 4) / max(distance(0, 8), 1e-3)
    }

    /// Mean of the iris's width and height, pixels.
    package var diameter: Float {
        func distance(_ a: Int, _ b: Int) -> Float {
            let d = iris[a] - iris[b]
            return (d * d).sum().squareRoot()
        }
        return (distance(1, 3) + distance(2, 4)) / 2
    }

    /// Nearly the same in all people: it gives pictures a scale.
    package static let diameterInMillimetres: Float = 11.8
}

/// MediaPipe's iris network (Ablavatski et al. 2020, arXiv:2006.11341), on demand: 1.4 ms an eye.
package struct IrisEstimator {
    private let model: CompiledModel
    static let size = 64

    package init(directory: String, library: LiteRTLibrary) throws(ModelError) {
        model = try CompiledModel(.iris, directory: directory, library: library)
        guard model.inputCount == Self.size * Self.size * 3, model.outputCounts.sorted() == [15, 213] else {
            throw ModelError(.refused(call: "unexpected shapes", status: -1), file: PinnedFile.iris.rawValue)
        }
    }

    /// The eyes on the left and on the right of the picture.
    package mutating func eyes(
        of image: YUVImage, _ face: FaceLandmarks
    ) throws(ModelError) -> (left: IrisLandmarks, right: IrisLandmarks) {
        (
            try eye(image, face.points[33], face.points[133], mirrored: false),
            try eye(image, face.points[362], face.points[263], mirrored: true)
        )
    }

    /// The network knows eyes whose outer corner is on the left: the other one is mirrored on its way in and out.
    private mutating func eye(
        _ image: YUVImage, _ first: SIMD2<Float>, _ second: SIMD2<Float>, mirrored: Bool
    ) throws(ModelError) -> IrisLandmarks {
        let region = RegionOfInterest(
            box: pointwiseMin(first, second), pointwiseMax(first, second), from: first, to: second, scale: 2.3)
        var grid = region.grid(size: Self.size)
        if mirrored {
            grid.origin += grid.right * Float(Self.size - 1)
            grid.right = -grid.right
        }
        let outputs = try model.run { [grid] input in
            image.sample(
                grid, width: Self.size, height: Self.size, border: .replicate, low: 0, high: 1, into: &input)
        }
        func points(_ count: Int) -> [SIMD2<Float>] {
            let output = outputs[outputs[0].count == count * 3 ? 0 : 1]
            return (0..<count).map {
                let p = SIMD2(output[3 * $0], output[3 * $0 + 1]) / Float(Self.size)
                return region.image(mirrored ? SIMD2(1 - p.x, p.y) : p)
            }
        }
        var iris = points(5)
        if mirrored { iris.swapAt(1, 3) }
        return IrisLandmarks(iris: iris, contour: points(71))
    }
}
