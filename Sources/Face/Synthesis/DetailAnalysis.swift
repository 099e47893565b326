internal import Foundation
internal import Tensors

/// Which faces of the database the seen part of a face is like, and what follows for the part that nobody saw: the paper's
/// convex combination of feature correlations. Each region has its own, by what the seen regions tell of it, and keeps its
/// own correlations, and its mirrored side's, so far as they were seen.
package struct DetailAnalysis: Sendable {
    /// By region; each sums to 1 over the faces.
    package let regionWeights: [[Double]]
    /// ‖seen − combination‖ over ‖seen − database mean‖, by region; 1 where nothing tells of it.
    package let regionResiduals: [Double]
    /// By `DetailStatistics`' index: (channels + 1)², mean correlations to be synthesized.
    package let targets: [[Float]]
    /// By band (see `BandEnergy`), then region: natural logarithm of the energy to be synthesized, where nothing was seen and
    /// on skin that was, if not sharply: never smoother than it is, a beard that no other face has.
    package let energies: [Double]
    let seenEnergies: [Double]

    /// Mean over the regions.
    package var weights: [Double] {
        guard let first = regionWeights.first else { return [] }
        let share = 1 / Double(regionWeights.count)
        return first.indices.map { f in regionWeights.reduce(0) { $0 + $1[f] * share } }
    }
    package var residual: Double { regionResiduals.reduce(0, +) / Double(max(regionResiduals.count, 1)) }
    /// exp of the weights' entropy: so many faces take part.
    package var effectiveFaces: Double { exp2(-weights.reduce(0.0) { $0 + ($1 > 0 ? $1 * log2($1) : 0) }) }

    /// Places of a region's own evidence that count as much as what other regions tell.
    private static let doubt = 200.0
    /// How much the mirrored side's evidence counts beside the own.
    private static let mirrored = 0.6
    /// Towards all faces alike, in units of the mean squared difference: where the evidence cannot tell, the mean is best.
    private static let pull = 0.1

    /// - Parameters:
    ///   - resolved: see `DetailPyramid.resolved`; octaves that are not say nothing of the person.
    ///   - start: `regionWeights` of an earlier analysis.
    ///   - own: the seen regions' own correlations go into the targets; `false` leaves the convex combination alone.
    package init(
        of seen: DetailStatistics, relations: FaceRelations, resolved: [Float]? = nil, start: [[Double]]? = nil,
        own: Bool = true
    ) {
        let database = relations.database
        precondition(seen.octaves == database.octaves && seen.taps == database.taps, "another pyramid's database")
        let evidence = Evidence(of: seen, relations: relations, resolved: resolved)
        let fits = (0..<DetailRegions.count).map { $0 }.mapConcurrently { region in
            evidence.fit(region: region, pull: Self.pull, start: start?[region])
        }
        regionWeights = fits.map(\.weights)
        regionResiduals = fits.map(\.residual)
        var targets = Self.targets(database, regionWeights)
        var energies = Self.energies(database, regionWeights)
        if own {
            let expected = relations.contrast.expected(given: seen, resolved: resolved)
            let blended = Self.energies(database, regionWeights, ofBlocks: true)
            for i in targets.indices {
                let k = i / (seen.taps * DetailRegions.count) * DetailRegions.count + i % DetailRegions.count
                let change = min(max((expected[k] - blended[k]) / 2, Self.leastChange), Self.mostChange)
                targets[i] = FaceContrast.scaled(
                    targets[i], side: seen.correlations[i].side, by: Float(exp(change)))
            }
            energies = expected
            targets = targets.indices.mapConcurrently { [targets] i in
                let (region, octave) = (i % DetailRegions.count, i / (seen.taps * DetailRegions.count))
                let clear = Double(resolved?[octave] ?? 1)
                guard clear > FaceDatabase.clear else { return targets[i] }
                let other = i - region + DetailRegions.mirrored[region]
                return Self.blended(
                    targets[i], with: [(i, clear), (other, other == i ? 0 : Self.mirrored * clear)], of: seen,
                    spread: database.spreads[i])
            }
        }
        self.targets = targets
        self.energies = energies
        seenEnergies = energies.indices.map { k in
            let own = seen.logEnergy(band: k / DetailRegions.count, region: k % DetailRegions.count)
            return max(energies[k], own ?? energies[k])
        }
    }

    /// Natural logarithms of the least and the most that a target's contrast is changed by.
    private static let leastChange = -1.0
    private static let mostChange = 1.2

    /// A region's own correlations, and its counterpart's, into its target. The farther they are from what the clean faces of
    /// the database say, in units of how those differ, the less they count: hair, shadows and compression lie far.
    private static func blended(
        _ predicted: [Float], with own: [(index: Int, trust: Double)], of seen: DetailStatistics, spread: Double
    ) -> [Float] {
        var total = doubt
        var shares: [(means: [Double], share: Double)] = []
        for (index, trust) in own where trust > 0 && seen.correlations[index].weight >= FaceDatabase.fewest {
            let (side, weight) = (seen.correlations[index].side, seen.correlations[index].weight)
            var means = seen.correlations[index].means
            // Folds and edges of shadow make it stronger, never weaker, than plain skin.
            let strength =
                FaceContrast.energy(means, side: side) / max(FaceContrast.energy(predicted, side: side), 1e-12)
            if strength > 1 { means = FaceContrast.scaled(means, side: side, by: 1 / strength.squareRoot()) }
            let miss = zip(means, predicted).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }
            let share = weight * trust / (1 + 2 * miss / max(spread, 1e-12))
            total += share
            shares.append((means, share))
        }
        guard !shares.isEmpty else { return predicted }
        return predicted.indices.map { j in
            Float(shares.reduce(Double(predicted[j]) * doubt) { $0 + $1.means[j] * $1.share } / total)
        }
    }

    /// The same with the same weights for all regions and nothing of one's own: a baseline.
    package init(weights: [Double], database: FaceDatabase) {
        let all = [[Double]](repeating: weights, count: DetailRegions.count)
        self.init(
            weights: all, residuals: all.map { _ in 1 }, targets: Self.targets(database, all),
            energies: Self.energies(database, all))
    }

    /// Targets that are a face's own: what the best analysis could find.
    package init(ideal statistics: DetailStatistics, database: FaceDatabase) {
        let mean = DetailAnalysis(weights: [Double](repeating: 1, count: database.faces), database: database)
        self.init(
            weights: mean.regionWeights, residuals: mean.regionResiduals.map { _ in 0 },
            targets: zip(statistics.correlations, mean.targets).map { own, mean in
                own.weight >= FaceDatabase.fewest ? own.means.map { Float($0) } : mean
            },
            energies: mean.energies.enumerated().map { k, mean in
                statistics.logEnergy(band: k / DetailRegions.count, region: k % DetailRegions.count) ?? mean
            })
    }

    private init(weights: [[Double]], residuals: [Double], targets: [[Float]], energies: [Double]) {
        (regionWeights, regionResiduals, self.targets) = (weights, residuals, targets)
        (self.energies, seenEnergies) = (energies, energies)
    }

    /// Natural logarithms of the weighted means over the faces that know a band and region; of all where no weight counts.
    /// - Parameter ofBlocks: only faces whose correlations are known as well: bearded ones' are not.
    private static func energies(
        _ database: FaceDatabase, _ weights: [[Double]], ofBlocks: Bool = false
    ) -> [Double] {
        database.energies.enumerated().map { k, faces in
            let regions = DetailRegions.count
            let octave = min(k / regions, database.octaves - 1)
            let known = database.blocks[octave * database.taps * regions + k % regions].weights
            func mean(_ weights: [Double]) -> Double? {
                let sums = faces.indices.reduce(SIMD2(0.0, 0.0)) { sums, f in
                    faces[f] > 0 && (!ofBlocks || known[f] > 0)
                        ? sums + SIMD2(Double(faces[f]) * weights[f], weights[f]) : sums
                }
                return sums.y > 1e-6 ? sums.x / sums.y : nil
            }
            return log(max(mean(weights[k % DetailRegions.count]) ?? mean(faces.map { _ in 1 }) ?? 0, 1e-12))
        }
    }

    private static func targets(_ database: FaceDatabase, _ weights: [[Double]]) -> [[Float]] {
        database.blocks.indices.map { $0 }.mapConcurrently { i in
            let block = database.blocks[i]
            return FaceDatabase.square(block.blend(weights[i % DetailRegions.count]), side: block.channels + 1)
        }
    }
}

