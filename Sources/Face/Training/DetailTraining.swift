internal import Foundation
internal import Tensors

/// Trains the feature network on patches of skin, octave and place unknown. Without biases, so that features grow with the
/// contrast. Same faces, task and seed, same weights on the same machine.
package struct DetailTraining {
    /// What it learns to do.
    package enum Task: String, Sendable, CaseIterable {
        /// To tell people apart by their skin.
        case recognition
        /// To tell skin from noise of the same spectrum.
        case surrogates
        /// To take noise away.
        case denoising
        /// To tell what is hidden from what is around it.
        case holes
    }

    package struct Options: Sendable {
        package var task = Task.recognition
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
        /// Mean of the last hundred steps: cross-entropy, nats, or the share of the patches' energy that is not told.
        package let loss: Double
        /// Of patches from the side of the face that was not trained on: the share whose person is named, or the share of
        /// their energy that is told; `nil` between judgings.
        package let score: Double?
    }

    private let options: Options
    private var task: any DetailLesson
    private var generator: SeededGenerator
    private var weights: [[Float]]
    private let features: FeatureNetwork
    private var featureSteps: [Adam]
    /// Steps of the features beside `Options.rate`; the last layer's are four times that.
    private static let featureShare: Float = 0.3

    package init(faces: [DetailMap], pyramid: DetailPyramid, options: Options = Options()) {
        precondition(faces.count > 1, "one person cannot be told from others")
        self.options = options
        let patches = SkinPatches(faces, pyramid: pyramid)
        generator = SeededGenerator(seed: options.seed)
        let start = DetailNetwork(seed: options.seed)
        weights = start.weights
        features = start.network(training: true)
        featureSteps = start.weights.map { Adam(count: $0.count) }
        let halved = features.tapShapes(MapShape(channels: 1, height: SkinPatches.side, width: SkinPatches.side)).map {
            $0.height < SkinPatches.side
        }
        task =
            switch options.task {
            case .recognition: RecognitionLesson(patches, .person)
            case .surrogates: RecognitionLesson(patches, .surrogate)
            case .denoising: RestorationLesson(patches, .noise, halved: halved)
            case .holes: RestorationLesson(patches, .holes, halved: halved)
            }
    }

    /// - Parameter progress: every hundred steps; false ends the training with what is there.
    package mutating func train(progress: (Progress) -> Bool) -> DetailNetwork {
        var sum = 0.0
        for step in 1...options.steps {
            let examples = task.examples(options.batch, judging: false, using: &generator)
            // Down to nothing along half a cosine.
            let rate = options.rate * 0.5 * (1 + cosf(.pi * Float(step) / Float(options.steps)))
            let (loss, slopes) = task.learn(features.forward(examples.picture), examples, rate: 4 * rate)
            if options.trainsFeatures { teach(slopes, examples, rate: Self.featureShare * rate) }
            sum += loss
            guard step % 100 == 0 || step == options.steps else { continue }
            let judged = step % 1000 == 0 || step == options.steps ? score(of: 1000) : nil
            let goOn = progress(Progress(step: step, loss: sum / Double((step - 1) % 100 + 1), score: judged))
            sum = 0
            guard goOn else { break }
        }
        return DetailNetwork(weights: weights, biases: DetailNetwork.channels.map { [Float](repeating: 0, count: $0) })
    }

    private mutating func teach(_ slopes: DetailSlopes, _ examples: DetailExamples, rate: Float) {
        var gradients = [[Float]](repeating: [], count: weights.count)
        let below = FeatureMap(
            MapShape(count: examples.owners.count, channels: 1, height: SkinPatches.side, width: SkinPatches.side))
        features.backward(into: below, addTapGradient: slopes) { convolution, weights, _ in
            gradients[convolution] = weights
        }
        for (k, layer) in features.convolutions.enumerated() {
            featureSteps[k].step(&weights[k], gradient: gradients[k], rate: rate)
            if k == 0 { DetailNetwork.centre(&weights[0]) }
            layer.set(weights: DetailNetwork.amplified(weights[k], layer: k), bias: layer.bias)
        }
    }

    private func score(of count: Int) -> Double {
        var generator = SeededGenerator(seed: options.seed &+ 7)
        let batches = max(count / options.batch, 1)
        let sum = (0..<batches).reduce(0.0) { sum, _ in
            let examples = task.examples(options.batch, judging: true, using: &generator)
            return sum + task.score(features.forward(examples.picture), examples)
        }
        return sum / Double(batches * options.batch)
    }
}
