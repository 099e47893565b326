import Testing
import Tracking

@Suite struct DetectionTests {
    /// Truth: MediaPipe's SSD anchor rule (strides 8, 16, 16, 16 on 128 pixels, two per layer, offset one half).
    @Test func anchorsAreThoseOfTheGrid() {
        var expected: [SIMD2<Float>] = []
        for layers in [(stride: 8, repeats: 2), (stride: 16, repeats: 6)] {
            let cells = 128 / layers.stride
            for y in 0..<cells {
                for x in 0..<cells {
                    for _ in 0..<layers.repeats {
                        expected.append(
                            SIMD2(Float(x * layers.stride), Float(y * layers.stride)) / 128
                                + Float(layers.stride) / 256)
                    }
                }
            }
        }
        #expect(FaceDetector.anchors == expected)
        #expect(FaceDetector.anchors.count == 896)
    }

    /// Truth: an inverse problem; regressors are made from a known box.
    @Test func decodingInvertsEncoding() throws {
        var regressors = [Float](repeating: 3, count: 896 * 16)
        var logits = [Float](repeating: -5, count: 896)
        let low = SIMD2<Float>(0.25, 0.375)
        let high = SIMD2<Float>(0.5, 0.75)
        let keypoints = (0..<6).map { SIMD2<Float>(0.3 + 0.02 * Float($0), 0.4 + 0.03 * Float($0)) }
        let anchor = FaceDetector.anchors[617]
        let values = [(low + high) / 2 - anchor, high - low] + keypoints.map { $0 - anchor }
        for (k, value) in values.enumerated() {
            regressors[617 * 16 + 2 * k] = value.x * 128
            regressors[617 * 16 + 2 * k + 1] = value.y * 128
        }
        logits[617] = 2
        // On the threshold and a hair below it.
        logits[3] = 0
        logits[4] = -0.001
        let found = FaceDetector.decode(regressors: regressors, logits: logits)
        #expect(found.count == 2)
        let face = try #require(found.last)
        #expect(abs(face.score - 0.880797) < 1e-5)
        for (a, b) in zip([face.low, face.high] + face.keypoints, [low, high] + keypoints) {
            #expect(abs(a.x - b.x) < 1e-5 && abs(a.y - b.y) < 1e-5)
        }
    }

    /// Truth: a second, naive implementation over marks instead of shrinking lists.
    @Test func mergingIsThatOfANaiveImplementation() {
        var random = SplitMix(state: 3)
        for _ in 0..<50 {
            let candidates = (0..<40).map { _ in
                let centre = SIMD2(Float.random(in: 0...1, using: &random), Float.random(in: 0...1, using: &random))
                let half = SIMD2(
                    Float.random(in: 0.05...0.3, using: &random), Float.random(in: 0.05...0.3, using: &random))
                return Detection(
                    low: centre - half, high: centre + half, keypoints: [centre, centre + half],
                    score: Float.random(in: 0.5...1, using: &random))
            }
            let merged = FaceDetector.merge(candidates)
            let naive = Self.naive(candidates)
            #expect(merged.count == naive.count)
            for (a, b) in zip(merged, naive) {
                #expect(a.score == b.score)
                for (p, q) in zip([a.low, a.high] + a.keypoints, [b.low, b.high] + b.keypoints) {
                    #expect(abs(p.x - q.x) < 1e-5 && abs(p.y - q.y) < 1e-5)
                }
            }
        }
    }

    private static func naive(_ candidates: [Detection]) -> [Detection] {
        func overlap(_ a: Detection, _ b: Detection) -> Float {
            let w = min(a.high.x, b.high.x) - max(a.low.x, b.low.x)
            let h = min(a.high.y, b.high.y) - max(a.low.y, b.low.y)
            let shared = w > 0 && h > 0 ? w * h : 0
            return shared / ((a.high - a.low).x * (a.high - a.low).y + (b.high - b.low).x * (b.high - b.low).y - shared)
        }
        var done = [Bool](repeating: false, count: candidates.count)
        var result: [Detection] = []
        while true {
            var best: Int?
            for i in candidates.indices where !done[i] {
                if best == nil || candidates[i].score > candidates[best!].score { best = i }
            }
            guard let best else { return result }
            var (low, high, weight) = (SIMD2<Float>(), SIMD2<Float>(), Float(0))
            var keypoints = [SIMD2<Float>](repeating: .zero, count: candidates[best].keypoints.count)
            for i in candidates.indices where !done[i] && overlap(candidates[i], candidates[best]) > 0.3 {
                done[i] = true
                let w = candidates[i].score
                low += candidates[i].low * w
                high += candidates[i].high * w
                for k in keypoints.indices { keypoints[k] += candidates[i].keypoints[k] * w }
                weight += w
            }
            result.append(
                Detection(
                    low: low / weight, high: high / weight, keypoints: keypoints.map { $0 / weight },
                    score: candidates[best].score))
        }
    }
}
