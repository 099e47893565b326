internal import COpenBLAS

/// Places of a map and how much each counts: a soft region.
package struct Places: Sendable {
    /// Row-major pixel numbers, ascending.
    package var pixels: [Int32]
    package var weights: [Float]
    package var total: Float { weights.reduce(0, +) }

    /// - Parameter mask: one weight a pixel, row by row; places of zero are left out.
    package init(mask: Span<Float>) {
        pixels = []
        weights = []
        for i in 0..<mask.count where mask[i] > 0 {
            pixels.append(Int32(i))
            weights.append(mask[i])
        }
    }

    package init() {
        pixels = []
        weights = []
    }

    /// A place behind the last.
    package mutating func add(_ pixel: Int, _ weight: Float) {
        pixels.append(Int32(pixel))
        weights.append(weight)
    }

    package static func all(_ count: Int) -> Places {
        let ones = [Float](repeating: 1, count: count)
        return Places(mask: ones.span)
    }
}

/// Weighted second moments of feature vectors f̃ = (f, 1): Σ w f̃ f̃ᵀ over places. The block of the maps is the Gram matrix,
/// the last row the sums, the corner Σ w. Sums of disjoint places add up to that of all, so a mask that grows costs
/// nothing but an addition. Of one picture (number 0 of the maps).
package struct Correlations: Sendable, Equatable {
    package let channels: Int
    /// (channels + 1)², symmetric.
    package var sums: [Double]

    package init(channels: Int) {
        self.channels = channels
        sums = [Double](repeating: 0, count: (channels + 1) * (channels + 1))
    }

    package var side: Int { channels + 1 }
    package var weight: Double { sums[sums.count - 1] }
    /// Per unit of weight; zeros where there is none.
    package var means: [Double] { weight > 0 ? sums.map { $0 / weight } : sums }

    package static func += (a: inout Correlations, b: Correlations) {
        precondition(a.channels == b.channels, "correlations of \(a.channels) and \(b.channels) maps")
        for i in a.sums.indices { a.sums[i] += b.sums[i] }
    }

    /// Pixels that are packed side by side at a time.
    private static let strip = 1024

    package init(of map: FeatureMap, at places: Places) {
        self.init(channels: map.shape.channels)
        let n = side
        nonisolated(unsafe) let map = map
        let parts = stride(from: 0, to: places.pixels.count, by: Correlations.strip * 8).map { $0 }
            .mapConcurrently { start -> [Float] in
                var sum = [Float](repeating: 0, count: n * n)
                var packed = [Float](repeating: 0, count: Correlations.strip * n)
                let end = min(start + Correlations.strip * 8, places.pixels.count)
                for from in stride(from: start, to: end, by: Correlations.strip) {
                    let count = min(Correlations.strip, end - from)
                    for i in 0..<count { packed[i * n + n - 1] = places.weights[from + i].squareRoot() }
                    map.gather(places, from: from, count: count, scaledByLast: true, into: &packed, stride: n)
                    useOneThread()
                    cblas_ssyrk(
                        CblasRowMajor, CblasUpper, CblasTrans, blasint(n), blasint(count), 1, packed, blasint(n), 1,
                        &sum,
                        blasint(n))
                }
                return sum
            }
        for part in parts {
            for r in 0..<n { for c in r..<n { sums[r * n + c] += Double(part[r * n + c]) } }
        }
        for r in 0..<n { for c in 0..<r { sums[r * n + c] = sums[c * n + r] } }
    }

    /// Adds ∂loss/∂f = 2 w D f̃ to `gradient`, where `slope` = D = ∂loss/∂sums is symmetric, (channels + 1)².
    package static func addGradient(
        slope: [Float], of map: FeatureMap, at places: Places, to gradient: FeatureMap
    ) {
        let n = map.shape.channels + 1
        precondition(slope.count == n * n && gradient.shape == map.shape, "slope of \(slope.count) for \(map.shape)")
        nonisolated(unsafe) let (map, gradient) = (map, gradient)
        _ = stride(from: 0, to: places.pixels.count, by: strip * 8).map { $0 }.mapConcurrently { start in
            var packed = [Float](repeating: 1, count: strip * n)
            var product = [Float](repeating: 0, count: strip * n)
            let end = min(start + strip * 8, places.pixels.count)
            for from in stride(from: start, to: end, by: strip) {
                let count = min(strip, end - from)
                map.gather(places, from: from, count: count, scaledByLast: false, into: &packed, stride: n)
                useOneThread()
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(count), blasint(n), blasint(n), 2, packed,
                    blasint(n), slope, blasint(n), 0, &product, blasint(n))
                gradient.scatterAdd(places, from: from, count: count, product, stride: n)
            }
        }
    }
}

extension FeatureMap {
    /// The feature vectors of some places, each in a row of `packed`; times its last element where asked.
    fileprivate func gather(
        _ places: Places, from: Int, count: Int, scaledByLast: Bool, into packed: inout [Float], stride n: Int
    ) {
        let (block, blocks, channels, pixels) = (block, blocks, shape.channels, shape.pixels)
        packed.withUnsafeMutableBufferPointer { packed in
            for b in 0..<blocks {
                let width = min(block, channels - b * block)
                let plane = values + b * pixels * block
                for i in 0..<count {
                    let source = plane + Int(places.pixels[from + i]) * block
                    let target = packed.baseAddress! + i * n + b * block
                    let scale = scaledByLast ? packed[i * n + n - 1] : 1
                    for c in 0..<width { target[c] = source[c] * scale }
                }
            }
        }
    }

    fileprivate func scatterAdd(_ places: Places, from: Int, count: Int, _ rows: [Float], stride n: Int) {
        let (block, blocks, channels, pixels) = (block, blocks, shape.channels, shape.pixels)
        rows.withUnsafeBufferPointer { rows in
            for b in 0..<blocks {
                let width = min(block, channels - b * block)
                let plane = values + b * pixels * block
                for i in 0..<count {
                    let target = plane + Int(places.pixels[from + i]) * block
                    let source = rows.baseAddress! + i * n + b * block
                    let w = places.weights[from + i]
                    for c in 0..<width { target[c] += w * source[c] }
                }
            }
        }
    }
}
