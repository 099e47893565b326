internal import Foundation
internal import Tensors

/// Trains the feature network to tell people apart by small patches of their skin, octave and place unknown: from the mean
/// and the root mean square of every map, by one linear layer, which is thrown away. Features whose statistics differ from
/// person to person are what synthesis by statistics wants. Without biases, so that features grow with the contrast.
/// Same faces and seed, same weights on the same machine.
package struct DetailTraining {
    package struct Options: Sendable {
        package var steps = 4000
        package var batch = 32
        package var rate: Float = 2e-3
        package var seed: UInt64 = 1
        /// `false` trains the linear layer alone, on random features: what there is to beat.
        package var trainsFeatures = true

        package init() {}
    }

    package struct Progress: Sendable {
        package let step: Int
        /// Mean cross-entropy of the last hundred steps, nats.
        package let loss: Double
        /// Share of patches from the side of the face that was not trained on whose person is named; `nil` between judgings.
        package let accuracy: Double?
    }

    private let options: Options
    private let patches: SkinPatches
    private var generator: SeededGenerator
    private var weights: [[Float]]
    private let features: FeatureNetwork
    private var featureSteps: [Adam]
    /// people × (moments + 1).
    private var head: [Float]
    private var headStep: Adam
    private let moments: Int
    /// Steps of the features beside `Options.rate`; the last layer's are four times that.
    private static let featureShare: Float = 0.3

    package init(faces: [DetailMap], pyramid: DetailPyramid, options: Options = Options()) {
        precondition(faces.count > 1, "one person cannot be told from others")
        self.options = options
        patches = SkinPatches(faces, pyramid: pyramid)
        generator = SeededGenerator(seed: options.seed)
        let start = DetailNetwork(seed: options.seed)
        weights = start.weights
        features = start.network(training: true)
        featureSteps = start.weights.map { Adam(count: $0.count) }
        moments = 2 * DetailNetwork.channels.reduce(0, +)
        head = (0..<faces.count * (moments + 1)).map { _ in 0 }
        headStep = Adam(count: head.count)
    }

    /// - Parameter progress: every hundred steps; false ends the training with what is there.
    package mutating func train(progress: (Progress) -> Bool) -> DetailNetwork {
        var sum = 0.0
        for step in 1...options.steps {
            let batch = patches.draw(options.batch, judging: false, using: &generator)
            // Down to nothing along half a cosine.
            let rate = options.rate * 0.5 * (1 + cosf(.pi * Float(step) / Float(options.steps)))
            sum += learn(batch.values, batch.owners, rate: rate)
            guard step % 100 == 0 || step == options.steps else { continue }
            let judged = step % 1000 == 0 || step == options.steps ? accuracy(of: 1000) : nil
            let goOn = progress(Progress(step: step, loss: sum / Double((step - 1) % 100 + 1), accuracy: judged))
            sum = 0
            guard goOn else { break }
        }
        return DetailNetwork(weights: weights, biases: DetailNetwork.channels.map { [Float](repeating: 0, count: $0) })
    }

    private func picture(_ values: [Float]) -> FeatureMap {
        let side = SkinPatches.side
        let map = FeatureMap(
            MapShape(count: values.count / (side * side), channels: 1, height: side, width: side))
        map.assign(values.span)
        return map
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

    /// One step; the batch's mean cross-entropy.
    private mutating func learn(_ values: [Float], _ owners: [Int], rate: Float) -> Double {
        let maps = features.forward(picture(values))
        let found = maps.map { FeatureMoments(of: $0) }
        let (width, share) = (moments + 1, 1 / Float(owners.count))
        var headGradient = [Float](repeating: 0, count: head.count)
        var slopes: [[Float]] = []
        var loss = 0.0
        for (descriptor, owner) in zip(descriptors(found, count: owners.count), owners) {
            var misses = guess(descriptor)
            loss -= Double(logf(max(misses[owner], 1e-9)) * share)
            misses[owner] -= 1
            var slope = [Float](repeating: 0, count: moments)
            for (person, miss) in misses.enumerated() {
                let (m, at) = (miss * share, person * width)
                for j in slope.indices {
                    headGradient[at + j] += m * descriptor[j]
                    slope[j] += m * head[at + j]
                }
                headGradient[at + moments] += m
            }
            slopes.append(slope)
        }
        if options.trainsFeatures { teach(maps, found, slopes, values, rate: rate) }
        headStep.step(&head, gradient: headGradient, rate: 4 * rate)
        return loss
    }

    private mutating func teach(
        _ maps: [FeatureMap], _ found: [FeatureMoments], _ slopes: [[Float]], _ values: [Float], rate: Float
    ) {
        var gradients = [[Float]](repeating: [], count: weights.count)
        let below = FeatureMap(
            MapShape(count: slopes.count, channels: 1, height: SkinPatches.side, width: SkinPatches.side))
        features.backward(into: below) { tap, gradient in
            let channels = found[tap].shape.channels
            let from = found[..<tap].reduce(0) { $0 + 2 * $1.shape.channels }
            found[tap].addGradient(
                means: slopes.flatMap { $0[from..<from + channels] },
                roots: slopes.flatMap { $0[from + channels..<from + 2 * channels] }, of: maps[tap], to: gradient)
        } weightGradient: { convolution, weights, _ in
            gradients[convolution] = weights
        }
        for (k, layer) in features.convolutions.enumerated() {
            featureSteps[k].step(&weights[k], gradient: gradients[k], rate: Self.featureShare * rate)
            if k == 0 { DetailNetwork.centre(&weights[0]) }
            layer.set(weights: DetailNetwork.amplified(weights[k], layer: k), bias: layer.bias)
        }
    }

    private mutating func accuracy(of count: Int) -> Double {
        var generator = SeededGenerator(seed: options.seed &+ 7)
        var right = 0
        for _ in 0..<count / options.batch {
            let batch = patches.draw(options.batch, judging: true, using: &generator)
            let found = features.forward(picture(batch.values)).map { FeatureMoments(of: $0) }
            for (descriptor, owner) in zip(descriptors(found, count: batch.owners.count), batch.owners) {
                let shares = guess(descriptor)
                right += shares.indices.max { shares[$0] < shares[$1] } == owner ? 1 : 0
            }
        }
        return Double(right) / Double(count / options.batch * options.batch)
    }
}
