internal import ArgumentParser
internal import Face
internal import Foundation
internal import Tensors

/// The network engine: each layer's and each other part's speed, and a whole evaluation (forward, correlations, backward to
/// the picture), beside PyTorch on the same network in the same run.
struct NetworkBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "network")
    @Option(help: "Side of the picture.") var size = 512
    @Option(help: "Evaluations; the best counts.") var repeats = 7
    @Option(help: "A Python that has PyTorch.") var python = "python3"

    /// Something timed, in seconds, and what it computes; PyTorch's time for the same is found by the name.
    private struct Row {
        let name: String
        let seconds: Double
        var operations: Double?
    }

    func run() throws {
        let picture = FeatureMap(MapShape(channels: 1, height: size, width: size))
        var generator = SeededGenerator(seed: 1)
        let noise = (0..<size * size).map { _ in Float(0.1 * generator.normal()) }
        picture.assign(noise.span)
        let network = DetailNetwork(seed: 1).network()
        let torch = TorchNetwork(python: python, size: size, repeats: repeats).times()
        if torch.isEmpty { print("PyTorch: not installed (\(python))") }
        print("                                        ms   GFLOP/s   PyTorch ms   times as long")
        let rows = parts(network, picture) + [whole(network, picture, share: 1), whole(network, picture, share: 0.4)]
        for row in rows {
            var line = row.name.padding(toLength: 34, withPad: " ", startingAt: 0)
            line += String(format: "%8.2f", row.seconds * 1000)
            line += row.operations.map { String(format: "%10.0f", $0 / row.seconds / 1e9) } ?? "          "
            if let theirs = torch[row.name] {
                line += String(format: "%13.2f%16.2f", theirs * 1000, theirs / row.seconds)
            }
            print(line)
        }
    }

    private func best(_ work: () -> Void) -> Double {
        (0..<repeats).map { _ in
            let start = ContinuousClock.now
            work()
            return (ContinuousClock.now - start) / .seconds(1)
        }.min() ?? .nan
    }

    /// Each layer alone, and each tap's correlations.
    private func parts(_ network: FeatureNetwork, _ picture: FeatureMap) -> [Row] {
        var rows: [Row] = []
        var generator = SeededGenerator(seed: 2)
        func random(_ shape: MapShape) -> FeatureMap {
            let map = FeatureMap(shape)
            let values = (0..<shape.channels * shape.pixels).map { _ in Float(generator.normal()) }
            map.assign(values.span)
            return map
        }
        var input = random(picture.shape)
        for (k, layer) in network.layers.enumerated() {
            let name = "layer \(k)"
            func row(_ what: String, _ operations: Double? = nil, _ work: () -> Void) {
                rows.append(Row(name: "\(name) \(what)", seconds: best(work), operations: operations))
            }
            switch layer {
            case .pooling:
                let output = random(input.shape.pooled)
                row("pooling") { LowPassPooling.forward(input, into: output) }
                row("pooling, backward") { LowPassPooling.addBackward(output, to: input, overwriting: true) }
                input = output
            case .convolution(let layer):
                let output = random(input.shape.with(channels: layer.outputs))
                let operations = 2 * Double(layer.side * layer.side * layer.inputs * layer.outputs * input.shape.pixels)
                row("\(layer.inputs) → \(layer.outputs)", operations) { layer.forward(input, into: output) }
                row("\(layer.inputs) ← \(layer.outputs)", operations) { layer.backward(output, into: input) }
                let gradient = random(output.shape)
                row("ReLU, backward") { rectifyGradient(gradient, output: output) }
                guard network.taps.contains(k) else { continue }
                let all = Places.all(output.shape.pixels)
                let side = output.shape.channels + 1
                let products = Double(2 * side * side * all.pixels.count)
                // Half of the products: the matrix is symmetric.
                row("correlations", products / 2) { _ = Correlations(of: output, at: all) }
                let slope = [Float](repeating: 0.1, count: side * side)
                row("correlations, backward", products) {
                    Correlations.addGradient(slope: slope, of: output, at: all, to: gradient)
                }
                input = output
            }
        }
        return rows
    }

    /// - Parameter share: of the picture that counts, a disc; the convolutions' operations are counted where it is all.
    private func whole(_ network: FeatureNetwork, _ picture: FeatureMap, share: Double) -> Row {
        let places = network.tapShapes(picture.shape).map { shape -> [Places] in
            let mask = (0..<shape.pixels).map { p -> Float in
                let x = (Double(p % shape.width) + 0.5) / Double(shape.width) - 0.5
                let y = (Double(p / shape.width) + 0.5) / Double(shape.height) - 0.5
                return share == 1 || .pi * (x * x + y * y) < share ? 1 : 0
            }
            return [Places(mask: mask.span)]
        }
        let regions = FeatureRegions(of: network, picture: picture.shape, places: places)
        let target = network.correlations(of: picture, at: regions)
        let gradient = FeatureMap(picture.shape)
        let seconds = best {
            let found = network.correlations(of: picture, at: regions)
            let slopes = zip(found, target).map { found, target in
                zip(found, target).map { zip($0.means, $1.means).map { Float($0 - 0.5 * $1) } }
            }
            network.backward(into: gradient, slopes: slopes, at: regions)
        }
        let all = share == 1
        return Row(
            name: all ? "whole evaluation" : "whole, \(Int(100 * share)) % counts", seconds: seconds,
            operations: all ? 2 * network.operations(picture.shape) : nil)
    }
}
