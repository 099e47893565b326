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

    /// A tile that is to be looked at.
    private struct Job {
        /// Of the octave.
        let size: Int
        let inner: DetailWindow
        let outer: DetailWindow
        /// Of `outer`.
        let values: [Float]
        let seen: [Float]
        /// So many are looked at.
        let taps: Int
    }

    /// So many are looked at at a time: what waits needs room.
    private static let together = 8

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

    /// - Parameter largestDeep: texels along a side; of octaves that are larger nothing is known of any tap but the first. The
    ///   same each time.
    package mutating func statistics(
        of detail: DetailMap, pyramid: DetailPyramid, network: FeatureNetwork, largestDeep: Int = .max
    ) -> DetailStatistics {
        precondition(detail.size == pyramid.sizes[0], "detail of \(detail.size)² for \(pyramid.sizes)")
        let looked = look(at: detail, pyramid: pyramid, network: network, largestDeep: largestDeep)
        let nothing = [BandEnergy](repeating: BandEnergy(), count: DetailRegions.count)
        var (correlations, bands, below) = ([Correlations](), [BandEnergy](), nothing)
        for size in pyramid.sizes {
            var sums = (0..<network.taps.count * DetailRegions.count).map {
                Correlations(channels: network.tapChannels[$0 / DetailRegions.count])
            }
            var fine = nothing
            for inner in looked[size]! {
                let tile = known[size]![inner]!
                for k in fine.indices {
                    fine[k] += tile.fine[k]
                    below[k] += tile.rest[k]
                }
                for (j, sum) in tile.sums { sums[j] += sum }
            }
            correlations += sums
            bands += fine
        }
        return DetailStatistics(
            octaves: pyramid.sizes.count, taps: network.taps.count, correlations: correlations, bands: bands + below)
    }

    /// Looks at all tiles that have changed.
    /// - Returns: by the octave's size, the tiles in which anything was seen.
    private mutating func look(
        at detail: DetailMap, pyramid: DetailPyramid, network: FeatureNetwork, largestDeep: Int
    ) -> [Int: [DetailWindow]] {
        let halo = max((network.reaches.last! + 15) / 16 * 16, 16)
        (renewed, total) = (0, 0)
        var (looked, pending) = ([Int: [DetailWindow]](), [Job]())
        func renew() {
            for (job, tile) in zip(pending, Self.tiles(pending, pyramid: pyramid, network: network)) {
                known[job.size, default: [:]][job.inner] = tile
            }
            renewed += pending.count
            pending = []
        }
        var level = detail.withoutFeatures(regions: pyramid.regions(at: detail.size), coarsest: pyramid.sizes.last!)
        for size in pyramid.sizes {
            let side = min(Self.side, size)
            var here: [DetailWindow] = []
            for k in 0..<(size / side) * (size / side) {
                let inner = DetailWindow(
                    x: k % (size / side) * side, y: k / (size / side) * side, width: side, height: side)
                let outer = inner.grown(by: halo, size: size)
                let seen = outer.cut(level.seen, size: size)
                guard seen.contains(where: { $0 > 0.9 }) else { continue }
                here.append(inner)
                let values = outer.cut(level.values, size: size)
                if let old = known[size]?[inner], Self.isUnchanged(old, values: values, seen: seen) { continue }
                pending.append(
                    Job(
                        size: size, inner: inner, outer: outer, values: values, seen: seen,
                        taps: size > largestDeep ? 1 : network.taps.count))
                if pending.count == Self.together { renew() }
            }
            looked[size] = here
            total += here.count
            if size > pyramid.sizes.last! { level = level.halved }
        }
        renew()
        return looked
    }

    /// On two threads, where the network has a twin.
    private static func tiles(
        _ jobs: [Job], pyramid: DetailPyramid, network: FeatureNetwork
    ) -> [Tile] {
        guard jobs.count > 1, let twin = network.twin else {
            return jobs.map { tile($0, pyramid: pyramid, network: network) }
        }
        // Each is used by one of the two only.
        nonisolated(unsafe) let networks = [network, twin]
        let halves = [0, 1].mapConcurrently { worker in
            stride(from: worker, to: jobs.count, by: 2).map {
                tile(jobs[$0], pyramid: pyramid, network: networks[worker])
            }
        }
        return jobs.indices.map { halves[$0 % 2][$0 / 2] }
    }

    private static func tile(
        _ job: Job, pyramid: DetailPyramid, network: FeatureNetwork
    ) -> Tile {
        let (size, inner, outer, regions) = (job.size, job.inner, job.outer, pyramid.regions(at: job.size))
        let found = sums(
            job.values, seen: job.seen, inner: inner, outer: outer, size: size, pyramid: pyramid, network: network,
            taps: job.taps)
        let (band, rest) = BandEnergy.split(job.values, width: outer.width, height: outer.height)
        let mask = evidence(job.seen, reach: BandEnergy.reach, inner: inner, outer: outer)
        return Tile(
            values: job.values.map(coded), seen: ByteShares(job.seen),
            sums: Dictionary(uniqueKeysWithValues: found.enumerated().filter { $1.weight > 0 }.map { ($0, $1) }),
            fine: BandEnergy.energies(band, mask: mask, regions: regions, window: outer),
            rest: size > pyramid.sizes.last!
                ? [BandEnergy](repeating: BandEnergy(), count: DetailRegions.count)
                : BandEnergy.energies(rest, mask: mask, regions: regions, window: outer))
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
        network: FeatureNetwork, taps: Int
    ) -> [Correlations] {
        let picture = FeatureMap(MapShape(channels: 1, height: outer.height, width: outer.width))
        picture.assign(values.span)
        let places = zip(network.tapShapes(picture.shape), network.reaches).enumerated().map { tap, looks -> [Places] in
            guard tap < taps else { return [] }
            let (map, reach) = looks
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
