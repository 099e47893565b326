internal import Foundation
internal import Tensors

/// To name the person from the mean and the root mean square of every map. Features whose statistics differ from person to
/// person are what synthesis by statistics wants.
struct RecognitionLesson: DetailLesson {
    private let patches: SkinPatches
    /// people × (moments + 1).
    private var head: [Float]
    private var step: Adam
    private let moments: Int

    init(_ patches: SkinPatches) {
        self.patches = patches
        moments = 2 * DetailNetwork.channels.reduce(0, +)
        head = [Float](repeating: 0, count: patches.count * (moments + 1))
        step = Adam(count: head.count)
    }

    func examples(_ count: Int, judging: Bool, using generator: inout SeededGenerator) -> DetailExamples {
        let drawn = patches.draw(count, judging: judging, using: &generator)
        return DetailExamples(values: drawn.values, owners: drawn.owners)
    }

    /// count × moments.
    private func descriptors(_ found: [FeatureMoments], count: Int) -> [[Float]] {
        (0..<count).map { k in
            found.flatMap { tap -> [Float] in
                let range = k * tap.shape.channels..<(k + 1) * tap.shape.channels
                return Array(tap.means[range]) + tap.roots[range]
            }
        }
    }

    /// Shares of the people, given a descriptor.
    private func guess(_ descriptor: [Float]) -> [Float] {
        let width = moments + 1
        var logits = (0..<patches.count).map { person in
            descriptor.indices.reduce(head[person * width + moments]) {
                $0 + head[person * width + $1] * descriptor[$1]
            }
        }
        let most = logits.max()!
        logits = logits.map { expf($0 - most) }
        let total = logits.reduce(0, +)
        return logits.map { $0 / total }
    }

    /// The loss is the cross-entropy, nats.
    mutating func learn(_ maps: [FeatureMap], _ examples: DetailExamples, rate: Float) -> (loss: Double, DetailSlopes) {
        let found = maps.map { FeatureMoments(of: $0) }
        let (width, share) = (moments + 1, 1 / Float(examples.owners.count))
        var gradient = [Float](repeating: 0, count: head.count)
        var slopes: [[Float]] = []
        var loss = 0.0
        for (descriptor, owner) in zip(descriptors(found, count: examples.owners.count), examples.owners) {
            var misses = guess(descriptor)
            loss -= Double(logf(max(misses[owner], 1e-9)) * share)
            misses[owner] -= 1
            var slope = [Float](repeating: 0, count: moments)
            for (person, miss) in misses.enumerated() {
                let (m, at) = (miss * share, person * width)
                for j in slope.indices {
                    gradient[at + j] += m * descriptor[j]
                    slope[j] += m * head[at + j]
                }
                gradient[at + moments] += m
            }
            slopes.append(slope)
        }
        step.step(&head, gradient: gradient, rate: rate)
        return (
            loss,
            { tap, gradient in
                let channels = found[tap].shape.channels
                let from = found[..<tap].reduce(0) { $0 + 2 * $1.shape.channels }
                found[tap].addGradient(
                    means: slopes.flatMap { $0[from..<from + channels] },
                    roots: slopes.flatMap { $0[from + channels..<from + 2 * channels] }, of: maps[tap], to: gradient)
            }
        )
    }

    /// The share of patches whose person is named.
    func score(_ maps: [FeatureMap], _ examples: DetailExamples) -> Double {
        let found = maps.map { FeatureMoments(of: $0) }
        return zip(descriptors(found, count: examples.owners.count), examples.owners).reduce(0) { sum, pair in
            let shares = guess(pair.0)
            return sum + (shares.indices.max { shares[$0] < shares[$1] } == pair.1 ? 1 : 0)
        }
    }
}
