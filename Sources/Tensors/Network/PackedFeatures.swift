/// Feature vectors of a strip of places, packed side by side where the first-level cache holds them, and the two products
/// that correlations and their gradient consist of.
struct PackedFeatures: ~Copyable {
    /// Places at most: a multiple of six, the number of places that a kernel works on.
    static let capacity = 96
    /// Channels, in sixteens, and floats from place to place.
    private let groups: Int
    private let stride: Int
    private let values: UnsafeMutablePointer<Float>
    private(set) var count = 0

    init(channels: Int) {
        groups = (channels + 15) / 16
        stride = groups * 16
        values = .allocate(capacity: Self.capacity * stride)
        values.initialize(repeating: 0, count: Self.capacity * stride)
    }

    deinit { values.deallocate() }

    /// Takes the places `range`; of those to the next multiple of six behind them, zeros.
    mutating func gather(_ map: FeatureMap, pixels: UnsafeBufferPointer<Int32>) {
        count = pixels.count
        let eights = map.blocks * map.block / 8
        for k in 0..<eights {
            let (from, to, block) = (map.eight(k), values + k * 8, map.block)
            for i in 0..<count { to.store(from.load8(Int(pixels[i]) * block), i * stride) }
        }
        let whole = (count + 5) / 6 * 6
        (values + count * stride).update(repeating: 0, count: (whole - count) * stride)
    }

    /// Adds Σ w f fᵀ (upper triangle; below the diagonal of blocks of sixteen nothing) and, as the last row, Σ w f to
    /// `sums`, [channel][channel] of whole sixteens and one row more. The vectors are √w f afterwards.
    func addMoments(weights: UnsafeBufferPointer<Float>, to sums: UnsafeMutablePointer<Float>) {
        for group in 0..<groups {
            let column = values + group * 16
            let last = sums + stride * stride + group * 16
            var (even, odd) = (last.load16(), SIMD16<Float>())
            for i in 0..<count {
                let root = weights[i].squareRoot()
                let scaled = column.load16(i * stride) * root
                column.store(scaled, i * stride)
                if i % 2 == 0 { even.addProduct(scaled, root) } else { odd.addProduct(scaled, root) }
            }
            last.store(even + odd)
        }
        for group in 0..<groups {
            let column = values + group * 16
            for r in Swift.stride(from: 0, to: (group + 1) * 16, by: 4) {
                var (a, b, c, d) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
                var (from, row) = (UnsafePointer(column), UnsafePointer(values) + r)
                for _ in 0..<count {
                    let vector = from.load16()
                    a.addProduct(vector, row[0])
                    b.addProduct(vector, row[1])
                    c.addProduct(vector, row[2])
                    d.addProduct(vector, row[3])
                    from += stride
                    row += stride
                }
                let to = sums + r * stride + group * 16
                to.store(to.load16() + a)
                to.store(to.load16(stride) + b, stride)
                to.store(to.load16(2 * stride) + c, 2 * stride)
                to.store(to.load16(3 * stride) + d, 3 * stride)
            }
        }
    }

    /// Adds w (D f + d) to `gradient` at the packed places.
    /// - Parameter slope: [group of sixteen][channel of f, then d][channel in the group].
    func addProducts(
        slope: UnsafePointer<Float>, channels: Int, to gradient: FeatureMap, pixels: UnsafeBufferPointer<Int32>,
        weights: UnsafeBufferPointer<Float>
    ) {
        let (block, eights) = (gradient.block, gradient.blocks * gradient.block / 8)
        for group in 0..<groups {
            let rows = slope + group * (channels + 1) * 16
            let low = gradient.eight(2 * group)
            let high = 2 * group + 1 < eights ? gradient.eight(2 * group + 1) : nil
            func add(_ sum: SIMD16<Float>, _ i: Int) {
                guard i < count else { return }
                let (at, w) = (Int(pixels[i]) * block, SIMD8(repeating: weights[i]))
                low.store(low.load8(at).addingProduct(sum.lowHalf, w), at)
                if let high { high.store(high.load8(at).addingProduct(sum.highHalf, w), at) }
            }
            for i in Swift.stride(from: 0, to: count, by: 6) {
                let start = rows.load16(channels * 16)
                var (a, b, c, d, e, f) = (start, start, start, start, start, start)
                let from0 = UnsafePointer(values) + i * stride
                let (from1, from2, from3) = (from0 + stride, from0 + 2 * stride, from0 + 3 * stride)
                let (from4, from5) = (from0 + 4 * stride, from0 + 5 * stride)
                for channel in 0..<channels {
                    let row = rows.load16(channel &* 16)
                    a.addProduct(row, from0[channel])
                    b.addProduct(row, from1[channel])
                    c.addProduct(row, from2[channel])
                    d.addProduct(row, from3[channel])
                    e.addProduct(row, from4[channel])
                    f.addProduct(row, from5[channel])
                }
                add(a, i)
                add(b, i + 1)
                add(c, i + 2)
                add(d, i + 3)
                add(e, i + 4)
                add(f, i + 5)
            }
        }
    }
}
