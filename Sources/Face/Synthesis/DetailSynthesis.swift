internal import Foundation
package import Tensors

/// The fine structure of what nobody saw: found by L-BFGS so that its feature correlations, per region, become the analysis'
/// targets, octave by octave from the coarsest; what was seen stays as it is and is the context at the seams (Saito et al.
/// 2017, section 5; octaves as in Snelgrove 2017 and Gonthier et al. 2020).
///
/// Large octaves are worked on in windows, so memory does not depend on the map's size. Same input, same bits.
package struct DetailSynthesis {
    package struct Options: Sendable {
        /// Evaluations per tile, from the coarsest octave up; the last counts for all further ones.
        package var evaluations = [40, 30, 20, 4]
        /// Texels along a tile's side, overlap and context not counted.
        package var tile = 128
        package var seed: UInt64 = 1

        package init() {}
    }

    /// What `progress` tells, and may stop by returning false.
    package struct Step: Sendable {
        package let size: Int
        package let window: Int
        package let windows: Int
        /// From 1.
        package let evaluation: Int
        package let loss: Double
    }

    private let pyramid: DetailPyramid
    private let network: FeatureNetwork
    private let analysis: DetailAnalysis
    private let database: FaceDatabase
    private let options: Options
    /// Per octave, finest first, 0...1: how far the camera resolved it. Where it did not, seen texels keep what the coarser
    /// octave says and get fine structure on top.
    private let resolved: [Float]

    /// - Parameter resolved: see `DetailPyramid.resolved`.
    package init(
        pyramid: DetailPyramid, network: FeatureNetwork, analysis: DetailAnalysis, database: FaceDatabase,
        resolved: [Float]? = nil, options: Options = Options()
    ) {
        self.resolved = resolved ?? pyramid.sizes.map { _ in 1 }
        self.pyramid = pyramid
        self.network = network
        self.analysis = analysis
        self.database = database
        self.options = options
    }

    /// Texels along one side of the finest octave that the camera resolved wholly; half the coarsest where it did none.
    var sharpSize: Int { zip(pyramid.sizes, resolved).first { $0.1 > 0.999 }?.0 ?? pyramid.sizes.last! / 2 }

    /// - Parameters:
    ///   - earlier: a result for the same person, which then is where each octave starts; it needs a third of the work.
    ///   - within: of the finest octave, 0...1: where anything may change; everywhere when not given.
    ///   - progress: between evaluations; false stops.
    ///   - octave: each finished octave, from the coarsest up; false stops.
    /// - Returns: `detail` with what was not seen replaced; `nil` where it was stopped before the finest octave's end.
    package func complete(
        _ detail: DetailMap, from earlier: DetailMap? = nil, within: [Float]? = nil,
        progress: (Step) -> Bool = { _ in true }, octave: (DetailMap) -> Bool = { _ in true }
    ) -> DetailMap? {
        var levels = [detail]
        while levels.count < pyramid.sizes.count { levels.append(levels.last!.halved) }
        var limits = within.map { [$0] } ?? []
        while let last = limits.last, limits.count < levels.count {
            let side = levels[limits.count - 1].size
            limits.append(DetailMap.halved(last, width: side, height: side))
        }
        let starts = earlier.map { Self.levels($0, sizes: pyramid.sizes) } ?? [:]
        // What sits at a fixed place comes from where the filling has it, the mirrored side, not from statistics.
        let features = FixedFeatures(levels.last!, regions: pyramid.regions(at: levels.last!.size))
        var shares = DisplacedSkin.enlargements(features.shares, size: features.size, count: levels.count)
        let counterpart = pyramid.mirrored(levels.last!.seen)
        let stretched = Self.stretched(pyramid.extents, pyramid.regions(at: levels.last!.size))
        var start =
            starts[detail.size] == nil
            ? OctaveStart(
                levels, coarsest: pyramid.regions(at: levels.last!.size), extents: pyramid.extents, features: features,
                counterpart: counterpart, seed: options.seed) : nil
        let contrast = ContrastControl(pyramid: pyramid, analysis: analysis, resolved: resolved)
        var found: DetailMap?
        for (rank, level) in levels.reversed().enumerated() {
            let size = level.size
            let resolved = resolved[levels.count - 1 - rank]
            let (covered, plain) = (pyramid.regions(at: size).covered, pyramid.regions(at: size).plain)
            var (free, unknown) = (covered, covered)
            for i in free.indices where free[i] > 0 {
                let allowed = limits.isEmpty ? 1 : limits[levels.count - 1 - rank][i]
                // 0...1: how far a texel may change, and how far nothing is known of it.
                free[i] = allowed * (1 - level.seen[i] * resolved) * (1 - shares[rank][i] * (1 - level.seen[i]))
                unknown[i] = min(free[i], allowed * (1 - level.seen[i]))
            }
            shares[rank] = []
            // Skin whose mirrored place was seen has its start from there, and statistics could only make it worse.
            let left = ByteShares(count: free.count) {
                1 - counterpart[features.place($0, of: size)] * (1 - level.seen[$0]) * resolved
            }
            let clean = ByteShares(count: free.count) {
                features.clean[features.place($0, of: size)] ? plain[$0] : 0
            }
            var values = level.values
            if let earlier = starts[size] {
                for i in values.indices { values[i] += (earlier[i] - values[i]) * free[i] }
            } else {
                let coarser = rank == 0 ? nil : levels[levels.count - rank]
                do {
                    let coarse = found.map { DetailMap.enlarged($0.values, size: size / 2) }
                    // Skin that was seen, if not sharply, keeps what it got in coarser octaves on top.
                    let change = zip(found?.values ?? [], coarser?.values ?? []).map { $0 - $1 }
                    let refinement = change.isEmpty ? [] : DetailMap.enlarged(change, size: size / 2)
                    let share = rank == 0 ? 0 : Self.refined(self.resolved[levels.count - rank])
                    for i in values.indices {
                        let refined = refinement.isEmpty ? 0 : share * refinement[i] * (free[i] - unknown[i])
                        values[i] += ((coarse?[i] ?? 0) - values[i]) * unknown[i] + refined
                    }
                }
                // An earlier result has all octaves up to its own.
                let addition = start!.addition(
                    level, coarser: coarser,
                    at: .init(free: free, unknown: unknown, left: left, covered: covered, resolved: resolved))
                let places = ContrastControl.Places(
                    hidden: ByteShares(count: free.count) {
                        free[$0] > 0.02
                            ? left[$0] * unknown[$0] * (1 - stretched[features.place($0, of: size)]) : 0
                    },
                    refined: ByteShares(count: free.count) {
                        free[$0] > 0.02 ? left[$0] * (free[$0] - unknown[$0]) / free[$0] : 0
                    }, clean: clean)
                let strong = contrast.strengthened(
                    addition, on: values, octave: levels.count - 1 - rank, places: places)
                for i in values.indices { values[i] += strong[i] }
            }
            for i in free.indices where free[i] > 0 {
                let share = left[i] * (1 - stretched[features.place(i, of: size)])
                (free[i], unknown[i]) = (free[i] * share, unknown[i] * share)
            }
            // Half-seen texels keep half of what they have: whoever counts them makes the others wilder for it. Of a picture
            // that is coarser than the octave all count.
            let coarser = self.resolved.indices.contains(levels.count - rank) ? self.resolved[levels.count - rank] : 1
            let refined = [resolved, coarser].map(Self.refined)
            let halvings = max(size.trailingZeroBitCount - sharpSize.trailingZeroBitCount, 1)
            var limit = options.evaluations[min(rank, options.evaluations.count - 1)]
            if starts[size] != nil { limit = max(limit / 3, 1) }
            let skin = pyramid.regions(at: size).skin
            let pieces = DetailWindows(side: options.tile, alignment: max(2 << network.halvings, 16)).pieces(
                zip(free, skin).map { $0 * $1 > 0.1 }, size: size)
            for (k, piece) in pieces.enumerated() {
                let (outer, mask) = (piece.outer, piece.mask)
                let (free, unknown) = (outer.cut(free, size: size), outer.cut(unknown, size: size))
                // The overlap counts whole: what does not count would become whatever edge suits what does.
                let counted = refined.map { refined in
                    mask.indices.map { i in
                        guard mask[i] > 0, free[i] > 0 else { return Float(0) }
                        let hidden = unknown[i] * unknown[i] * unknown[i] * unknown[i]
                        return max(hidden, free[i] > unknown[i] ? refined : 0)
                    }
                }
                // What the camera did resolve stays: there only structure finer than that changes.
                let kept = resolved < 1 ? zip(free, unknown).map { max($0 - $1, 0) / max($0, 1e-6) } : nil
                let search = Objective(
                    pyramid: pyramid, network: network, targets: analysis.targets, database: database,
                    octave: levels.count - 1 - rank, window: outer, values: outer.cut(values, size: size),
                    free: zip(free, mask).map { $0 * $1 }, counted: counted, size: size, kept: kept,
                    halvings: halvings)
                let result = search.minimize(evaluations: limit) { evaluation, loss in
                    progress(
                        Step(size: size, window: k, windows: pieces.count, evaluation: evaluation, loss: loss))
                }
                guard let result else { return nil }
                for y in 0..<outer.height {
                    let at = (outer.y + y) * size + outer.x
                    values.replaceSubrange(
                        at..<at + outer.width, with: result[y * outer.width..<(y + 1) * outer.width])
                }
            }
            let places = ContrastControl.Places(
                hidden: unknown, refined: ByteShares(count: free.count) { free[$0] - unknown[$0] }, clean: clean)
            contrast.control(&values, given: level.values, octave: levels.count - 1 - rank, places: places)
            let done = DetailMap(size: size, values: values, seen: level.seen)
            found = done
            guard octave(done) else { return size == detail.size ? done : nil }
        }
        return found
    }

    /// By texel of the coarsest octave, 0...1: how far the map is so stretched there that statistics of its texels are not those
    /// of the skin, and what a place begins with is better. The limits are where cheeks, jaws and foreheads of the held-out
    /// faces came nearest to the truth. Necks are stretched in every face of the database alike, and came nearest without.
    private static func stretched(_ extents: [SIMD2<Float>], _ regions: DetailRegions) -> [Float] {
        extents.indices.map { i in
            let extent = extents[i]
            let region = Int(regions.first[i])
            guard extent.min() > 0, !DetailRegions.necks.contains(region) else { return 0 }
            let least: Float = DetailRegions.foreheads.contains(region) ? 1.8 : 1.4
            return min(max((extent.max() / extent.min() - least) / 0.6, 0), 1)
        }
    }

    /// 0...1: how far skin that was seen in an octave, so far resolved, counts as synthesized.
    private static func refined(_ resolved: Float) -> Float { min(2 * (1 - resolved), 1) }

    /// A result by size, as far down as it goes.
    private static func levels(_ detail: DetailMap, sizes: [Int]) -> [Int: [Float]] {
        var (result, level) = ([detail.size: detail.values], detail)
        while level.size > sizes.last! {
            level = level.halved
            result[level.size] = level.values
        }
        return result
    }
}

