/// 3 × 3 convolution by Winograd's minimal filtering F(4 × 4, 3 × 3) (Lavin & Gray 2016): tiles of 6 × 6 inputs and the
/// kernels are transformed, multiplied channel by channel at 36 places, and transformed back to 4 × 4 outputs: a quarter of
/// the multiplications. Some tiles at a time, so that all between the maps stays in the second-level cache. Beside oneDNN's this
/// one needs no AVX-512, works at the tiles that are asked for only, and shares the cores with whoever else is busy.
final class WinogradConvolution: Sendable {
    private static let tile = TileSet.side
    /// More channels than this leave no room for the kernels in the second-level cache.
    static let mostChannels = 64
    /// Tiles at a time; the product takes six.
    private static let batch = 24
    /// Tiles that one thread takes in turn.
    private static let strip = 10 * batch

    private let inputs: Int
    private let groups: Int
    /// [place][sixteen outputs][input][output of the sixteen]
    private let kernels: [Float]
    private let bias: [Float]
    private let rectified: Bool

    /// - Parameters:
    ///   - weights: `outputs × inputs × 3 × 3`.
    ///   - bias: zeros where empty.
    init(inputs: Int, outputs: Int, weights: [Float], bias: [Float], rectified: Bool) {
        let padded = (inputs + 15) / 16 * 16
        self.inputs = padded
        groups = (outputs + 15) / 16
        self.rectified = rectified
        self.bias = bias + [Float](repeating: 0, count: groups * 16 - bias.count)
        let g: [[Double]] = [
            [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6], [0, 0, 1],
        ]
        var kernels = [Float](repeating: 0, count: 36 * groups * padded * 16)
        for o in 0..<outputs {
            for i in 0..<inputs {
                let kernel = weights[(o * inputs + i) * 9..<(o * inputs + i) * 9 + 9].map { Double($0) }
                for place in 0..<36 {
                    let (row, column) = (g[place / 6], g[place % 6])
                    var sum = 0.0
                    for tap in 0..<9 { sum += row[tap / 3] * column[tap % 3] * kernel[tap] }
                    kernels[((place * groups + o / 16) * padded + i) * 16 + o % 16] = Float(sum)
                }
            }
        }
        self.kernels = kernels
    }

    func run(_ input: FeatureMap, into output: FeatureMap, at set: TileSet) {
        let across = set.across
        nonisolated(unsafe) let (input, output) = (input, output)
        for picture in 0..<input.shape.count {
            set.tiles.indices.inStrips(of: Self.strip, cost: inputs * groups * 576) { strip in
                let batch = TileBatch(input: input, output: output, picture: picture, inputs: inputs, groups: groups)
                for first in stride(from: strip.lowerBound, to: strip.upperBound, by: Self.batch) {
                    let count = min(Self.batch, strip.upperBound - first)
                    for i in 0..<count {
                        let tile = Int(set.tiles[first + i])
                        batch.transform(i, row: tile / across, column: tile % across)
                    }
                    batch.multiply(count, kernels)
                    for i in 0..<count {
                        let tile = Int(set.tiles[first + i])
                        batch.finish(i, row: tile / across, column: tile % across, bias: bias, rectified: rectified)
                    }
                }
            }
        }
    }

    /// Transformed tiles and their products, of one thread.
    private struct TileBatch: ~Copyable {
        let input: FeatureMap
        let output: FeatureMap
        let picture: Int
        let inputs: Int
        let groups: Int
        /// Floats from place to place: an odd number of cache lines, or all 36 would compete for a few sets.
        private let wide: Int
        private let deep: Int
        /// [place][tile][channel]
        private let transformed: UnsafeMutablePointer<Float>
        private let products: UnsafeMutablePointer<Float>
        /// One tile of eight channels between its columns' transform and its rows'; and one with zeros beyond a border.
        private let half: UnsafeMutablePointer<Float>
        private let patch: UnsafeMutablePointer<Float>
        /// A product of all outputs, to start from.
        private let zeros: UnsafeMutablePointer<Float>

        init(input: FeatureMap, output: FeatureMap, picture: Int, inputs: Int, groups: Int) {
            (self.input, self.output, self.picture) = (input, output, picture)
            (self.inputs, self.groups) = (inputs, groups)
            wide = batch * inputs + 16
            deep = batch * groups * 16 + 16
            let count = 36 * (wide + deep + 16) + groups * 16
            transformed = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
                .bindMemory(to: Float.self, capacity: count)
            transformed.initialize(repeating: 0, count: count)
            products = transformed + 36 * wide
            half = products + 36 * deep
            patch = half + 36 * 8
            zeros = patch + 36 * 8
        }

        deinit { UnsafeMutableRawPointer(transformed).deallocate() }

