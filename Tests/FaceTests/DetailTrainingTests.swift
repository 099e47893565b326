import Face
import Foundation
import Tensors
import Testing

/// Training of the features. Truth: who each patch was made for, and finite differences.
@Suite struct DetailTrainingTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()

    /// Noise of one contrast, smeared along x by `along` texels: people who differ in structure only.
    private static func person(_ along: Int, seed: UInt64) -> DetailMap {
        let size = 256
        var generator = SeededGenerator(seed: seed)
        let noise = (0..<size * size).map { _ in Float(generator.normal()) }
        let values = (0..<size * size).map { i -> Float in
            let row = i / size * size
            let sum = (0..<along).reduce(Float(0)) { $0 + noise[row + (i - row + $1) % size] }
            return 0.05 * sum / Float(along).squareRoot()
        }
        return DetailMap(size: size, values: values, seen: [Float](repeating: 1, count: size * size))
    }

    @Test func featuresLearnToTellPeopleApartOnTheOtherHalfOfTheFace() {
        let pyramid = DetailPyramid(atlas: Self.atlas)
        let faces = [1, 2, 3, 6].enumerated().map { Self.person($1, seed: UInt64($0 + 1)) }
        func train() -> (network: DetailNetwork, last: DetailTraining.Progress?) {
            var options = DetailTraining.Options()
            options.steps = 200
            var training = DetailTraining(faces: faces, pyramid: pyramid, options: options)
            var last: DetailTraining.Progress?
            let network = training.train {
                last = $0
                return true
            }
            return (network, last)
        }
        let (network, last) = train()
        #expect((last?.accuracy ?? 0) > 0.7, "\(last?.accuracy ?? 0) of the patches; one in four by chance")
        #expect((last?.loss ?? 9) < 0.7 * log(4))
        #expect(network.weights != DetailNetwork(seed: 1).weights)
        #expect(network.biases.allSatisfy { $0.allSatisfy { $0 == 0 } })
        for start in stride(from: 0, to: network.weights[0].count, by: 9) {
            #expect(abs(network.weights[0][start..<start + 9].reduce(0, +)) < 1e-4)
        }
        #expect(train().network.weights == network.weights, "the same seed, other weights")
    }

    @Test func weightsComeBackFromTheirFile() throws {
        let network = DetailNetwork(seed: 9)
        let back = try DetailNetwork(SafeTensors(network.safetensors))
        #expect(back.weights == network.weights && back.biases == network.biases)
        #expect(throws: SafeTensorsError.self) {
            try DetailNetwork(
                SafeTensors(SafeTensors.file([("conv1.weight", [8, 1, 3, 3], [Float](repeating: 0, count: 72))])))
        }
    }

    @Test func momentsGradientIsThatOfFiniteDifferences() {
        var generator = SeededGenerator(seed: 5)
        let shape = MapShape(count: 2, channels: 8, height: 5, width: 4)
        var values = (0..<2 * 8 * 20).map { _ in Float(generator.normal()) }
        let (a, b) = (
            (0..<16).map { _ in Float(generator.normal()) }, (0..<16).map { _ in Float(generator.normal()) }
        )
        func loss() -> Double {
            let map = FeatureMap(shape)
            map.assign(values.span)
            let moments = FeatureMoments(of: map)
            return (0..<16).reduce(0) { $0 + Double(a[$1] * moments.means[$1] + b[$1] * moments.roots[$1]) }
        }
        let (map, gradient) = (FeatureMap(shape), FeatureMap(shape))
        map.assign(values.span)
        FeatureMoments(of: map).addGradient(means: a, roots: b, of: map, to: gradient)
        let found = gradient.planar
        for i in [0, 19, 20, 137, 319] {
            let before = values[i]
            values[i] = before + 0.01
            let above = loss()
            values[i] = before - 0.01
            let below = loss()
            values[i] = before
            #expect(abs((above - below) / 0.02 - Double(found[i])) < 2e-3)
        }
    }
}
