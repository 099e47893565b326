/// A map's local level over skin, by linear regression on the places around each texel: a mean would lag behind a gradient where
/// skin ends, at a chart's border or a hairline, differently on either side, and a seam of the atlas would be seen.
///
/// It is smooth, so it is worked out at 256² (Cleveland 1979's local regression, with a Gaussian for weight).
struct LocalTrend {
    /// As large as the map.
    let values: [Float]

    private static let size = 256
    /// Of the variance of places that a whole neighbourhood has: where skin is a thread, there is no slope across it.
    private static let ridge: Float = 0.02

    /// - Parameters:
    ///   - values: `size × size`, as `regions`.
    ///   - reach: standard deviation of the neighbourhood, in units of the map's side.
    init(of values: [Float], regions: DetailRegions, reach: Double) {
        let size = min(regions.size, Self.size)
        let step = regions.size / size
        let radius = max(Int(Double(size) * reach), 1)
        // Weighted sums, for places in units of this map's texels from its middle.
        var first = Plane(width: size, height: size)
        var second = first
        var products = first
        let middle = Float(size) / 2
        for i in values.indices where regions.skin[i] > 0 {
            let (column, row) = (i % regions.size, i / regions.size)
            let x = (Float(column) + 0.5) / Float(step) - middle
            let y = (Float(row) + 0.5) / Float(step) - middle
            let (at, weight) = (row / step * size + column / step, regions.skin[i])
            first.pixels[at] += weight * SIMD4(values[i], 1, x, y)
            second.pixels[at] += weight * SIMD4(x * x, x * y, y * y, 0)
            products.pixels[at] += weight * SIMD4(values[i] * x, values[i] * y, 0, 0)
        }
        (first, second) = (first.blurred(radius: radius), second.blurred(radius: radius))
        products = products.blurred(radius: radius)
        let least = Self.ridge * Float(radius * (radius + 1))
        var level = [Float](repeating: 0, count: size * size)
        for i in level.indices where first.pixels[i].y > 1e-3 {
            let mean = first.pixels[i] / first.pixels[i].y
            let (squares, mixed) = (second.pixels[i] / first.pixels[i].y, products.pixels[i] / first.pixels[i].y)
            let xx = squares.x - mean.z * mean.z + least
            let yy = squares.z - mean.w * mean.w + least
            let xy = squares.y - mean.z * mean.w
            let (vx, vy) = (mixed.x - mean.x * mean.z, mixed.y - mean.x * mean.w)
            let determinant = xx * yy - xy * xy
            guard determinant > 0 else { continue }
            let slope = SIMD2((vx * yy - vy * xy) / determinant, (vy * xx - vx * xy) / determinant)
            let here = SIMD2(Float(i % size) + 0.5 - middle, Float(i / size) + 0.5 - middle)
            level[i] = mean.x + (slope * (here - SIMD2(mean.z, mean.w))).sum()
        }
        var side = size
        while side < regions.size {
            level = DetailMap.enlarged(level, size: side)
            side *= 2
        }
        self.values = level
    }
}
