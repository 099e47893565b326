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
        /// Tiles that do not touch, worked on at a time: 1, or 2. The result is the same.
        package var together = 2

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
            let isDone = search(pieces, of: &values, size: size, evaluations: limit, progress: progress) {
                [free, unknown] piece, values, network in
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
                return TileObjective(
                    pyramid: pyramid, network: network, targets: analysis.targets, database: database,
                    octave: levels.count - 1 - rank, window: outer, values: values,
                    free: zip(free, mask).map { $0 * $1 }, counted: counted, size: size, kept: kept,
                    halvings: halvings)
            }
            guard isDone else { return nil }
            let places = ContrastControl.Places(
                hidden: unknown, refined: ByteShares(count: free.count) { free[$0] - unknown[$0] }, clean: clean)
            contrast.control(&values, given: level.values, octave: levels.count - 1 - rank, places: places)
            let done = DetailMap(size: size, values: values, seen: level.seen)
            found = done
            guard octave(done) else { return size == detail.size ? done : nil }
        }
        return found
    }

    /// Works on the pieces of one octave, two at a time where they do not touch and the network has a twin: same input, same bits.
    /// - Parameter objective: of a piece, the octave's values in it, and the network that it may use.
    /// - Returns: whether it came to the end.
    private func search(
        _ pieces: [DetailPiece], of values: inout [Float], size: Int, evaluations: Int, progress: (Step) -> Bool,
        objective: (DetailPiece, [Float], FeatureNetwork) -> TileObjective
    ) -> Bool {
        let networks = [network] + (options.together > 1 ? [network.twin].compactMap(\.self) : [])
        var (queue, goesOn) = (PieceQueue(pieces), true)
        workSideBySide(workers: networks.count) { () -> (piece: Int, start: [Float])? in
            guard goesOn, let k = queue.take() else { return nil }
            return (k, pieces[k].outer.cut(values, size: size))
        } work: { part, worker, tell in
            objective(pieces[part.piece], part.start, networks[worker]).minimize(evaluations: evaluations) {
                tell(
                    Step(size: size, window: part.piece, windows: pieces.count, evaluation: $0, loss: $1))
            }
        } told: { (step: Step) in
            goesOn = goesOn && progress(step)
            return goesOn
        } finish: { part, result in
            queue.finish(part.piece)
            let piece = pieces[part.piece]
            if let result { piece.changed.replace(&values, size: size, by: result, of: piece.outer) }
        }
        return goesOn
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
