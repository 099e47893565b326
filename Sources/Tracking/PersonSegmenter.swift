package import Tensors

/// MediaPipe's selfie segmentation: which pixels are the person. 3 ms, for keyframes only.
package struct PersonSegmenter {
    private let model: CompiledModel
    /// Width and height of the mask; it covers the whole picture, whatever its shape.
    package static let size = 256

    package init(directory: String, library: LiteRTLibrary) throws(ModelError) {
        model = try CompiledModel(.personMask, directory: directory, library: library)
        guard model.inputCount == Self.size * Self.size * 3, model.outputCounts == [Self.size * Self.size] else {
            throw ModelError(.refused(call: "unexpected shapes", status: -1), file: PinnedFile.personMask.rawValue)
        }
    }

    /// 256 × 256 × 1, 0 (not the person) ... 1.
    package mutating func mask(of image: YUVImage) throws(ModelError) -> FloatImage {
        let factor = max(min(image.width, image.height) / Self.size, 1)
        let small = image.shrunk(by: factor)
        let step = SIMD2(Float(image.width), Float(image.height)) / Float(Self.size * factor)
        let grid = SamplingGrid(origin: (step - 1) / 2, right: SIMD2(step.x, 0), down: SIMD2(0, step.y))
        let outputs = try model.run { input in
            small.sample(grid, width: Self.size, height: Self.size, border: .replicate, low: 0, high: 1, into: &input)
        }
        return FloatImage(width: Self.size, height: Self.size, channels: 1, values: outputs[0])
    }
}
