internal import Foundation
internal import Tensors

/// To name the person, or to tell skin from noise, from the mean and the root mean square of every map. Features whose
/// statistics differ from person to person, or from what any spectrum has, are what synthesis by statistics wants.
struct RecognitionLesson: DetailLesson {
    enum Question: Sendable {
        /// Whose patch it is.
        case person
        /// Whether it is skin, or noise with its spectrum: see `RandomPhase`.
        case surrogate
    }

    private let patches: SkinPatches
    private let question: Question
    /// Answers that there are: people, or two.
    private let answers: Int
    /// answers × (moments + 1).
    private var head: [Float]
    private var step: Adam
    private let moments: Int

    init(_ patches: SkinPatches, _ question: Question) {
        self.patches = patches
        self.question = question
        answers = question == .person ? patches.count : 2
        moments = 2 * DetailNetwork.channels.reduce(0, +)
        head = [Float](repeating: 0, count: answers * (moments + 1))
        step = Adam(count: head.count)
    }

    func examples(_ count: Int, judging: Bool, using generator: inout SeededGenerator) -> DetailExamples {
        let drawn = patches.draw(count, judging: judging, using: &generator)
        var examples = DetailExamples(values: drawn.values, owners: drawn.owners)
        guard question == .surrogate else { return examples }
        let area = SkinPatches.side * SkinPatches.side
        let seeds = (0..<count).map { _ in generator.next() }
        let patches = (0..<count).mapConcurrently { [values = drawn.values] k -> [Float] in
            let patch = Array(values[k * area..<(k + 1) * area])
            // Every other one.
            guard k % 2 == 1 else { return patch }
            var generator = SeededGenerator(seed: seeds[k])
            return RandomPhase.surrogate(of: patch, side: SkinPatches.side, using: &generator)
        }
        examples.values = Array(patches.joined())
        examples.owners = (0..<count).map { $0 % 2 }
        return examples
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

    /// Shares of the answers, given a descriptor.
    private func guess(_ descriptor: [Float]) -> [Float] {
        let width = moments + 1
        var logits = (0..<answers).map { person in
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

    /// The share of right answers.
    func score(_ maps: [FeatureMap], _ examples: DetailExamples) -> Double {
        let found = maps.map { FeatureMoments(of: $0) }
        return zip(descriptors(found, count: examples.owners.count), examples.owners).reduce(0) { sum, pair in
            let shares = guess(pair.0)
            return sum + (shares.indices.max { shares[$0] < shares[$1] } == pair.1 ? 1 : 0)
        }
    }
}