/// What was seen, as linear and quadratic terms of the convex fit, block by block.
private struct Evidence {
    let relations: FaceRelations
    /// By region, of all its blocks that anything was seen of, each as much as it counts: the products of the faces' differences,
    private let products: [[Double]]
    /// the seen difference from the mean along each face's,
    private let along: [[Double]]
    /// and its squared length, all in units of the spread. 0 where nothing was seen.
    private let lengths: [Double]

    init(of seen: DetailStatistics, relations: FaceRelations, resolved: [Float]?) {
        self.relations = relations
        let (regions, taps, database) = (DetailRegions.count, seen.taps, relations.database)
        let found = database.blocks.indices.map { $0 }.mapConcurrently {
            i -> (trust: Double, along: [Double], length: Double) in
            let (block, correlations) = (database.blocks[i], seen.correlations[i])
            let clear = resolved?[i / (taps * regions)] ?? 1
            guard correlations.weight >= FaceDatabase.fewest, Double(clear) > FaceDatabase.clear,
                database.spreads[i] > 0
            else { return (0, [], 0) }
            let own = FaceDatabase.triangle(correlations.means.map { Float($0) }, side: block.channels + 1)
            let difference = zip(own, block.mean).map { ($0 - $1) / block.scale }
            let unit = Double(block.scale) * Double(block.scale) / database.spreads[i]
            // More texels say more, up to what a region holds.
            return (
                min(correlations.weight / 2000, 1), block.along(difference).map { unit * $0 },
                unit * difference.reduce(0) { $0 + Double($1) * Double($1) }
            )
        }
        let sums = (0..<regions).mapConcurrently { region -> (products: [Double], along: [Double], length: Double) in
            let n = database.faces
            var sums = (products: [Double](repeating: 0, count: n * n), along: [Double](repeating: 0, count: n), 0.0)
            for i in stride(from: region, to: found.count, by: regions) where found[i].trust > 0 {
                add(&sums.products, relations.products[i], found[i].trust)
                add(&sums.along, found[i].along, found[i].trust)
                sums.2 += found[i].trust * found[i].length
            }
            return sums
        }
        products = sums.map(\.products)
        along = sums.map(\.along)
        lengths = sums.map(\.length)
    }

