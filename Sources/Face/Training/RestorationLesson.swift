package import Tensors

/// To say what a spoiled patch was, texel by texel, from the maps at that very texel. Of noise, features that know what skin
/// looks like (Vincent et al. 2008); of holes, features that know how it goes on (Pathak et al. 2016).
package struct RestorationLesson: DetailLesson {
    package enum Damage: Sendable {
        /// White noise of half to twice the patch's own deviation.
        case noise
        /// Six squares of 6 to 12 texels, where nothing is seen; only they are judged.
        case holes
    }

    private static let side = SkinPatches.side
    private let patches: SkinPatches
    private let damage: Damage
    /// By tap: channels, of a map as large as the patch; 4 × channels of one half as large, each of whose texels tells four.
    private var head: [[Float]]
    private var steps: [Adam]
    private let halved: [Bool]

    /// - Parameter halved: by tap, whether its maps are half as large as the patch.
    package init(_ patches: SkinPatches, _ damage: Damage, halved: [Bool]) {
        self.patches = patches
        self.damage = damage
        self.halved = halved
        head = zip(DetailNetwork.channels, halved).map { [Float](repeating: 0, count: $0 * ($1 ? 4 : 1)) }
        steps = head.map { Adam(count: $0.count) }
    }

    package func examples(_ count: Int, judging: Bool, using generator: inout SeededGenerator) -> DetailExamples {
        let drawn = patches.draw(count, judging: judging, using: &generator)
        var examples = DetailExamples(values: drawn.values, owners: drawn.owners)
        let area = Self.side * Self.side
        examples.wanted = drawn.values
        examples.counts = [Float](repeating: damage == .holes ? 0 : 1, count: drawn.values.count)
        for start in stride(from: 0, to: drawn.values.count, by: area) {
            switch damage {
            case .noise:
                let energy = drawn.values[start..<start + area].reduce(0) { $0 + $1 * $1 } / Float(area)
                let strength = energy.squareRoot() * Float(0.5 + 1.5 * generator.uniform())
                for i in start..<start + area { examples.values[i] += strength * Float(generator.normal()) }
            case .holes:
                for _ in 0..<6 {
                    let width = 6 + Int(generator.next() % 7)
                    let x = Int(generator.next() % UInt64(Self.side - width))
                    let y = Int(generator.next() % UInt64(Self.side - width))
                    for row in y..<y + width {
                        for i in start + row * Self.side + x..<start + row * Self.side + x + width {
                            (examples.values[i], examples.counts[i]) = (0, 1)
                        }
                    }
                }
            }
        }
        return examples
    }

    /// Where a map's texels lie in the patches' values; of a halved map, the first, second … of the four that each tells.
    private func places(patch k: Int, quarter q: Int, isHalved: Bool) -> [Int] {
        let (start, side) = (k * Self.side * Self.side, Self.side)
        guard isHalved else { return Array(start..<start + side * side) }
        return (0..<side / 2).flatMap { y in
            (0..<side / 2).map { x in start + (2 * y + q / 2) * side + 2 * x + q % 2 }
        }
    }

    /// Calls with every row of every tap's last layer, the first of its weights, of its map's values, and what they tell.
    private func eachRow(_ count: Int, _ body: (_ tap: Int, _ weights: Int, _ values: Int, _ places: [Int]) -> Void) {
        for tap in head.indices {
            let channels = DetailNetwork.channels[tap]
            for k in 0..<count {
                for q in 0..<(halved[tap] ? 4 : 1) {
                    let places = places(patch: k, quarter: q, isHalved: halved[tap])
                    body(tap, q * channels, k * channels * places.count, places)
                }
            }
        }
    }

    private func told(_ maps: [FeatureMap], count: Int) -> [Float] {
        var result = [Float](repeating: 0, count: count * Self.side * Self.side)
        let values = maps.map(\.planar)
        eachRow(count) { tap, row, from, places in
            var sums = [Float](repeating: 0, count: places.count)
            for channel in 0..<DetailNetwork.channels[tap] {
                let (weight, start) = (head[tap][row + channel], from + channel * places.count)
                for p in places.indices { sums[p] += weight * values[tap][start + p] }
            }
            for (p, place) in places.enumerated() { result[place] += sums[p] }
        }
        return result
    }

    /// By patch: what is left, as a share of what there was to tell.
    private func losses(_ misses: [Float], _ examples: DetailExamples) -> [(loss: Float, energy: Float)] {
        let area = Self.side * Self.side
        return stride(from: 0, to: misses.count, by: area).map { start in
            var (left, energy) = (Float.zero, Float(1e-6))
            for i in start..<start + area {
                left += misses[i] * misses[i]
                energy += examples.counts[i] * examples.wanted[i] * examples.wanted[i]
            }
            return (left / energy, energy)
        }
    }

    private func misses(_ maps: [FeatureMap], _ examples: DetailExamples) -> [Float] {
        var misses = told(maps, count: examples.owners.count)
        for i in misses.indices { misses[i] = examples.counts[i] * (misses[i] - examples.wanted[i]) }
        return misses
    }

    /// The loss is the share of the patches' energy that is not told.
    package mutating func learn(_ maps: [FeatureMap], _ examples: DetailExamples, rate: Float) -> (
        loss: Double, DetailSlopes
    ) {
        let (area, count) = (Self.side * Self.side, examples.owners.count)
        var slope = misses(maps, examples)
        let losses = losses(slope, examples)
        for i in slope.indices { slope[i] *= 2 / (losses[i / area].energy * Float(count)) }
        let (before, values) = (head, maps.map(\.planar))
        var gradients = head.map { [Float](repeating: 0, count: $0.count) }
        eachRow(count) { tap, row, from, places in
            let slopes = places.map { slope[$0] }
            for channel in 0..<DetailNetwork.channels[tap] {
                let start = from + channel * places.count
                var sum = Float.zero
                for p in slopes.indices { sum += values[tap][start + p] * slopes[p] }
                gradients[tap][row + channel] += sum
            }
        }
        // Weights are of a patch's contrast over a feature's: far below one.
        for tap in head.indices { steps[tap].step(&head[tap], gradient: gradients[tap], rate: 0.02 * rate) }
        return (
            Double(losses.reduce(0) { $0 + $1.loss } / Float(count)),
            { [self] wanted, gradient in
                var values = gradient.planar
                eachRow(count) { tap, row, to, places in
                    guard tap == wanted else { return }
                    let slopes = places.map { slope[$0] }
                    for channel in 0..<DetailNetwork.channels[tap] {
                        let (weight, start) = (before[tap][row + channel], to + channel * places.count)
                        for p in slopes.indices { values[start + p] += weight * slopes[p] }
                    }
                }
                gradient.assign(values.span)
            }
        )
    }

    /// The share of the patches' energy that is told.
    package func score(_ maps: [FeatureMap], _ examples: DetailExamples) -> Double {
        losses(misses(maps, examples), examples).reduce(0) { $0 + Double(1 - $1.loss) }
    }
}
