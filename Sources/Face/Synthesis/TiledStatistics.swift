package import Tensors

/// Statistics of a map as sums over tiles, each with all that features see around it: what a tile holds is looked at again
/// only when it has changed, so a growing view costs what is new in it, and memory is that of one tile's maps.
package struct TiledStatistics: Sendable {
    private struct Tile {
        /// With the surroundings that features see; log luma in `step`s.
        var values: [Int16]
        var seen: ByteShares
        /// Of taps × regions those that have anything here.
        var sums: [Int: Correlations]
        /// By region, of the octave's band and of what lies below it.
        var fine: [BandEnergy]
        var rest: [BandEnergy]
    }

    /// By the octave's size and the tile's place in it.
    private var known: [Int: [DetailWindow: Tile]] = [:]
    /// Tiles that the last call looked at, and all that had anything seen in them.
    package private(set) var renewed = 0
    package private(set) var total = 0

    /// Texels of a tile's side.
    private static let side = 128
    /// Log luma, or share of evidence: by less than this, root mean square, a tile's texels have not changed.
    private static let tolerance: Float = 0.004

    package init() {}

    package mutating func statistics(
        of detail: DetailMap, pyramid: DetailPyramid, network: FeatureNetwork
    ) -> DetailStatistics {
        precondition(detail.size == pyramid.sizes[0], "detail of \(detail.size)² for \(pyramid.sizes)")
        let (taps, reaches) = (network.taps.count, network.reaches)
        let halo = max((reaches.last! + 15) / 16 * 16, 16)
        (renewed, total) = (0, 0)
        var correlations: [Correlations] = []
        let nothing = [BandEnergy](repeating: BandEnergy(), count: DetailRegions.count)
        var (bands, below) = ([BandEnergy](), nothing)
        var level = detail.withoutFeatures(regions: pyramid.regions(at: detail.size), coarsest: pyramid.sizes.last!)
        for size in pyramid.sizes {
            var sums = (0..<taps * DetailRegions.count).map {
                Correlations(channels: network.tapChannels[$0 / DetailRegions.count])
            }
            var fine = nothing
            below = nothing
            let side = min(Self.side, size)
            for k in 0..<(size / side) * (size / side) {
                let inner = DetailWindow(
                    x: k % (size / side) * side, y: k / (size / side) * side, width: side, height: side)
                let outer = inner.grown(by: halo, size: size)
                let seen = outer.cut(level.seen, size: size)
                guard seen.contains(where: { $0 > 0.9 }) else { continue }
                total += 1
                let values = outer.cut(level.values, size: size)
                let tile: Tile
                if let old = known[size]?[inner], Self.isUnchanged(old, values: values, seen: seen) {
                    tile = old
                } else {
                    renewed += 1
                    let found = Self.sums(
                        values, seen: seen, inner: inner, outer: outer, size: size, pyramid: pyramid, network: network)
                    let (band, rest) = BandEnergy.split(values, width: outer.width, height: outer.height)
                    let mask = Self.evidence(seen, reach: BandEnergy.reach, inner: inner, outer: outer)
                    let regions = pyramid.regions(at: size)
                    tile = Tile(
                        values: values.map(Self.coded), seen: ByteShares(seen),
                        sums: Dictionary(
                            uniqueKeysWithValues: found.enumerated().filter { $1.weight > 0 }.map { ($0, $1) }),
                        fine: BandEnergy.energies(band, mask: mask, regions: regions, window: outer),
                        rest: size > pyramid.sizes.last!
                            ? nothing : BandEnergy.energies(rest, mask: mask, regions: regions, window: outer))
                    known[size, default: [:]][inner] = tile
                }
                for k in fine.indices {
                    fine[k] += tile.fine[k]
                    below[k] += tile.rest[k]
                }
                for (j, sum) in tile.sums { sums[j] += sum }
            }
            correlations += sums
            bands += fine
            level = level.halved
        }
        return DetailStatistics(
            octaves: pyramid.sizes.count, taps: taps, correlations: correlations, bands: bands + below)
    }

    /// Log luma in steps of a hundredth of the tolerance or so.
    private static let step: Float = 1 / 16384

    private static func coded(_ value: Float) -> Int16 { Int16((min(max(value, -1.9), 1.9) / step).rounded()) }

    private static func isUnchanged(_ tile: Tile, values: [Float], seen: [Float]) -> Bool {
        guard tile.values.count == values.count else { return false }
        var (sum, sumSeen): (Float, Float) = (0, 0)
        for i in values.indices {
            let (d, s) = (Float(tile.values[i]) * step - values[i], tile.seen[i] - seen[i])
            (sum, sumSeen) = (sum + d * d, sumSeen + s * s)
        }
        return max(sum, sumSeen) <= tolerance * tolerance * Float(values.count)
    }

    /// Of the inner texels of a tile.
    private static func evidence(_ seen: [Float], reach: Int, inner: DetailWindow, outer: DetailWindow) -> [Float] {
        var mask = DetailMap.evidence(seen, width: outer.width, height: outer.height, reach: reach)
        for y in 0..<outer.height {
            for x in 0..<outer.width where !inner.contains(outer.x + x, outer.y + y) {
                mask[y * outer.width + x] = 0
            }
        }
        return mask
    }

    private static func sums(
        _ values: [Float], seen: [Float], inner: DetailWindow, outer: DetailWindow, size: Int, pyramid: DetailPyramid,
        network: FeatureNetwork
    ) -> [Correlations] {
        let picture = FeatureMap(MapShape(channels: 1, height: outer.height, width: outer.width))
        picture.assign(values.span)
        let places = zip(network.tapShapes(picture.shape), network.reaches).map { map, reach -> [Places] in
            let mask = evidence(seen, reach: reach, inner: inner, outer: outer)
            let halvings = (outer.width / map.width).trailingZeroBitCount
            return DetailMasks(mask, pyramid: pyramid, window: outer, size: size, halvings: halvings).places(for: map)
        }
        // Turned by half a circle as well: where a region gets darker towards one side, a texture could repeat that only as a
        // sawtooth.
        let (straight, turned) = (
            network.correlations(of: picture, at: FeatureRegions(of: network, picture: picture.shape, places: places)),
            turned(values, places, picture: picture, network: network)
        )
        return zip(straight.flatMap { $0 }, turned.flatMap { $0 }).map { a, b in
            var mean = a
            for j in mean.sums.indices { mean.sums[j] = 0.5 * (a.sums[j] + b.sums[j]) }
            return mean
        }
    }

    private static func turned(
        _ values: [Float], _ places: [[Places]], picture: FeatureMap, network: FeatureNetwork
    ) -> [[Correlations]] {
        let back = Array(values.reversed())
        picture.assign(back.span)
        let places = zip(network.tapShapes(picture.shape), places).map { map, places in
            places.map { $0.turned(pixels: map.pixels) }
        }
        return network.correlations(
            of: picture, at: FeatureRegions(of: network, picture: picture.shape, places: places))
    }
}

extension DetailWindow {
    func contains(_ x: Int, _ y: Int) -> Bool {
        x >= self.x && x < self.x + width && y >= self.y && y < self.y + height
    }

    /// With so many texels around it, as far as the map goes.
    func grown(by margin: Int, size: Int) -> DetailWindow {
        let (left, top) = (max(x - margin, 0), max(y - margin, 0))
        return DetailWindow(
            x: left, y: top, width: min(x + width + margin, size) - left, height: min(y + height + margin, size) - top)
    }
}
