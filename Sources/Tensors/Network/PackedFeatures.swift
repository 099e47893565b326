/// Feature vectors of a strip of places, packed side by side where the first-level cache holds them, and the two products
/// that correlations and their gradient consist of.
struct PackedFeatures: ~Copyable {
    /// Places at most: a multiple of six, the number of places that a kernel works on.
    static let capacity = 96
    /// Channels, in sixteens, and floats from place to place.
    private let groups: Int
    private let stride: Int
    private let values: UnsafeMutablePointer<Float>
    private let products: UnsafeMutablePointer<Float>
    private(set) var count = 0

    init(channels: Int) {
        groups = (channels + 15) / 16
        stride = groups * 16
        values = .allocate(capacity: 2 * Self.capacity * stride)
        values.initialize(repeating: 0, count: 2 * Self.capacity * stride)
        products = values + Self.capacity * stride
    }

    deinit { values.deallocate() }

    /// Takes the places `range`; of those to the next multiple of six behind them, zeros.
    mutating func gather(_ map: FeatureMap, pixels: UnsafeBufferPointer<Int32>) {
        count = pixels.count
        let eights = map.blocks * map.block / 8
        for k in 0..<eights {
            let (from, to, block) = (map.eight(k), values + k * 8, map.block)
            for i in 0..<count { to.store(from.load8(Int(pixels[i]) &* block), i &* stride) }
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
        Products.addMoments(of: values, rows: count, groups: groups, to: sums)
    }

    /// Adds w (D f + d) to `gradient` at the packed places.
    /// - Parameters:
    ///   - slope: D as [group of sixteen][channel of f][channel of the group].
    ///   - constant: d.
    func addProducts(
        slope: UnsafePointer<Float>, constant: UnsafePointer<Float>, to gradient: FeatureMap,
        pixels: UnsafeBufferPointer<Int32>, weights: UnsafeBufferPointer<Float>
    ) {
        Products.multiply(
            values, slope, rows: (count + 5) / 6 * 6, inner: stride, groups: groups, start: constant, into: products)
        let block = gradient.block
        for k in 0..<gradient.blocks * block / 8 {
            let (to, from) = (gradient.eight(k), products + k * 8)
            for i in 0..<count {
                let at = Int(pixels[i]) &* block
                to.store(to.load8(at).addingProduct(from.load8(i &* stride), weights[i]), at)
            }
        }
    }
}
