internal import Foundation
internal import Tensors

/// Gives what is synthesized the contrast that an analysis expects, band by band and region by region: an optimization that
/// begins with it needs fewer steps; and since one that is stopped early makes weaker what it has not yet got right, it gets
/// it again behind.
struct ContrastControl {
    let pyramid: DetailPyramid
    let analysis: DetailAnalysis
    /// By octave, see `DetailPyramid.resolved`.
    let resolved: [Float]

    /// By texel, 0...1: how far it is skin that nobody saw, and skin that was seen, if not sharply; each has targets of its own.
    struct Places {
        var hidden: [Float]
        var refined: [Float]

        func halved(size: Int) -> Places {
            Places(
                hidden: DetailMap.halved(hidden, width: size, height: size),
                refined: DetailMap.halved(refined, width: size, height: size))
        }
    }

    /// A start's strength changes by this factor at most, either way.
    private static let most: Float = 6
    /// And a result's.
    private static let mostBehind: Float = 1.5
    /// What lies below the coarsest octave is made stronger by this at most: blots are seen sooner than their lack.
    private static let mostBelow: Float = 1.2
    /// An octave that is resolved less is synthesized wholly, on seen skin too.
    private static let unresolved: Float = 0.05

    /// What to add to an octave's start, as strong as it has to be beside what is there.
    /// - Parameters:
    ///   - addition: `size × size`, at some strength.
    ///   - base: what is there already; where it has all the energy that is wanted, little is added.
    func strengthened(_ addition: [Float], on base: [Float], octave: Int, places: Places) -> [Float] {
        let size = pyramid.sizes[octave]
        let old = BandEnergy.split(base, width: size, height: size)
        let new = BandEnergy.split(addition, width: size, height: size)
        // What was seen keeps what coarser octaves show of it, where they do.
        var result = isCoarsest(octave) ? [Float](repeating: 0, count: addition.count) : new.rest
        if !isCoarsest(octave), resolved[octave + 1] > Self.unresolved {
            for i in result.indices { result[i] *= 1 - places.refined[i] }
        }
        for (band, old, new) in bands(octave, old, new) {
            let factors = factors(new, on: old, band: band, places: places, most: Self.most)
            for i in result.indices { result[i] += factors[i] * new[i] }
        }
        return result
    }

    /// Brings what was synthesized of an octave, and of the next coarser one that it may change, to the contrast that is
    /// wanted.
    /// - Parameter given: what of the octave was there before: on skin that was seen only what was added gets stronger.
    func control(_ values: inout [Float], given: [Float], octave: Int, places: Places) {
        var (given, places, changes) = (given, places, [[Float]]())
        var added = zip(values, given).map { value, given in value - given }
        for i in added.indices {
            added[i] += places.hidden[i] * given[i]
            given[i] -= places.hidden[i] * given[i]
        }
        for octave in octave..<min(octave + 2, pyramid.sizes.count) {
            let size = pyramid.sizes[octave]
            let old = BandEnergy.split(given, width: size, height: size)
            let new = BandEnergy.split(added, width: size, height: size)
            var own = places
            if resolved[octave] > Self.unresolved { own.refined = own.refined.map { _ in 0 } }
            var change = [Float](repeating: 0, count: added.count)
            for (band, old, new) in bands(octave, old, new) {
                let factors = factors(new, on: old, band: band, places: own, most: Self.mostBehind)
                for i in change.indices { change[i] += (factors[i] - 1) * new[i] }
            }
            changes.append(change)
            added = DetailMap.halved(added, width: size, height: size)
            given = DetailMap.halved(given, width: size, height: size)
            places = places.halved(size: size)
        }
        for i in values.indices { values[i] += changes[0][i] }
        guard changes.count > 1 else { return }
        let coarse = DetailMap.enlarged(changes[1], size: pyramid.sizes[octave + 1])
        for i in values.indices { values[i] += coarse[i] }
    }

    private typealias Parts = (fine: [Float], rest: [Float])

    /// An octave's band, and of the coarsest one what lies below it.
    private func bands(_ octave: Int, _ old: Parts, _ new: Parts) -> [(band: Int, old: [Float], new: [Float])] {
        [(octave, old.fine, new.fine)] + (isCoarsest(octave) ? [(octave + 1, old.rest, new.rest)] : [])
    }

    private func isCoarsest(_ octave: Int) -> Bool { octave == pyramid.sizes.count - 1 }

    /// By texel: what to multiply a band by; 1 where nothing is to change and in regions of which too little counts.
    private func factors(
        _ values: [Float], on base: [Float], band: Int, places: Places, most: Float
    ) -> [Float] {
        let regions = pyramid.regions(at: pyramid.sizes[min(band, pyramid.sizes.count - 1)])
        let whole = DetailWindow(x: 0, y: 0, width: regions.size, height: regions.size)
        let limit = band == pyramid.sizes.count ? Self.mostBelow : most
        var result = [Float](repeating: 1, count: values.count)
        for (own, other, wanted) in [
            (places.hidden, places.refined, analysis.energies), (places.refined, places.hidden, analysis.seenEnergies),
        ] {
            let counted = own.indices.map { own[$0] > 0.02 && own[$0] >= other[$0] ? own[$0] : 0 }
            let found = BandEnergy.energies(values, mask: counted, regions: regions, window: whole)
            let there = BandEnergy.energies(base, mask: counted, regions: regions, window: whole)
            let factors = found.indices.map { k -> Float in
                guard let found = found[k].mean, found > 0 else { return 1 }
                let wanted = exp(wanted[band * DetailRegions.count + k])
                let share = max(wanted - (there[k].mean ?? 0), 0.05 * wanted) / found
                return min(max(Float(share.squareRoot()), 1 / most), limit)
            }
            for i in result.indices where own[i] > 0 && regions.covered[i] > 0 {
                let (a, b) = (factors[Int(regions.first[i])], factors[Int(regions.second[i])])
                result[i] += own[i] * (b + (a - b) * regions.share[i] - 1)
            }
        }
        return result
    }
}
