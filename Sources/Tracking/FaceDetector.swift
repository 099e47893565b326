internal import Foundation
package import Tensors

/// A face found in a whole picture: a box and six keypoints, in image space.
package struct Detection: Sendable, Equatable {
    package var low: SIMD2<Float>
    package var high: SIMD2<Float>
    /// Image-left eye, image-right eye, nose tip, mouth, image-left and image-right ear.
    package var keypoints: [SIMD2<Float>]
    /// 0...1.
    package var score: Float

    package init(low: SIMD2<Float>, high: SIMD2<Float>, keypoints: [SIMD2<Float>], score: Float) {
        self.low = low
        self.high = high
        self.keypoints = keypoints
        self.score = score
    }

    package var area: Float { max(high.x - low.x, 0) * max(high.y - low.y, 0) }

    package var region: RegionOfInterest {
        RegionOfInterest(box: low, high, from: keypoints[0], to: keypoints[1], scale: 1.5)
    }

    package func overlap(_ other: Detection) -> Float {
        overlapOfBoxes(low, high, other.low, other.high)
    }
}

/// Intersection over union of two boxes.
package func overlapOfBoxes(
    _ low: SIMD2<Float>, _ high: SIMD2<Float>, _ otherLow: SIMD2<Float>, _ otherHigh: SIMD2<Float>
) -> Float {
    let size = pointwiseMin(high, otherHigh) - pointwiseMax(low, otherLow)
    guard size.x > 0, size.y > 0 else { return 0 }
    let shared = size.x * size.y
    let (a, b) = (high - low, otherHigh - otherLow)
    return shared / (a.x * a.y + b.x * b.y - shared)
}

/// BlazeFace, short range (Bazarevsky et al. 2019, arXiv:1907.05047): faces that fill an eighth of the searched square
/// or more. Smaller ones are found in smaller squares (`SearchWindow`).
package struct FaceDetector {
    private let model: CompiledModel
    static let size = 128
    static let minimumScore: Float = 0.5
    static let minimumOverlap: Float = 0.3

    package init(directory: String, library: LiteRTLibrary) throws(ModelError) {
        model = try CompiledModel(.faceDetector, directory: directory, library: library)
        guard model.inputCount == Self.size * Self.size * 3, model.outputCounts == [896 * 16, 896] else {
            throw ModelError(.refused(call: "unexpected shapes", status: -1), file: PinnedFile.faceDetector.rawValue)
        }
    }

    /// All faces, best score first, as MediaPipe finds them: in the whole picture, with black bars.
    package mutating func detect(_ image: YUVImage) throws(ModelError) -> [Detection] {
        try detect(image, in: SearchWindow(whole: image.width, image.height))
    }

    /// All faces within a square of the picture, best score first. What lies outside the picture is black.
    package mutating func detect(_ image: YUVImage, in window: SearchWindow) throws(ModelError) -> [Detection] {
        let (corner, side) = (window.corner, window.side)
        // Bilinear samples alias where they lie further apart than two pixels, and small faces come and go.
        let factor = max(min(Int(side) / Self.size, image.width, image.height), 1)
        let small = image.shrunk(by: factor)
        let step = side / Float(Self.size * factor)
        let grid = SamplingGrid(
            origin: (corner / Float(factor)) + (step - 1) / 2, right: SIMD2(step, 0), down: SIMD2(0, step))
        let outputs = try model.run { input in
            small.sample(grid, width: Self.size, height: Self.size, border: .black, low: -1, high: 1, into: &input)
        }
        let found = Self.decode(regressors: outputs[0], logits: outputs[1])
        return Self.merge(found).map { detection in
            var result = detection
            result.low = corner + detection.low * side
            result.high = corner + detection.high * side
            result.keypoints = detection.keypoints.map { corner + $0 * side }
            return result
        }
    }

    /// Centres of the 896 anchors in 0...1: a 16 × 16 grid with two each, then 8 × 8 with six each, row by row.
    package static let anchors: [SIMD2<Float>] = {
        var centres: [SIMD2<Float>] = []
        for (cells, each) in [(16, 2), (8, 6)] {
            for row in 0..<cells {
                for column in 0..<cells {
                    let centre = SIMD2(Float(column) + 0.5, Float(row) + 0.5) / Float(cells)
                    centres += Array(repeating: centre, count: each)
                }
            }
        }
        return centres
    }()

    /// Candidates in the square's 0...1 coordinates.
    package static func decode(regressors: [Float], logits: [Float]) -> [Detection] {
        precondition(regressors.count == 896 * 16 && logits.count == 896)
        return (0..<896).compactMap { i in
            let score = 1 / (1 + exp(-min(max(logits[i], -100), 100)))
            guard score >= minimumScore else { return nil }
            func pair(_ j: Int) -> SIMD2<Float> {
                SIMD2(regressors[16 * i + j], regressors[16 * i + j + 1]) / Float(size)
            }
            let (centre, half) = (pair(0) + anchors[i], pair(2) / 2)
            guard half.x > 0, half.y > 0 else { return nil }
            return Detection(
                low: centre - half, high: centre + half, keypoints: (0..<6).map { pair(4 + 2 * $0) + anchors[i] },
                score: score)
        }
    }

    /// Weighted non-maximum suppression: what overlaps the best is averaged with it by score, which steadies the box.
    package static func merge(_ candidates: [Detection]) -> [Detection] {
        var rest = candidates.sorted { $0.score > $1.score }
        var merged: [Detection] = []
        while let best = rest.first {
            let group = rest.filter { $0.overlap(best) > minimumOverlap || $0 == best }
            rest.removeAll { $0.overlap(best) > minimumOverlap || $0 == best }
            let total = group.reduce(0) { $0 + $1.score }
            var mean = best
            mean.low = group.reduce(.zero) { $0 + $1.low * $1.score } / total
            mean.high = group.reduce(.zero) { $0 + $1.high * $1.score } / total
            for k in mean.keypoints.indices {
                mean.keypoints[k] = group.reduce(.zero) { $0 + $1.keypoints[k] * $1.score } / total
            }
            merged.append(mean)
        }
        return merged
    }
}
