package import Tensors

/// Statistics of a map as sums over tiles, each with all that features see around it: what a tile holds is looked at again
/// only when it has changed, so a growing view costs what is new in it, and memory is that of one tile's maps.
package struct TiledStatistics: Sendable {
    private struct Tile {
        /// With the surroundings that features see; log luma in `step`s.
        var values: [Int16]
        var seen: [UInt8]
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
        (renewed, total) = (0, 0)
        var (looked, pending) = ([Int: [DetailWindow]](), [Job]())
        func renew() {
            for (job, tile) in zip(pending, Self.tiles(pending, pyramid: pyramid, network: network)) {
                known[job.size, default: [:]][job.inner] = tile
            }
            renewed += pending.count
            pending = []
        }
        let octaves = detail.octaves(to: pyramid.sizes.last!)
        var seen = detail.seenSkin(regions: pyramid.regions(at: detail.size), octaves: octaves)
        for (values, size) in zip(octaves, pyramid.sizes) {
            let taps = size > largestDeep ? 1 : network.taps.count
            let halo = Self.halo(network, taps: taps)
            let tiles = Self.windows(size: size).map { ($0, $0.grown(by: halo, size: size)) }
            let states = tiles.mapConcurrently { [known, seen] inner, outer -> State in
                Self.state(of: known[size]?[inner], values: values, seen: seen, outer: outer, size: size)
            }
            for ((inner, outer), state) in zip(tiles, states) where state == .changed {
                pending.append(
                    Job(
                        size: size, inner: inner, outer: outer, values: outer.cut(values, size: size),
                        seen: outer.cut(seen, size: size), taps: taps))
                if pending.count == Self.together { renew() }
            }
            looked[size] = zip(tiles, states).filter { $1 != .unseen }.map(\.0.0)
            total += looked[size]!.count
            if size > pyramid.sizes.last! { seen = DetailMap.halved(seen, width: size, height: size) }
        }
        renew()
        return looked
    }

    private static func windows(size: Int) -> [DetailWindow] {
        let side = min(side, size)
        return (0..<(size / side) * (size / side)).map { k in
            DetailWindow(x: k % (size / side) * side, y: k / (size / side) * side, width: side, height: side)
        }
    }

    /// Texels around a tile that are looked at with it: as far as features see, and bands, of whole places of the deepest map.
    private static func halo(_ network: FeatureNetwork, taps: Int) -> Int {
        let unit = max(8, 1 << network.halvings)
        return max(network.reaches[taps - 1] + unit - 1, BandEnergy.reach) / unit * unit
    }

    private enum State { case unseen, same, changed }

    /// What became of a tile since it was looked at.
    private static func state(
        of tile: Tile?, values: [Float], seen: [Float], outer: DetailWindow, size: Int
    ) -> State {
        let rows = (outer.y..<outer.y + outer.height).map { $0 * size + outer.x..<$0 * size + outer.x + outer.width }
        return seen.withUnsafeBufferPointer { seen in
            guard rows.contains(where: { seen[$0].contains { $0 > 0.9 } }) else { return .unseen }
            guard let tile, tile.values.count == outer.width * outer.height else { return .changed }
            return values.withUnsafeBufferPointer { values in
                let changes = rows.enumerated().reduce(SIMD2<Float>()) { sum, row in
                    let at = row.offset * outer.width
                    return sum
                        + SIMD2(
                            squaredDistance(tile.values, from: at, unit: step, to: values[row.element]),
                            squaredDistance(tile.seen, from: at, unit: 1 / shares, to: seen[row.element]))
                }
                return changes.max() <= tolerance * tolerance * Float(tile.values.count) ? .same : .changed
            }
        }
    }

    /// Σ (unit · code − value)² over a row of values, a multiple of eight.
    private static func squaredDistance<Code: FixedWidthInteger & SIMDScalar>(
        _ codes: [Code], from start: Int, unit: Float, to values: Slice<UnsafeBufferPointer<Float>>
    ) -> Float {
        codes.withUnsafeBytes { codes in
            let values = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: values))
            var sums = SIMD8<Float>()
            for x in stride(from: 0, to: values.count, by: 8 * MemoryLayout<Float>.stride) {
                let at = (start + x / MemoryLayout<Float>.stride) * MemoryLayout<Code>.stride
                let code = SIMD8<Float>(codes.loadUnaligned(fromByteOffset: at, as: SIMD8<Code>.self))
                let difference = unit * code - values.loadUnaligned(fromByteOffset: x, as: SIMD8<Float>.self)
                sums += difference * difference
            }
            return sums.sum()
        }
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
            values: job.values.map(coded), seen: job.seen.map { UInt8(min(max($0, 0), 1) * shares + 0.5) },
            sums: Dictionary(uniqueKeysWithValues: found.enumerated().filter { $1.weight > 0 }.map { ($0, $1) }),
            fine: BandEnergy.energies(band, mask: mask, regions: regions, window: outer),
            rest: size > pyramid.sizes.last!
                ? [BandEnergy](repeating: BandEnergy(), count: DetailRegions.count)
                : BandEnergy.energies(rest, mask: mask, regions: regions, window: outer))
    }

    /// Log luma in steps of a hundredth of the tolerance or so.
    private static let step: Float = 1 / 16384
    /// A whole share in a byte.
    private static let shares: Float = 255

    private static func coded(_ value: Float) -> Int16 { Int16((min(max(value, -1.9), 1.9) / step).rounded()) }

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
