internal import Foundation
internal import Tensors

/// Gives what is synthesized the contrast that an analysis expects, band by band and region by region: an optimization that
/// begins with it needs fewer steps; and since one that is stopped early makes weaker what it has not yet got right, it gets
/// it again behind.
struct ContrastControl {
    let pyramid: DetailPyramid
    let analysis: DetailAnalysis
    /// By octave, see `DetailPyramid.shown`. What is not is synthesized wholly, on seen skin too.
    let shown: [Bool]
    let seen: SeenContrast

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

    /// What to add to an octave's start, as strong as it has to be beside what is there.
    /// - Parameters:
    ///   - addition: `size × size`, at some strength.
    ///   - base: what is there already; where it has all the energy that is wanted, little is added.
    func strengthened(_ addition: consuming [Float], on base: [Float], octave: Int, places: Places) -> [Float] {
        let size = pyramid.sizes[octave]
        let coarser = DetailMap.halved(addition, width: size, height: size)
        var fine = addition
        BandEnergy.subtractRest(coarser, from: &fine, width: size, height: size)
        factors(fine, band: octave, places: places, most: Self.most) {
            BandEnergy.fine(base, width: size, height: size)
        }.scale(&fine)
        var rest = DetailMap.enlarged(coarser, size: size / 2)
        if isCoarsest(octave) {
            factors(rest, band: octave + 1, places: places, most: Self.most) {
                BandEnergy.rest(base, width: size, height: size)
            }.scale(&rest)
        } else if shown[octave + 1] {
            // What was seen keeps what coarser octaves show of it.
            for i in rest.indices { rest[i] *= 1 - places.refined[i] }
        }
        for i in fine.indices { fine[i] += rest[i] }
        return fine
    }

    /// Brings what was synthesized of an octave, and of the next coarser one that it may change, to the contrast that is
    /// wanted.
    /// - Parameter given: what of the octave was there before: on skin that was seen only what was added gets stronger.
    func control(_ values: inout [Float], given: [Float], octave: Int, places: Places) {
        var (given, places) = (given, places)
        var added = values
        for i in added.indices {
            let own = given[i] * (1 - places.hidden[i])
            (added[i], given[i]) = (added[i] - own, own)
        }
        for level in octave..<min(octave + 2, pyramid.sizes.count) {
            let (size, halved) = (pyramid.sizes[level], places.halved(size: pyramid.sizes[level]))
            if shown[level] { places.refined = ByteShares(count: places.refined.count) }
            let coarser = (
                added: DetailMap.halved(added, width: size, height: size),
                given: DetailMap.halved(given, width: size, height: size)
            )
            BandEnergy.subtractRest(coarser.added, from: &added, width: size, height: size)
            factors(added, band: level, places: places, most: Self.mostBehind) {
                BandEnergy.subtractRest(coarser.given, from: &given, width: size, height: size)
                return given
            }.scale(&added, less: 1)
            if isCoarsest(level) {
                var rest = DetailMap.enlarged(coarser.added, size: size / 2)
                factors(rest, band: level + 1, places: places, most: Self.mostBehind) {
                    DetailMap.enlarged(coarser.given, size: size / 2)
                }.scale(&rest, less: 1)
                for i in added.indices { added[i] += rest[i] }
            }
            if level > octave { added = DetailMap.enlarged(added, size: size) }
            for i in values.indices { values[i] += added[i] }
            ((added, given), places) = (coarser, halved)
        }
    }

    private func isCoarsest(_ octave: Int) -> Bool { octave == pyramid.sizes.count - 1 }

    /// By texel: what to multiply a band by; 1 where nothing is to change and in regions of which too little counts.
    private struct Factors {
        let regions: DetailRegions
        let hidden: (places: ByteShares, byRegion: [Float])
        let refined: (places: ByteShares, byRegion: [Float])

        /// Values times what they are to be multiplied by, less so much.
        func scale(_ values: inout [Float], less: Float = 0) {
            for i in values.indices {
                let gain = regions.covered[i] > 0 ? gain(hidden, at: i) + gain(refined, at: i) : 0
                values[i] *= 1 + gain - less
            }
        }

        private func gain(_ side: (places: ByteShares, byRegion: [Float]), at i: Int) -> Float {
            guard side.places[i] > 0 else { return 0 }
            let (a, b) = (side.byRegion[Int(regions.first[i])], side.byRegion[Int(regions.second[i])])
            return side.places[i] * (b + (a - b) * regions.share[i] - 1)
        }
    }

    /// - Parameter base: the same band of what is there; made here, since maps are large and it is not needed for long.
    private func factors(
        _ values: [Float], band: Int, places: Places, most: Float, base: () -> [Float]
    ) -> Factors {
        let regions = pyramid.regions(at: pyramid.sizes[min(band, pyramid.sizes.count - 1)])
        let whole = DetailWindow(x: 0, y: 0, width: regions.size, height: regions.size)
        let limit = band < pyramid.sizes.count ? most : Self.mostBelow
        func energies(_ values: [Float], at own: ByteShares, beside other: ByteShares) -> [BandEnergy] {
            let counted = ByteShares(count: own.count) {
                own[$0] > 0.02 && own[$0] >= other[$0] ? own[$0] * places.clean[$0] : 0
            }
            return BandEnergy.energies(values, mask: counted, regions: regions, window: whole)
        }
        func byRegion(_ there: [BandEnergy], _ found: [BandEnergy], wanted: [Double]) -> [Float] {
            found.indices.map { k in
                guard let found = found[k].mean, found > 0 else { return 1 }
                let wanted = min(
                    exp(wanted[band * DetailRegions.count + k]), seen.energyLimit(band: band, region: k))
                let share = max(wanted - (there[k].mean ?? 0), 0.05 * wanted) / found
                return min(max(Float(share.squareRoot()), 1 / most), limit)
            }
        }
        let (hidden, refined, base) = (places.hidden, places.refined, base())
        return Factors(
            regions: regions,
            hidden: (
                hidden,
                byRegion(
                    energies(base, at: hidden, beside: refined), energies(values, at: hidden, beside: refined),
                    wanted: analysis.energies)
            ),
            refined: (
                refined,
                byRegion(
                    energies(base, at: refined, beside: hidden), energies(values, at: refined, beside: hidden),
                    wanted: analysis.seenEnergies)
            ))
    }
}