    /// The convex weights for a region, each seen region counting by the fourth power of its alignment with it (the power
    /// was chosen by looking at the held-out faces).
    func fit(region: Int, pull: Double, start: [Double]?) -> (weights: [Double], residual: Double) {
        let (n, regions) = (relations.database.faces, DetailRegions.count)
        var a = [Double](repeating: 0, count: n * n)
        var b = [Double](repeating: 0, count: n)
        var constant = 0.0
        for other in 0..<regions where lengths[other] > 0 {
            let alignment = relations.alignment[region * regions + other]
            let share = alignment * alignment * alignment * alignment
            guard share > 1e-6 else { continue }
            add(&a, products[other], share)
            add(&b, along[other], share)
            constant += share * lengths[other]
        }
        guard constant > 0 else { return ([Double](repeating: 1 / Double(n), count: n), 1) }
        let ridge = pull * (0..<n).reduce(0.0) { $0 + a[$1 * n + $1] } / Double(n)
        for f in 0..<n { a[f * n + f] += ridge }
        // Near where it was, a warm start is soon there.
        let weights = ConvexFit.minimize(a, b, start: start, steps: start == nil ? 400 : 80)
        for f in 0..<n { a[f * n + f] -= ridge }
        let quadratic = Matrix(rows: n, columns: n, values: a).times(weights)
        let left = constant + zip(weights, zip(quadratic, b)).reduce(0) { $0 + $1.0 * ($1.1.0 - 2 * $1.1.1) }
        return (weights, (max(left, 0) / constant).squareRoot())
    }
}

/// `sum += factor · vector`.
private func add(_ sum: inout [Double], _ vector: [Double], _ factor: Double) {
    for i in sum.indices { sum[i] += factor * vector[i] }
}
