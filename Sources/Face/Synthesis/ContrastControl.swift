internal import Foundation
internal import Tensors

/// Gives what is synthesized the contrast that an analysis expects, band by band and region by region: an optimization that
/// begins with it needs fewer steps; and since one that is stopped early makes weaker what it has not yet got right, it gets
/// it again behind.
struct ContrastControl {
    let pyramid: DetailPyramid
    let analysis: DetailAnalysis
    /// By octave, see `DetailPyramid.kept`.
    let resolved: [Float]

    /// By texel, 0...1: how far it is skin that nobody saw, and skin that was seen, if not sharply; each has targets of its own.
    struct Places {
        var hidden: ByteShares
        var refined: ByteShares
        /// 0...1: skin far from brows, lids, lips and hairlines, whose edges are no contrast of it: what is measured.
        var clean: ByteShares

        func halved(size: Int) -> Places {
            func halved(_ shares: ByteShares) -> ByteShares {
                ByteShares(DetailMap.halved(Array(shares), width: size, height: size))
            }
            return Places(hidden: halved(hidden), refined: halved(refined), clean: halved(clean))
        }
    }

    /// A start's strength changes by this factor at most, either way.
    private static let most: Float = 2.5
    /// And a result's.
    private static let mostBehind: Float = 1.5
    /// What lies below the coarsest octave gets less: blots are seen sooner than their lack.
    private static let mostBelow: Float = 1.5
    /// An octave that is resolved less is synthesized wholly, on seen skin too.
    private static let unresolved: Float = 0.05

    /// What to add to an octave's start, as strong as it has to be beside what is there.
    /// - Parameters:
    ///   - addition: `size × size`, at some strength.
    ///   - base: what is there already; where it has all the energy that is wanted, little is added.
    func strengthened(_ addition: [Float], on base: [Float], octave: Int, places: Places) -> [Float] {
        let size = pyramid.sizes[octave]
        // What was seen keeps what coarser octaves show of it, where they do.
        var result =
            isCoarsest(octave)
            ? [Float](repeating: 0, count: addition.count)
            : BandEnergy.rest(addition, width: size, height: size)
        if !isCoarsest(octave), resolved[octave + 1] > Self.unresolved {
            for i in result.indices { result[i] *= 1 - places.refined[i] }
        }
        add(to: &result, octave, bandsOf: addition, on: base, places: places, most: Self.most, less: 0)
        return result
    }

    /// Brings what was synthesized of an octave, and of the next coarser one that it may change, to the contrast that is
    /// wanted.
    /// - Parameter given: what of the octave was there before: on skin that was seen only what was added gets stronger.
    func control(_ values: inout [Float], given: [Float], octave: Int, places: Places) {
        var (given, places, coarse) = (given, places, [Float]())
        var added = zip(values, given).map { value, given in value - given }
        for i in added.indices {
            added[i] += places.hidden[i] * given[i]
            given[i] -= places.hidden[i] * given[i]
        }
        for octave in octave..<min(octave + 2, pyramid.sizes.count) {
            let size = pyramid.sizes[octave]
            let halved = places.halved(size: size)
            if resolved[octave] > Self.unresolved {
                places.refined = ByteShares(count: places.refined.count)
            }
            func change(_ values: inout [Float]) {
                add(
                    to: &values, octave, bandsOf: added, on: given, places: places, most: Self.mostBehind, less: 1)
            }
            if values.count == added.count {
                change(&values)
            } else {
                coarse = [Float](repeating: 0, count: added.count)
                change(&coarse)
            }
            added = DetailMap.halved(added, width: size, height: size)
            given = DetailMap.halved(given, width: size, height: size)
            places = halved
        }
        guard !coarse.isEmpty else { return }
        let large = DetailMap.enlarged(coarse, size: pyramid.sizes[octave + 1])
        for i in values.indices { values[i] += large[i] }
    }

    /// Adds an octave's band, and of the coarsest one what lies below it, times what each is to be multiplied by, less so much.
    private func add(
        to result: inout [Float], _ octave: Int, bandsOf addition: [Float], on base: [Float],
        places: Places, most: Float, less: Float
    ) {
        let size = pyramid.sizes[octave]
        for band in isCoarsest(octave) ? [octave, octave + 1] : [octave] {
            func part(_ values: [Float]) -> [Float] {
                band == octave
                    ? BandEnergy.fine(values, width: size, height: size)
                    : BandEnergy.rest(values, width: size, height: size)
            }
            let new = part(addition)
            let factors = factors(new, band: band, places: places, most: most) { part(base) }
            for i in result.indices { result[i] += (factors[i] - less) * new[i] }
        }
    }

    private func isCoarsest(_ octave: Int) -> Bool { octave == pyramid.sizes.count - 1 }

    /// By texel: what to multiply a band by; 1 where nothing is to change and in regions of which too little counts.
    /// - Parameter base: the same band of what is there; made here, since maps are large and it is not needed for long.
    private func factors(
        _ values: [Float], band: Int, places: Places, most: Float, base: () -> [Float]
    ) -> [Float] {
        let regions = pyramid.regions(at: pyramid.sizes[min(band, pyramid.sizes.count - 1)])
        let whole = DetailWindow(x: 0, y: 0, width: regions.size, height: regions.size)
        let limit = band < pyramid.sizes.count ? most : Self.mostBelow
        let sides = [
            (own: places.hidden, other: places.refined, wanted: analysis.energies),
            (own: places.refined, other: places.hidden, wanted: analysis.seenEnergies),
        ]
        func energies(_ values: [Float]) -> [[BandEnergy]] {
            sides.map { side in
                let counted = ByteShares(count: side.own.count) {
                    side.own[$0] > 0.02 && side.own[$0] >= side.other[$0] ? side.own[$0] * places.clean[$0] : 0
                }
                return BandEnergy.energies(values, mask: counted, regions: regions, window: whole)
            }
        }
        let (there, found) = (energies(base()), energies(values))
        var result = [Float](repeating: 1, count: values.count)
        for (s, side) in sides.enumerated() {
            let factors = found[s].indices.map { k -> Float in
                guard let found = found[s][k].mean, found > 0 else { return 1 }
                let wanted = exp(side.wanted[band * DetailRegions.count + k])
                let share = max(wanted - (there[s][k].mean ?? 0), 0.05 * wanted) / found
                return min(max(Float(share.squareRoot()), 1 / most), limit)
            }
            for i in result.indices where side.own[i] > 0 && regions.covered[i] > 0 {
                let (a, b) = (factors[Int(regions.first[i])], factors[Int(regions.second[i])])
                result[i] += side.own[i] * (b + (a - b) * regions.share[i] - 1)
            }
        }
        return result
    }
}