/// The loss of one window of one octave: over this octave and the next coarser one, each tap and region, the squared distance of
/// mean correlations to their target, in units of how far faces differ, weighted by texels.
private struct Objective {
    let network: FeatureNetwork
    let values: [Float]
    let free: [Float]
    /// This octave's picture and the coarser one's.
    let pictures: [FeatureMap]
    let gradients: [FeatureMap]
    /// [level][tap]: regions' targets and weights, in the order of `regions`' places.
    private var terms: [[[Term]]] = []
    private var regions: [FeatureRegions] = []
    /// 0...1: where only what is finer than `halvings` octaves down may change; `nil` where anything may.
    private let kept: [Float]?
    private let halvings: Int

    private struct Term {
        let target: [Float]
        let weight: Double
    }

    /// All that is by texel is of the window; `counted` for this octave and, at the same size, for the coarser one.
    init(
        pyramid: DetailPyramid, network: FeatureNetwork, targets: [[Float]], database: FaceDatabase, octave: Int,
        window: DetailWindow, values: [Float], free: [Float], counted: [[Float]], size: Int, kept: [Float]?,
        halvings: Int
    ) {
        self.free = free
        self.network = network
        self.values = values
        let shape = MapShape(channels: 1, height: window.height, width: window.width)
        var octaves = [(octave, shape, window, counted[0], size)]
        if octave + 1 < pyramid.sizes.count {
            let small = DetailMap.halved(counted[1], width: window.width, height: window.height)
            octaves.append((octave + 1, shape.pooled, window.halved, small, size / 2))
        }
        self.kept = kept
        self.halvings = halvings
        pictures = octaves.map { FeatureMap($0.1) }
        gradients = octaves.map { FeatureMap($0.1) }
        for (o, shape, window, mask, size) in octaves {
            let masks = DetailMasks(
                mask, pyramid: pyramid, window: window, size: size, fewest: Self.fewest, halvings: network.halvings)
            var (places, terms) = ([[Places]](), [[Term]]())
            for (t, map) in network.tapShapes(shape).enumerated() {
                let known = masks.places(for: map).enumerated().compactMap { k, places -> (Places, Term)? in
                    let i = (o * database.taps + t) * DetailRegions.count + k
                    let total = Double(places.total)
                    guard total > 4, database.spreads[i] > 0 else { return nil }
                    let weight = total / Double(map.pixels) / database.spreads[i]
                    return (places, Term(target: targets[i], weight: weight))
                }
                places.append(known.map(\.0))
                terms.append(known.map(\.1))
            }
            regions.append(FeatureRegions(of: network, picture: shape, places: places))
            self.terms.append(terms)
        }
    }

