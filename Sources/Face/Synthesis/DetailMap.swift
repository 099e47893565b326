internal import Foundation
internal import Tensors

/// The fine structure of a texture: natural log of luma less its local mean, so that skin tone and light are gone. The scale
/// that network and statistics see; one plane, `size × size`.
package struct DetailMap: Sendable {
    package let size: Int
    /// Log luma less the local mean of seen skin.
    package var values: [Float]
    /// 0...1: how far the texel is evidence (skin that was seen).
    package var seen: [Float]

    package init(size: Int, values: [Float], seen: [Float]) {
        precondition(values.count == size * size && seen.count == size * size, "detail of \(size)²")
        self.size = size
        self.values = values
        self.seen = seen
    }

    /// Local means reach over about this much of the map (standard deviation): 5 mm of face.
    private static let reach = 0.014
    /// Texels that depart by more hardly count in the mean.
    private static let level: Float = 0.15
    /// What skin's log luma departs from its mean by at most; hairs and sparkle depart further.
    private static let limit: Float = 0.5

    /// - Parameter seen: evidence, `size × size`; elsewhere the detail of `texture` is what its filling has.
    package init(_ texture: Texture, seen: [Float], regions: DetailRegions) {
        let size = texture.albedo.width
        precondition(
            regions.size == size && seen.count == size * size, "detail of \(size)², regions of \(regions.size)²")
        let albedo = texture.albedo.values
        var log = [Float](repeating: 0, count: size * size)
        for i in log.indices {
            log[i] = logf(
                max(0.2126 * albedo[3 * i] + 0.7152 * albedo[3 * i + 1] + 0.0722 * albedo[3 * i + 2], 0.002))
        }
        func departure(_ i: Int, from level: Float) -> Float { min(max(log[i] - level, -Self.limit), Self.limit) }
        let trend = LocalTrend(of: log, regions: regions, reach: Self.reach)
        var values = log.indices.map { regions.skin[$0] > 0 ? departure($0, from: trend.values[$0]) : 0 }
        // Seen skin has its mean over seen skin only.
        var weights = seen.indices.map { seen[$0] * regions.plain[$0] }
        for pass in 0..<2 {
            var plane = Plane(width: size, height: size)
            for i in log.indices { plane.pixels[i] = SIMD4(log[i] * weights[i], weights[i], 0, 0) }
            let mean = plane.blurred(radius: max(Int(Float(size) * Float(Self.reach)), 1))
            for i in log.indices where mean.pixels[i].y > 1e-3 && seen[i] > 0.5 {
                values[i] = departure(i, from: mean.pixels[i].x / mean.pixels[i].y)
            }
            // Nostrils, lips and strands of hair are no part of the skin's level: or a halo surrounds them.
            guard pass == 0 else { continue }
            for i in weights.indices where weights[i] > 0 {
                let ratio = values[i] / Self.level
                weights[i] /= 1 + ratio * ratio * ratio * ratio
            }
        }
        for i in values.indices where regions.skin[i] == 0 { values[i] = 0 }
        self.init(size: size, values: values, seen: zip(seen, regions.skin).map { $0 * $1 })
    }

    /// What a look takes away of a map as its local mean over skin: smooth, so it is worked out at `meanSize` and has twice as
    /// many texels a side, or as many as the map. No room is taken at the map's own size.
    /// - Parameter value: of a texel of the map.
    static func localMean(regions: DetailRegions, of value: (Int) -> Float) -> [Float] {
        let size = min(regions.size, meanSize)
        let step = regions.size / size
        var plane = Plane(width: size, height: size)
        for i in regions.skin.indices where regions.skin[i] > 0 {
            let at = i / regions.size / step * size + i % regions.size / step
            plane.pixels[at] += regions.skin[i] * SIMD4(value(i), 1, 0, 0)
        }
        let mean = plane.blurred(radius: max(Int(Float(size) * Float(reach)), 1)).pixels.map {
            $0.y > 1e-3 ? $0.x / $0.y : 0
        }
        return step > 1 ? enlarged(mean, size: size) : mean
    }

    private static let meanSize = 256

    /// Half the size, by the pyramid's low-pass.
    package var halved: DetailMap {
        DetailMap(
            size: size / 2, values: Self.halved(values, width: size, height: size),
            seen: Self.halved(seen, width: size, height: size))
    }

    /// Twice the size, bilinear: the finest octave is empty.
    var doubled: DetailMap {
        DetailMap(
            size: 2 * size, values: DetailMap.enlarged(values, size: size),
            seen: DetailMap.enlarged(seen, size: size))
    }

    static func halved(_ values: [Float], width: Int, height: Int) -> [Float] {
        LowPassPooling.halved(values.span, width: width, height: height)
    }

    static func enlarged(_ values: [Float], size: Int) -> [Float] { enlarged(values, width: size, height: size) }

    /// Twice as many texels each way, bilinear.
    /// - Parameters:
    ///   - channels: of each texel, side by side.
    ///   - rows: of the result that are wanted; all when not given.
    static func enlarged(
        _ values: [Float], width: Int, height: Int, channels: Int = 1, rows: Range<Int>? = nil
    ) -> [Float] {
        let rows = rows ?? 0..<2 * height
        let (row, large) = (width * channels, 2 * width * channels)
        var result = [Float](repeating: 0, count: rows.count * large)
        for y in rows {
            let near = y / 2 * row
            let far = (y % 2 == 0 ? max(y / 2 - 1, 0) : min(y / 2 + 1, height - 1)) * row
            let start = (y - rows.lowerBound) * large
            for x in 0..<2 * width {
                let other = (x % 2 == 0 ? max(x / 2 - 1, 0) : min(x / 2 + 1, width - 1)) * channels
                let (own, to) = (x / 2 * channels, start + x * channels)
                for c in 0..<channels {
                    let a = 0.75 * values[near + own + c] + 0.25 * values[near + other + c]
                    let b = 0.75 * values[far + own + c] + 0.25 * values[far + other + c]
                    result[to + c] = 0.75 * a + 0.25 * b
                }
            }
        }
        return result
    }

    /// 0...1: how far detail of the coarsest octave (log luma) is no texture of skin but a feature of the face, which sits at its
    /// fixed place: a nostril, a fold, the rim of a lip or a brow, strands of hair.
    static func feature(_ coarse: Float) -> Float { min(max((abs(coarse) - 0.1) / 0.1, 0), 1) }

    /// Detail of the coarsest octave that no skin has, folded or not: nostrils, brows, hair.
    private static let strange: Float = 0.3
    /// Detail (log luma) of half a millimetre that no skin has where no beard grows: single hairs.
    private static let hair: Float = -0.25
    private static let hairSize = 512
    /// Texels of that size along the squares that hairs are looked for in, and how many of a square's are no speck.
    private static let hairCell = 4
    private static let fewestOfHair = 2

    /// Its values, and each next octave's, half the size, down to `coarsest` texels along a side.
    func octaves(to coarsest: Int) -> [[Float]] {
        var (levels, side) = ([values], size)
        while side > coarsest {
            levels.append(Self.halved(levels.last!, width: side, height: side))
            side /= 2
        }
        return levels
    }

    /// The same with evidence of skin only: its folds are part of its statistics.
    /// - Parameters:
    ///   - regions: of this map's size.
    ///   - coarsest: texels along a side of the octave that tells features of the face.
    package func withoutFeatures(regions: DetailRegions, coarsest: Int) -> DetailMap {
        DetailMap(size: size, values: values, seen: seenSkin(regions: regions, octaves: octaves(to: coarsest)))
    }

    /// Evidence of skin only.
    /// - Parameter octaves: see `octaves(to:)`; the last one tells features of the face.
    func seenSkin(regions: DetailRegions, octaves: [[Float]]) -> [Float] {
        let hairs = hairs(regions, octaves: octaves)
        var result = seen
        result.withUnsafeMutableBufferPointer { result in
            // Each strip is written by one thread.
            nonisolated(unsafe) let result = result
            let strip = min(size, 64) * size
            _ = (0..<size * size / strip).mapConcurrently { number in
                regions.plain.withUnsafeBytes { plain in
                    for i in number * strip..<(number + 1) * strip where plain[i] < Self.leastPlain { result[i] = 0 }
                }
            }
            func clear(_ square: Int, of squares: Int) {
                let side = size / squares
                for y in square / squares * side..<(square / squares + 1) * side {
                    let start = y * size + square % squares * side
                    result[start..<start + side].update(repeating: 0)
                }
            }
            let side = size >> (octaves.count - 1)
            for (square, value) in octaves.last!.enumerated() where abs(value) > Self.strange {
                clear(square, of: side)
            }
            for (square, isHair) in hairs.enumerated() where isHair { clear(square, of: Self.hairSize / Self.hairCell) }
        }
        return result
    }

    /// Bytes' worth of plain skin that a texel has at least.
    private static let leastPlain = UInt8(0.8 * 255)

    /// Squares of `hairCell` texels of a map of `hairSize`, row by row, with hairs in them or beside them; none where no octave
    /// has that size.
    private func hairs(_ regions: DetailRegions, octaves: [[Float]]) -> [Bool] {
        guard let octave = octaves.indices.first(where: { size >> $0 == Self.hairSize }) else { return [] }
        let (side, cells, scale) = (Self.hairSize, Self.hairSize / Self.hairCell, 1 << octave)
        let values = octaves[octave]
        let seen = (0..<octave).reduce(seen) { Self.halved($0, width: size >> $1, height: size >> $1) }
        let beardless = (0..<DetailRegions.count).map { !DetailRegions.bearded.contains($0) }
        var dark = [UInt8](repeating: 0, count: cells * cells)
        for y in 0..<side {
            for x in 0..<side where values[y * side + x] < Self.hair && seen[y * side + x] > 0.5 {
                guard beardless[Int(regions.first[y * scale * regions.size + x * scale])] else { continue }
                dark[y / Self.hairCell * cells + x / Self.hairCell] += 1
            }
        }
        var result = [Bool](repeating: false, count: cells * cells)
        for y in 0..<cells {
            for x in 0..<cells where dark[y * cells + x] >= Self.fewestOfHair {
                for row in max(y - 1, 0)...min(y + 1, cells - 1) {
                    for column in max(x - 1, 0)...min(x + 1, cells - 1) { result[row * cells + column] = true }
                }
            }
        }
        return result
    }

    /// 1 where a texel and nearly all within `reach` texels of it is seen: where features hardly touch what was not.
    package func evidence(reach: Int) -> [Float] { Self.evidence(seen, width: size, height: size, reach: reach) }

    /// Share of the box around a texel that has to be seen. What lies beyond is smooth and weakens features a little;
    /// asking for all would leave narrow places without any statistics in coarse octaves.
    private static let enough = 0.88

    /// What lies outside the rectangle does not count.
    package static func evidence(_ seen: [Float], width: Int, height: Int, reach: Int) -> [Float] {
        precondition(seen.count == width * height, "\(seen.count) texels of \(width) × \(height)")
        if seen.allSatisfy({ $0 > 0.9 }) { return [Float](repeating: 1, count: seen.count) }
        var result = seen.map { $0 > 0.9 ? Float(1) : 0 }
        func span(_ at: Int, _ count: Int) -> Int { min(at + reach, count - 1) - max(at - reach, 0) + 1 }
        // By how many columns a box has: as many seen texels as it needs.
        let spans = (0..<width).map { span($0, width) }
        var (needed, rows) = ([Int32](repeating: 0, count: width), 0)
        let counted = result.map { Int32($0) }
        // Sums over each column's rows around one, which the next differs from by two; with room on either side.
        var columns = [Int32](repeating: 0, count: width + 2 * reach + 1)
        counted.withUnsafeBufferPointer { counted in
            columns.withUnsafeMutableBufferPointer { columns in
                result.withUnsafeMutableBufferPointer { result in
                    let middle = columns.baseAddress! + reach + 1
                    func add(_ y: Int, _ sign: Int32) {
                        guard y >= 0, y < height else { return }
                        let row = counted.baseAddress! + y * width
                        for x in 0..<width { middle[x] &+= sign &* row[x] }
                    }
                    for y in 0..<min(reach, height) { add(y, 1) }
                    for y in 0..<height {
                        add(y + reach, 1)
                        add(y - reach - 1, -1)
                        let row = result.baseAddress! + y * width
                        if span(y, height) != rows {
                            rows = span(y, height)
                            for x in 0..<width {
                                needed[x] = Int32((Self.enough * Double(spans[x]) * Double(rows)).rounded(.up))
                            }
                        }
                        var box: Int32 = 0
                        for x in 0..<reach { box &+= middle[x] }
                        for x in 0..<width {
                            box &+= middle[x + reach] &- middle[x - reach - 1]
                            row[x] = box < needed[x] ? 0 : row[x]
                        }
                    }
                }
            }
        }
        return result
    }
}
