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
        #expect((last?.score ?? 0) > 0.7, "\(last?.score ?? 0) of the patches; one in four by chance")
        #expect((last?.loss ?? 9) < 0.7 * log(4))
        #expect(network.weights != DetailNetwork(seed: 1).weights)
        #expect(network.biases.allSatisfy { $0.allSatisfy { $0 == 0 } })
        let taps = DetailNetwork.shapes[0][2...].reduce(1, *)
        for start in stride(from: 0, to: network.weights[0].count, by: taps) {
            #expect(abs(network.weights[0][start..<start + taps].reduce(0, +)) < 1e-4)
        }
        #expect(train().network.weights == network.weights, "the same seed, other weights")
    }

    /// Truth: the spectrum, told by how values go with their neighbours; and how far values are from a normal distribution.
    @Test func aSurrogateHasTheSpectrumAndNothingElse() {
        let side = SkinPatches.side
        var generator = SeededGenerator(seed: 11)
        // Rare short streaks along x.
        var patch = [Float](repeating: 0, count: side * side)
        for _ in 0..<60 {
            let (x, y) = (Int(generator.next() % UInt64(side - 4)), Int(generator.next() % UInt64(side)))
            for i in 0..<4 { patch[y * side + x + i] += 1 }
        }
        func moments(_ values: [Float]) -> (along: Float, across: Float, kurtosis: Float, energy: Float) {
            let mean = values.reduce(0, +) / Float(values.count)
            let centred = values.map { $0 - mean }
            func product(_ step: Int) -> Float {
                (0..<values.count - step).reduce(Float(0)) { $0 + centred[$1] * centred[$1 + step] }
            }
            let energy = product(0)
            let fourth = centred.reduce(Float(0)) { $0 + $1 * $1 * $1 * $1 } / Float(values.count)
            let second = energy / Float(values.count)
            return (product(1) / energy, product(side) / energy, fourth / (second * second), energy)
        }
        let own = moments(patch)
        let surrogates = (0..<20).map { _ in moments(RandomPhase.surrogate(of: patch, side: side, using: &generator)) }
        let along = surrogates.reduce(Float(0)) { $0 + $1.along } / 20
        let across = surrogates.reduce(Float(0)) { $0 + $1.across } / 20
        let kurtosis = surrogates.reduce(Float(0)) { $0 + $1.kurtosis } / 20
        #expect(abs(along - own.along) < 0.1 && abs(across - own.across) < 0.1, "\(along) \(own.along), \(across)")
        #expect(own.kurtosis > 6 && abs(kurtosis - 3) < 0.4, "\(own.kurtosis), \(kurtosis)")
        #expect(surrogates.allSatisfy { abs($0.energy / own.energy - 1) < 1e-3 })
    }

    /// Structure along x tells what noise and holes took; of noise alone nobody can tell what a hole hides.
    @Test(arguments: [(DetailTraining.Task.denoising, 0.3), (.holes, 0.2)])
    func spoiledPatchesAreRestored(task: DetailTraining.Task, share: Double) {
        let pyramid = DetailPyramid(atlas: Self.atlas)
        func score(_ along: [Int], trainsFeatures: Bool = true) -> Double {
            var options = DetailTraining.Options()
            (options.task, options.steps, options.batch, options.trainsFeatures) = (task, 150, 8, trainsFeatures)
            let faces = along.enumerated().map { Self.person($1, seed: UInt64($0 + 1)) }
            var training = DetailTraining(faces: faces, pyramid: pyramid, options: options)
            var last = 0.0
            _ = training.train {
                last = $0.score ?? last
                return true
            }
            return last
        }
        let learned = score([12, 16])
        #expect(learned > share, "\(learned) told")
        #expect(learned > 1.05 * score([12, 16], trainsFeatures: false))
        if task == .holes { #expect(score([1, 1]) < 0.05) }
    }

    @Test(arguments: [RestorationLesson.Damage.noise, .holes])
    func restorationsSlopesAreThoseOfFiniteDifferences(damage: RestorationLesson.Damage) {
        var generator = SeededGenerator(seed: 3)
        let patches = SkinPatches([Self.person(3, seed: 1)], pyramid: DetailPyramid(atlas: Self.atlas))
        let sides = [false, false, true, true]
        var task = RestorationLesson(patches, damage, halved: sides)
        let examples = task.examples(2, judging: false, using: &generator)
        let maps = zip(DetailNetwork.channels, sides).map { channels, isHalved -> FeatureMap in
            let side = SkinPatches.side / (isHalved ? 2 : 1)
            let map = FeatureMap(MapShape(count: 2, channels: channels, height: side, width: side))
            map.assign((0..<2 * channels * side * side).map { _ in Float(generator.normal()) }.span)
            return map
        }
        // A last layer that is not zero.
        for _ in 0..<20 { _ = task.learn(maps, examples, rate: 1) }
        let (_, slopes) = task.learn(maps, examples, rate: 0)
        for tap in [1, 3] {
            let gradient = FeatureMap(maps[tap].shape)
            slopes(tap, gradient)
            let found = gradient.planar
            var values = maps[tap].planar
            // Where it matters most.
            let order = found.indices.sorted { abs(found[$0]) > abs(found[$1]) }
            for i in order.prefix(3) {
                let before = values[i]
                func loss(_ value: Float) -> Double {
                    values[i] = value
                    maps[tap].assign(values.span)
                    return task.learn(maps, examples, rate: 0).loss
                }
                let slope = (loss(before + 0.5) - loss(before - 0.5)) / 1
                _ = loss(before)
                #expect(abs(slope - Double(found[i])) < 0.02 * abs(slope) + 1e-6, "\(slope), \(found[i])")
            }
        }
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