    /// Texels of weight 1 that a region needs for statistics of its own.
    private static let fewest: Float = 600

    /// Value, and ∂/∂values into `gradients[0]`.
    func evaluate(_ point: [Float]) -> Double {
        pictures[0].assign(point.span)
        for l in 1..<max(pictures.count, 1) { LowPassPooling.forward(pictures[l - 1], into: pictures[l]) }
        var value = 0.0
        for l in pictures.indices {
            let found = network.correlations(of: pictures[l], at: regions[l])
            let slopes = zip(terms[l], found).map { terms, found in
                zip(terms, found).map { term, found in
                    let misses = zip(found.means, term.target).map { $0 - Double($1) }
                    value += term.weight * misses.reduce(0) { $0 + $1 * $1 }
                    return misses.map { Float(2 * term.weight * $0 / found.weight) }
                }
            }
            network.backward(into: gradients[l], slopes: slopes, at: regions[l])
        }
        for l in gradients.indices.dropFirst().reversed() {
            LowPassPooling.addBackward(gradients[l], to: gradients[l - 1])
        }
        return value
    }

    /// `change` without what the finest resolved octave shows of it, where that is to be kept: change − w · 4ᵏ (Dᵀ)ᵏ Dᵏ (w · change),
    /// D the pyramid's low-pass; symmetric, so gradients go back through it as they are.
    private func withoutCoarse(_ change: [Float]) -> [Float] {
        guard let kept else { return change }
        let weighted = zip(change, kept).map { $0 * $1 }
        var maps = [FeatureMap(pictures[0].shape)]
        maps[0].assign(weighted.span)
        for _ in 0..<halvings {
            let next = FeatureMap(maps.last!.shape.pooled)
            LowPassPooling.forward(maps.last!, into: next)
            maps.append(next)
        }
        for k in (0..<halvings).reversed() {
            maps[k].clear()
            LowPassPooling.addBackward(maps[k + 1], to: maps[k])
        }
        let (back, gain) = (maps[0].planar, Float(1 << 2 * halvings))
        return change.indices.map { change[$0] - gain * kept[$0] * back[$0] }
    }

    /// - Parameter goOn: after each evaluation; false stops, and nothing is returned.
    func minimize(evaluations: Int, goOn: (Int, Double) -> Bool) -> [Float]? {
        // The unknown is the change, in units of how free a texel is.
        var search = LBFGS(start: [Float](repeating: 0, count: values.count), memory: 8, firstStep: 0.02)
        func changed(_ change: [Float]) -> [Float] {
            let fine = withoutCoarse(change)
            return values.indices.map { values[$0] + free[$0] * fine[$0] }
        }
        while !search.isFinished, search.evaluations < evaluations {
            let value = evaluate(changed(search.point))
            let gradient = withoutCoarse(zip(gradients[0].planar, free).map { $0 * $1 })
            search.take(value: value, gradient: gradient)
            guard goOn(search.evaluations, search.value) else { return nil }
        }
        return changed(search.best)
    }
}
