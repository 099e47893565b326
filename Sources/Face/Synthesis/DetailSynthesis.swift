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
    /// Per octave, finest first: whether seen texels are left alone. Where they are not, they keep what the coarser octave says
    /// and get fine structure on top.
    private let shown: [Bool]
    private let taps: [Int]?

    /// - Parameters:
    ///   - shown: see `DetailPyramid.shown`; all octaves when not given.
    ///   - taps: by region, how many of the network's taps count, from the first; all when not given.
    package init(
        pyramid: DetailPyramid, network: FeatureNetwork, analysis: DetailAnalysis, database: FaceDatabase,
        shown: [Bool]? = nil, taps: [Int]? = nil, options: Options = Options()
    ) {
        self.shown = shown ?? pyramid.sizes.map { _ in true }
        self.taps = taps
        self.pyramid = pyramid
        self.network = network
        self.analysis = analysis
        self.database = database
        self.options = options
    }

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
        let coarsest = pyramid.regions(at: levels.last!.size)
        let features = FixedFeatures(levels.last!, regions: coarsest)
        var fixed = features.shares
        let counterpart = pyramid.mirrored(levels.last!.seen)
        let stretched = Self.stretched(pyramid.extents, coarsest)
        var start =
            starts[detail.size] == nil
            ? OctaveStart(
                levels.indices.filter { shown[$0] || $0 == levels.count - 1 }.map { levels[$0] }, coarsest: coarsest,
                extents: pyramid.extents, features: features,
                counterpart: counterpart, seed: options.seed) : nil
        let seen = SeenContrast(levels, pyramid: pyramid, shown: shown)
        let contrast = ContrastControl(pyramid: pyramid, analysis: analysis, shown: shown, seen: seen)
        var found: DetailMap?
        for (rank, level) in levels.reversed().enumerated() {
            let (size, number) = (level.size, levels.count - 1 - rank)
            var places = OctavePlaces(
                level, regions: pyramid.regions(at: size), isShown: shown[number],
                limit: limits.isEmpty ? nil : limits[number], fixed: fixed, counterpart: counterpart,
                features: features)
            fixed = size < detail.size ? DetailMap.enlarged(fixed, size: size) : []
            var values = level.values
            if let earlier = starts[size] {
                for i in values.indices { values[i] += (earlier[i] - values[i]) * places.free[i] }
            } else {
                let coarser = rank == 0 ? nil : levels[number + 1]
                add(found, to: &values, octave: number, coarser: coarser, places)
                // An earlier result has all octaves up to its own.
                let addition = start!.addition(level, coarser: coarser, at: places)
                let strong = contrast.strengthened(
                    addition, on: values, octave: number, places: places.ofAddition(stretched, features))
                for i in values.indices { values[i] += strong[i] }
            }
            let hidden = places.unknown
            places.keepStart(stretched, features)
            // Of noise, which is what begins an octave that no picture shows, a few evaluations make a weave with beads where tiles
            // meet. As noise of the contrast that is wanted it is nearer to skin.
            let work =
                shown[number]
                ? zip(places.free, pyramid.regions(at: size).skin).map { $0 * $1 > 0.1 }
                : [Bool](repeating: false, count: size * size)
            let pieces = DetailWindows(side: options.tile, alignment: max(2 << network.halvings, 16)).pieces(
                work, size: size)
            var limit = options.evaluations[min(rank, options.evaluations.count - 1)]
            if starts[size] != nil { limit = max(limit / 3, 1) }
            let isDone = search(pieces, of: &values, size: size, evaluations: limit, progress: progress) {
                objective(of: $0, values: $1, network: $2, octave: number, places)
            }
            network.releaseMaps()
            guard isDone else { return nil }
            contrast.control(&values, given: level.values, octave: number, places: places.ofResult)
            seen.clamp(&values, octave: number, size: size, at: hidden)
            if shown[number] {
                // Of other octaves what was seen is too smooth to tell how bright skin may be.
                BrightestSkin(level, regions: pyramid.regions(at: size))?.limit(&values, at: hidden)
            }
            let done = DetailMap(size: size, values: values, seen: level.seen)
            found = done
            guard octave(done) else { return size == detail.size ? done : nil }
        }
        return found
    }

    /// What coarser octaves found, onto an octave.
    /// - Parameters:
    ///   - found: of the next coarser octave; `nil` for the coarsest.
    ///   - coarser: the same as it was.
    private func add(
        _ found: DetailMap?, to values: inout [Float], octave: Int, coarser: DetailMap?, _ places: OctavePlaces
    ) {
        let coarse = found.map { DetailMap.enlarged($0.values, size: places.size / 2) }
        // Skin that was seen, if not sharply, keeps what it got in coarser octaves on top.
        var refinement: [Float] = []
        if let found, let coarser, !shown[octave + 1] {
            refinement = DetailMap.enlarged(zip(found.values, coarser.values).map { $0 - $1 }, size: places.size / 2)
        }
        for i in values.indices {
            let (free, unknown) = (places.free[i], places.unknown[i])
            let refined = refinement.isEmpty ? 0 : refinement[i] * (free - unknown)
            values[i] += ((coarse?[i] ?? 0) - values[i]) * unknown + refined
        }
    }

    private func objective(
        of piece: DetailPiece, values: [Float], network: FeatureNetwork, octave: Int, _ places: OctavePlaces
    ) -> TileObjective {
        let (size, outer, mask) = (places.size, piece.outer, piece.mask)
        let free = outer.cut(places.free, size: size)
        // The overlap counts whole: what does not count would become whatever edge suits what does. Half-seen texels keep half of
        // what they have: whoever counts them makes the others wilder for it.
        let counted = zip(free, mask).map { free, mask in mask > 0 ? free * free * free * free : 0 }
        return TileObjective(
            pyramid: pyramid, network: network, targets: analysis.targets, database: database, octave: octave,
            window: outer, values: values, free: zip(free, mask).map { $0 * $1 }, counted: counted, size: size,
            taps: taps)
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
