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

    /// The same places of a map of so many pixels that is turned by half a circle.
    package func turned(pixels: Int) -> Places {
        var result = Places()
        for (pixel, weight) in zip(self.pixels, weights).reversed() { result.add(pixels - 1 - Int(pixel), weight) }
        return result
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

    /// Places that one thread takes at a time.
    private static let part = 8192

    package init(of map: FeatureMap, at places: Places) { self = Correlations.of(map, at: [places])[0] }

    /// Of each region, all regions side by side on all cores.
    package static func of(_ map: FeatureMap, at regions: [Places]) -> [Correlations] {
        nonisolated(unsafe) let map = map
        let parts = regions.indices.flatMap { region in
            stride(from: 0, to: regions[region].pixels.count, by: part).map { (region: region, start: $0) }
        }
        let sums = parts.mapConcurrently { moments(of: map, at: regions[$0.region], from: $0.start) }
        var result = regions.map { _ in Correlations(channels: map.shape.channels) }
        for (part, sums) in zip(parts, sums) { result[part.region].add(sums) }
        for region in regions.indices { result[region].complete(weights: regions[region].weights) }
        return result
    }

    /// [channel][channel] of whole sixteens and one row more, over one part of the places.
    private static func moments(of map: FeatureMap, at places: Places, from start: Int) -> [Float] {
        let padded = (map.shape.channels + 15) / 16 * 16
        var packed = PackedFeatures(channels: map.shape.channels)
        var sums = [Float](repeating: 0, count: padded * (padded + 1))
        places.pixels.withUnsafeBufferPointer { pixels in
            places.weights.withUnsafeBufferPointer { weights in
                sums.withUnsafeMutableBufferPointer { sums in
                    let end = min(start + part, pixels.count)
                    for from in stride(from: start, to: end, by: PackedFeatures.capacity) {
                        let range = from..<min(from + PackedFeatures.capacity, end)
                        packed.gather(map, pixels: UnsafeBufferPointer(rebasing: pixels[range]))
                        packed.addMoments(
                            weights: UnsafeBufferPointer(rebasing: weights[range]), to: sums.baseAddress!)
                    }
                }
            }
        }
        return sums
    }

    /// Adds what `moments` found to the upper triangle.
    private mutating func add(_ moments: [Float]) {
        let padded = (channels + 15) / 16 * 16
        for r in 0..<channels {
            for c in r..<channels { sums[r * side + c] += Double(moments[r * padded + c]) }
            sums[r * side + channels] += Double(moments[padded * padded + r])
        }
    }

    /// The corner and the lower triangle.
    private mutating func complete(weights: [Float]) {
        sums[sums.count - 1] = weights.reduce(0.0) { $0 + Double($1) }
        for r in 0..<side { for c in 0..<r { sums[r * side + c] = sums[c * side + r] } }
    }

    /// Adds ∂loss/∂f = 2 w D f̃ to `gradient`, where `slope` = D = ∂loss/∂sums is symmetric, (channels + 1)².
    package static func addGradient(
        slope: [Float], of map: FeatureMap, at places: Places, to gradient: FeatureMap
    ) {
        addGradients(slopes: [slope], of: map, at: [places], to: gradient)
    }

    /// The same for all regions of a map in one pass over it.
    /// - Parameters:
    ///   - clearing: overwrites what is in `gradient`.
    ///   - rectifying: lets nothing through where the map is zero: the map is behind ReLU, the gradient before it.
    package static func addGradients(
        slopes: [[Float]], of map: FeatureMap, at regions: [Places], to gradient: FeatureMap, clearing: Bool = false,
        rectifying: Bool = false
    ) {
        addGradients(
            slopes: slopes, of: map, at: regions, to: gradient, clearing: clearing, rectifying: rectifying,
            within: clearing || rectifying ? .all(map.shape) : nil)
    }

    /// The same within these tiles, which hold all regions; they matter to clearing and rectifying only.
    static func addGradients(
        slopes: [[Float]], of map: FeatureMap, at regions: [Places], to gradient: FeatureMap, clearing: Bool,
        rectifying: Bool, within tiles: TileSet?
    ) {
        let channels = map.shape.channels
        let padded = (channels + 15) / 16 * 16
        precondition(
            slopes.count == regions.count && slopes.allSatisfy { $0.count == (channels + 1) * (channels + 1) }
                && gradient.shape == map.shape, "\(slopes.count) slopes of \(regions.count) regions of \(map.shape)")
        let factors = slopes.map { doubled($0, channels: channels) }
        nonisolated(unsafe) let (map, gradient) = (map, gradient)
        let (pixels, tileRow) = (map.shape.pixels, map.shape.width * TileSet.side)
        // A strip of both maps stays in the second-level cache from the first region to the rectification.
        (0..<(pixels + tileRow - 1) / tileRow).inStrips(of: 1, cost: tileRow * channels) { rows in
            let strip = rows.lowerBound * tileRow..<min(rows.upperBound * tileRow, pixels)
            let segments = tiles.map { tiles in rows.flatMap { tiles.segments(ofRow: $0) } } ?? []
            if clearing { for segment in segments { gradient.clear(segment) } }
            var packed = PackedFeatures(channels: channels)
            for (places, factors) in zip(regions, factors) {
                places.pixels.withUnsafeBufferPointer { pixels in
                    places.weights.withUnsafeBufferPointer { weights in
                        let end = pixels.firstPlace(from: strip.upperBound)
                        var from = pixels.firstPlace(from: strip.lowerBound)
                        while from < end {
                            let range = from..<min(from + PackedFeatures.capacity, end)
                            let pixels = UnsafeBufferPointer(rebasing: pixels[range])
                            packed.gather(map, pixels: pixels)
                            factors.withUnsafeBufferPointer {
                                packed.addProducts(
                                    slope: $0.baseAddress!, constant: $0.baseAddress! + padded * padded, to: gradient,
                                    pixels: pixels, weights: UnsafeBufferPointer(rebasing: weights[range]))
                            }
                            from = range.upperBound
                        }
                    }
                }
            }
            if rectifying { for segment in segments { gradient.rectify(segment, output: map) } }
        }
    }

    /// 2 D as [sixteen channels][channel][channel of the sixteen] of whole sixteens, and behind it the constants.
    private static func doubled(_ slope: [Float], channels: Int) -> [Float] {
        let padded = (channels + 15) / 16 * 16
        var result = [Float](repeating: 0, count: padded * (padded + 1))
        for c in 0..<channels {
            for r in 0..<channels {
                result[((c / 16) * padded + r) * 16 + c % 16] = 2 * slope[r * (channels + 1) + c]
            }
            result[padded * padded + c] = 2 * slope[channels * (channels + 1) + c]
        }
        return result
    }
}

extension UnsafeBufferPointer<Int32> {
    /// Index of the first pixel of at least this number; they ascend.
    fileprivate func firstPlace(from pixel: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if Int(self[middle]) < pixel { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