        func transform(_ i: Int, row: Int, column: Int) {
            let (height, width, block) = (input.shape.height, input.shape.width, input.block)
            let (top, left) = (row * tile - 1, column * tile - 1)
            let isInside = top >= 0 && left >= 0 && top + 6 <= height && left + 6 <= width
            for eight in 0..<input.blocks * block / 8 {
                let map = input.eight(eight, picture: picture)
                if isInside {
                    transform(map + (top * width + left) * block, row: width * block, column: block)
                } else {
                    for y in 0..<6 {
                        for x in 0..<6 {
                            let (v, u) = (top + y, left + x)
                            let isThere = v >= 0 && v < height && u >= 0 && u < width
                            patch.store(isThere ? map.load8((v * width + u) * block) : .zero, (y * 6 + x) * 8)
                        }
                    }
                    transform(patch, row: 48, column: 8)
                }
                let to = transformed + i * inputs + eight * 8
                for y in 0..<6 {
                    let row = forth(half + y * 48, 8)
                    let line = to + y * 6 * wide
                    line.store(row.0)
                    line.store(row.1, wide)
                    line.store(row.2, 2 * wide)
                    line.store(row.3, 3 * wide)
                    line.store(row.4, 4 * wide)
                    line.store(row.5, 5 * wide)
                }
            }
        }

        /// The columns of a tile, into `half`.
        @inline(__always) private func transform(_ from: UnsafeMutablePointer<Float>, row: Int, column: Int) {
            for x in 0..<6 {
                let found = forth(from + x * column, row)
                half.store(found.0, x * 8)
                half.store(found.1, x * 8 + 48)
                half.store(found.2, x * 8 + 96)
                half.store(found.3, x * 8 + 144)
                half.store(found.4, x * 8 + 192)
                half.store(found.5, x * 8 + 240)
            }
        }

        /// Six inputs in a line, transformed.
        @inline(__always) private func forth(_ from: UnsafeMutablePointer<Float>, _ step: Int) -> Six {
            let (d0, d1, d2) = (from.load8(), from.load8(step), from.load8(2 * step))
            let (d3, d4, d5) = (from.load8(3 * step), from.load8(4 * step), from.load8(5 * step))
            let (a, b) = (d4.addingProduct(-4, d2), d3.addingProduct(-4, d1))
            let (c, e) = (d4 - d2, d3 - d1)
            return (
                d4.addingProduct(-5, d2).addingProduct(4, d0), a + b, a - b, c.addingProduct(2, e),
                c.addingProduct(-2, e), d5.addingProduct(-5, d3).addingProduct(4, d1)
            )
        }

        func multiply(_ count: Int, _ kernels: [Float]) {
            kernels.withUnsafeBufferPointer { kernels in
                for place in 0..<36 {
                    Products.multiply(
                        transformed + place * wide, kernels.baseAddress! + place * groups * inputs * 16,
                        rows: (count + 5) / 6 * 6, inner: inputs, groups: groups, start: zeros,
                        into: products + place * deep)
                }
            }
        }

        func finish(_ i: Int, row: Int, column: Int, bias: [Float], rectified: Bool) {
            let (height, width, block) = (output.shape.height, output.shape.width, output.block)
            let (top, left) = (row * tile, column * tile)
            bias.withUnsafeBufferPointer { bias in
                for eight in 0..<output.blocks * block / 8 {
                    let from = products + i * groups * 16 + eight * 8
                    for x in 0..<6 {
                        let found = back(from + x * deep, 6 * deep)
                        half.store(found.0, x * 8)
                        half.store(found.1, x * 8 + 48)
                        half.store(found.2, x * 8 + 96)
                        half.store(found.3, x * 8 + 144)
                    }
                    let plane = output.eight(eight, picture: picture)
                    let start = bias.baseAddress!.load8(eight * 8)
                    for y in 0..<min(tile, height - top) {
                        let found = back(half + y * 48, 8)
                        let to = plane + ((top + y) * width + left) * block
                        to.store(finished(found.0, start, rectified))
                        if left + 1 < width { to.store(finished(found.1, start, rectified), block) }
                        if left + 2 < width { to.store(finished(found.2, start, rectified), 2 * block) }
                        if left + 3 < width { to.store(finished(found.3, start, rectified), 3 * block) }
                    }
                }
            }
        }

        @inline(__always) private func finished(_ value: SIMD8<Float>, _ bias: SIMD8<Float>, _ rectified: Bool)
            -> SIMD8<Float>
        {
            rectified ? (value + bias).rectified : value + bias
        }

        /// Six products in a line, transformed back to four outputs.
        @inline(__always) private func back(_ from: UnsafeMutablePointer<Float>, _ step: Int) -> Four {
            let (m0, m1, m2) = (from.load8(), from.load8(step), from.load8(2 * step))
            let (m3, m4, m5) = (from.load8(3 * step), from.load8(4 * step), from.load8(5 * step))
            let (p, q, r, s) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4)
            return (m0 + p + r, q.addingProduct(2, s), p.addingProduct(4, r), q.addingProduct(8, s) + m5)
        }

        private typealias Vector = SIMD8<Float>
        private typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)
        private typealias Four = (Vector, Vector, Vector, Vector)
    }
}
