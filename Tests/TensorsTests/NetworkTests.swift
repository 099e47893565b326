import Foundation
import Tensors
import Testing

/// The network engine. Truth: the definition in plain loops, finite differences, and a dump of PyTorch's.
@Suite struct NetworkTests {
    /// The numbers that the dump's script used as well.
    static func sequence(_ count: Int, seed: UInt32, scale: Float) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float((Double(state) / 4_294_967_296 - 0.5) * 2) * scale
        }
    }

    static func layer(_ inputs: Int, _ outputs: Int, side: Int = 3, seed: UInt32, rectified: Bool = true) -> Convolution
    {
        let fan = Float(inputs * side * side)
        return Convolution(
            inputs: inputs, outputs: outputs, side: side,
            weights: sequence(outputs * inputs * side * side, seed: seed, scale: (2 / fan).squareRoot()),
            bias: sequence(outputs, seed: seed + 100, scale: 0.1), rectified: rectified)
    }

    static func map(_ shape: MapShape, seed: UInt32) -> FeatureMap {
        let map = FeatureMap(shape)
        map.assign(sequence(shape.count * shape.channels * shape.pixels, seed: seed, scale: 1).span)
        return map
    }

    /// `outputs × height × width` by the definition; and both gradients of Σ output · `seen`.
    private static func naive(_ c: Convolution, _ x: [Float], _ shape: MapShape, seen: [Float])
        -> (output: [Double], input: [Double], weights: [Double], bias: [Double])
    {
        let (h, w, r) = (shape.height, shape.width, c.side / 2)
        var output = [Double](repeating: 0, count: shape.count * c.outputs * h * w)
        var input = [Double](repeating: 0, count: x.count)
        var weights = [Double](repeating: 0, count: c.weights.count)
        var bias = [Double](repeating: 0, count: c.outputs)
        for n in 0..<shape.count {
            for o in 0..<c.outputs {
                for y in 0..<h {
                    for column in 0..<w {
                        let at = ((n * c.outputs + o) * h + y) * w + column
                        var sum = Double(c.bias[o])
                        bias[o] += Double(seen[at])
                        for i in 0..<c.inputs {
                            for dy in -r...r where y + dy >= 0 && y + dy < h {
                                for dx in -r...r where column + dx >= 0 && column + dx < w {
                                    let tap = ((o * c.inputs + i) * c.side + dy + r) * c.side + dx + r
                                    let from = ((n * c.inputs + i) * h + y + dy) * w + column + dx
                                    sum += Double(c.weights[tap]) * Double(x[from])
                                    input[from] += Double(c.weights[tap]) * Double(seen[at])
                                    weights[tap] += Double(x[from]) * Double(seen[at])
                                }
                            }
                        }
                        output[at] = c.rectified ? max(sum, 0) : sum
                    }
                }
            }
        }
        return (output, input, weights, bias)
    }

    static func difference(_ a: [Float], _ b: [Double]) -> Double {
        let error = zip(a, b).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (error / max(b.reduce(0) { $0 + $1 * $1 }, 1e-30)).squareRoot()
    }

    @Test(arguments: [
        (1, 16, 3), (3, 64, 3), (1, 24, 5), (16, 16, 3), (32, 64, 3), (40, 24, 3), (72, 24, 3), (16, 32, 1),
    ])
    func convolutionIsItsDefinition(inputs: Int, outputs: Int, side: Int) {
        for (count, height, width) in [(1, 13, 17), (2, 8, 32), (1, 40, 33), (2, 5, 4), (1, 1, 1)] {
            let shape = MapShape(count: count, channels: inputs, height: height, width: width)
            let layer = Self.layer(inputs, outputs, side: side, seed: 5)
            let x = Self.map(shape, seed: 6)
            let seen = Self.map(shape.with(channels: outputs), seed: 7)
            let truth = Self.naive(layer, x.planar, shape, seen: seen.planar)
            let y = FeatureMap(shape.with(channels: outputs))
            layer.forward(x, into: y)
            #expect(Self.difference(y.planar, truth.output) < 1e-5)
            let dx = FeatureMap(shape)
            layer.backward(seen, into: dx)
            #expect(Self.difference(dx.planar, truth.input) < 1e-5)
            let found = layer.weightGradient(input: x, outputGradient: seen)
            #expect(Self.difference(found.weights, truth.weights) < 1e-5)
            #expect(Self.difference(found.bias, truth.bias) < 1e-5)
        }
    }

    @Test func newWeightsAreUsed() {
        let shape = MapShape(channels: 16, height: 9, width: 12)
        let layer = Self.layer(16, 16, seed: 1)
        let (x, y, dx) = (Self.map(shape, seed: 2), FeatureMap(shape), FeatureMap(shape))
        layer.forward(x, into: y)
        layer.backward(x, into: dx)
        let other = Self.layer(16, 16, seed: 77)
        layer.set(weights: other.weights, bias: other.bias)
        let (y2, dx2) = (FeatureMap(shape), FeatureMap(shape))
        layer.forward(x, into: y)
        layer.backward(x, into: dx)
        other.forward(x, into: y2)
        other.backward(x, into: dx2)
        #expect(y.planar == y2.planar && dx.planar == dx2.planar)
    }

    @Test(arguments: [(1, 12, 10), (16, 7, 9), (24, 1, 4), (16, 16, 1)])
    func poolingKeepsConstantsAndItsAdjointIsOne(channels: Int, height: Int, width: Int) {
        let shape = MapShape(count: 2, channels: channels, height: height, width: width)
        let ones = FeatureMap(shape)
        ones.assign([Float](repeating: 1, count: 2 * channels * shape.pixels).span)
        let small = FeatureMap(shape.pooled)
        LowPassPooling.forward(ones, into: small)
        #expect(small.planar.allSatisfy { abs($0 - 1) < 1e-6 })
        // ⟨P x, y⟩ = ⟨x, Pᵀ y⟩
        let (x, y, back) = (Self.map(shape, seed: 3), Self.map(shape.pooled, seed: 4), FeatureMap(shape))
        LowPassPooling.forward(x, into: small)
        LowPassPooling.addBackward(y, to: back)
        let left = zip(small.planar, y.planar).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let right = zip(x.planar, back.planar).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(left - right) < 1e-4 * max(abs(left), 1))
        let over = Self.map(shape, seed: 5)
        LowPassPooling.addBackward(y, to: over, overwriting: true)
        #expect(over.planar == back.planar)
    }

    /// Beside the sum that it is by definition.
    @Test(arguments: [(12, 10), (7, 9), (300, 65), (1, 1)])
    func aPlaneIsHalvedByTheBinomial(height: Int, width: Int) {
        let plane = Self.map(MapShape(channels: 1, height: height, width: width), seed: 6).planar
        let found = LowPassPooling.halved(plane.span, width: width, height: height)
        #expect(found.count == (width + 1) / 2 * ((height + 1) / 2))
        let taps: [Float] = [1, 3, 3, 1]
        for (i, value) in found.enumerated() {
            let (x, y) = (i % ((width + 1) / 2), i / ((width + 1) / 2))
            var sum: Float = 0
            for (dy, a) in taps.enumerated() {
                for (dx, b) in taps.enumerated() {
                    let (u, v) = (min(max(2 * x + dx - 1, 0), width - 1), min(max(2 * y + dy - 1, 0), height - 1))
                    sum += a * b / 64 * plane[v * width + u]
                }
            }
            #expect(abs(value - sum) < 1e-5)
        }
    }

    @Test func correlationsAreWeightedMomentsAndAddUp() {
        let shape = MapShape(channels: 24, height: 31, width: 67)
        let f = Self.map(shape, seed: 8)
        let mask = Self.sequence(shape.pixels, seed: 9, scale: 1).map { max($0, 0) }
        let found = Correlations(of: f, at: Places(mask: mask.span))
        let planar = f.planar
        func element(_ c: Int, _ p: Int) -> Double { c == 24 ? 1 : Double(planar[c * shape.pixels + p]) }
        for (a, b) in [(0, 0), (3, 17), (23, 24), (24, 24), (16, 5)] {
            let truth = (0..<shape.pixels).reduce(0.0) { $0 + Double(mask[$1]) * element(a, $1) * element(b, $1) }
            #expect(abs(found.sums[a * 25 + b] - truth) < 1e-3)
        }
        let (left, right) = (
            mask.enumerated().map { $0 % 2 == 0 ? $1 : 0 }, mask.enumerated().map { $0 % 2 == 1 ? $1 : 0 }
        )
        var sum = Correlations(of: f, at: Places(mask: left.span))
        sum += Correlations(of: f, at: Places(mask: right.span))
        #expect(zip(sum.sums, found.sums).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    private struct Dump: Decodable {
        let loss: Double
        let gradient: [Double]
        let deepest: [Double]
        let correlations: [Double]
    }

    /// The loss of the dump: the squares of the mean correlations at both taps.
    private static func evaluate(_ network: FeatureNetwork, _ picture: FeatureMap)
        -> (loss: Double, gradient: [Float], last: Correlations, deepest: [Float])
    {
        let maps = network.forward(picture)
        let found = maps.map { Correlations(of: $0, at: .all($0.shape.pixels)) }
        let loss = found.reduce(0.0) { $0 + $1.means.reduce(0) { $0 + $1 * $1 } }
        let gradient = FeatureMap(picture.shape)
        network.backward(into: gradient) { tap, into in
            let slope = found[tap].means.map { Float(2 * $0 / found[tap].weight) }
            Correlations.addGradient(slope: slope, of: maps[tap], at: .all(maps[tap].shape.pixels), to: into)
        }
        return (loss, gradient.planar, found[1], maps[1].planar)
    }

    static func network() -> FeatureNetwork {
        FeatureNetwork(
            inputs: 1,
            layers: [
                .convolution(layer(1, 16, seed: 2)), .convolution(layer(16, 16, seed: 3)), .pooling,
                .convolution(layer(16, 24, seed: 4)), .convolution(layer(24, 16, seed: 5)),
            ], taps: [1, 4])
    }

    @Test func aWholeEvaluationIsPyTorchs() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/network.json")
        let dump = try JSONDecoder().decode(Dump.self, from: Data(contentsOf: url))
        let picture = Self.map(MapShape(channels: 1, height: 12, width: 10), seed: 1)
        let found = Self.evaluate(Self.network(), picture)
        #expect(abs(found.loss - dump.loss) < 1e-5 * dump.loss)
        #expect(Self.difference(found.gradient, dump.gradient) < 1e-5)
        #expect(Self.difference(found.deepest, dump.deepest) < 1e-5)
        #expect(Self.difference(found.last.means.map { Float($0) }, dump.correlations) < 1e-5)
    }

    @Test func gradientsOfWeightsAreFiniteDifferences() {
        let network = Self.network()
        let picture = Self.map(MapShape(channels: 1, height: 12, width: 10), seed: 1)
        let maps = network.forward(picture)
        let found = maps.map { Correlations(of: $0, at: .all($0.shape.pixels)) }
        var gradients: [Int: [Float]] = [:]
        network.backward(into: FeatureMap(picture.shape)) { tap, into in
            let slope = found[tap].means.map { Float(2 * $0 / found[tap].weight) }
            Correlations.addGradient(slope: slope, of: maps[tap], at: .all(maps[tap].shape.pixels), to: into)
        } weightGradient: { convolution, weights, _ in
            gradients[convolution] = weights
        }
        for (k, layer) in network.convolutions.enumerated() {
            for at in [0, 7, layer.weights.count - 3] {
                func loss(_ change: Float) -> Double {
                    let old = layer.weights
                    var weights = old
                    weights[at] += change
                    layer.set(weights: weights, bias: layer.bias)
                    defer { layer.set(weights: old, bias: layer.bias) }
                    return Self.evaluate(network, picture).loss
                }
                let slope = (loss(1e-2) - loss(-1e-2)) / 2e-2
                #expect(abs(slope - Double(gradients[k]![at])) < 0.02 * abs(slope) + 2e-3, "layer \(k), weight \(at)")
            }
        }
    }
}

/// Truth: minima that are known.
@Suite struct LBFGSTests {
    @Test func findsTheBottomOfRosenbrocksValley() {
        var search = LBFGS(start: [-1.2, 1, -1.2, 1])
        while !search.isFinished, search.evaluations < 200, search.value > 1e-9 {
            let x = search.point.map(Double.init)
            var value = 0.0
            var gradient = [Float](repeating: 0, count: 4)
            for k in [0, 2] {
                let (a, b) = (1 - x[k], x[k + 1] - x[k] * x[k])
                value += a * a + 100 * b * b
                gradient[k] = Float(-2 * a - 400 * x[k] * b)
                gradient[k + 1] = Float(200 * b)
            }
            search.take(value: value, gradient: gradient)
        }
        #expect(search.evaluations < 120)
        #expect(search.best.allSatisfy { abs($0 - 1) < 1e-3 })
    }

    @Test func aQuadraticOfVeryDifferentCurvaturesIsSolvedAndNeverRises() {
        let n = 300
        let curvature = (0..<n).map { pow(10, 3 * Double($0) / Double(n - 1)) }
        var search = LBFGS(start: [Float](repeating: 1, count: n), memory: 10)
        var values: [Double] = []
        while !search.isFinished, search.evaluations < 300, search.value > 1e-6 {
            let x = search.point
            let value = zip(x, curvature).reduce(0.0) { $0 + 0.5 * Double($1.0 * $1.0) * $1.1 }
            search.take(value: value, gradient: zip(x, curvature).map { $0 * Float($1) })
            values.append(search.value)
        }
        #expect(search.value < 1e-6)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test func stopsWhereItIsFlat() {
        var search = LBFGS(start: [3, 4])
        search.take(value: 1, gradient: [0, 0])
        #expect(search.isFinished && search.point == [3, 4])
    }
}
