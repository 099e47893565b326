internal import ArgumentParser
internal import Face
internal import Foundation
internal import Tensors

/// The network engine: each layer's speed, and a whole evaluation (forward, Gram, backward to the picture) beside PyTorch on
/// the same network in the same run.
struct NetworkBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "network")
    @Option(help: "Side of the picture.") var size = 512
    @Option(help: "Evaluations; the best counts.") var repeats = 7
    @Option(help: "A Python that has PyTorch.") var python = "python3"

    func run() throws {
        let picture = FeatureMap(MapShape(channels: 1, height: size, width: size))
        var generator = SeededGenerator(seed: 1)
        let noise = (0..<size * size).map { _ in Float(0.1 * generator.normal()) }
        picture.assign(noise.span)
        let network = DetailNetwork(seed: 1).network()
        layers(network, picture)

        let target = network.forward(picture).map { Correlations(of: $0, at: .all($0.shape.pixels)) }
        let gradient = FeatureMap(picture.shape)
        let ours = best {
            let maps = network.forward(picture)
            let found = maps.map { Correlations(of: $0, at: .all($0.shape.pixels)) }
            network.backward(into: gradient) { tap, into in
                let (a, b) = (found[tap].means, target[tap].means)
                let slope = zip(a, b).map { Float($0 - 0.5 * $1) }
                Correlations.addGradient(slope: slope, of: maps[tap], at: .all(maps[tap].shape.pixels), to: into)
            }
        }
        let operations = 2 * network.operations(picture.shape)
        print(
            String(format: "whole evaluation, %d²: %.1f ms, %.0f GFLOP/s", size, ours * 1000, operations / ours / 1e9))
        guard let torch = try torch() else { return print("PyTorch: not installed (\(python))") }
        print(
            String(format: "PyTorch on two threads, best layout: %.1f ms: %.2f x as long", torch * 1000, torch / ours))
    }

    private func best(_ work: () -> Void) -> Double {
        (0..<repeats).map { _ in
            let start = ContinuousClock.now
            work()
            return (ContinuousClock.now - start) / .seconds(1)
        }.min() ?? .nan
    }

    /// Each convolution alone.
    private func layers(_ network: FeatureNetwork, _ picture: FeatureMap) {
        print("layer            size   forward   backward to input   GFLOP/s")
        var from = picture.shape
        for layer in network.layers {
            switch layer {
            case .pooling:
                from = from.pooled
            case .convolution(let layer):
                let (input, output) = (FeatureMap(from), FeatureMap(from.with(channels: layer.outputs)))
                let operations = 18 * Double(layer.inputs * layer.outputs * from.pixels)
                let forward = best { layer.forward(input, into: output) }
                let backward = best { layer.backward(output, into: input) }
                print(
                    String(
                        format: "%3d → %3d  %4d × %4d %9.0f %19.0f", layer.inputs, layer.outputs, from.width,
                        from.height,
                        operations / forward / 1e9, operations / backward / 1e9))
                from = output.shape
            }
        }
    }

    /// Seconds of PyTorch's best evaluation over its two memory layouts; `nil` where it is not installed.
    private func torch() throws -> Double? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [python, "-c", Self.script, "\(size)", "\(repeats)"] + DetailNetwork.channels.map { "\($0)" }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static let script = """
        import sys, time, torch
        torch.set_num_threads(2)
        size, repeats = int(sys.argv[1]), int(sys.argv[2])
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                c = [1] + [int(n) for n in sys.argv[3:]]
                self.convs = torch.nn.ModuleList(torch.nn.Conv2d(a, b, 3, padding=1) for a, b in zip(c, c[1:]))
            def forward(self, x):
                taps = []
                for k, conv in enumerate(self.convs):
                    if k == 2: x = torch.nn.functional.avg_pool2d(x, 2)
                    x = torch.relu_(conv(x))
                    taps.append(x)
                return taps
        def gram(f):
            f = f.reshape(f.shape[1], -1)
            return f @ f.T / f.shape[1]
        best = 1e9
        for layout in (torch.contiguous_format, torch.channels_last):
            net = Net().to(memory_format=layout)
            for p in net.parameters(): p.requires_grad_(False)
            x = (0.1 * torch.randn(1, 1, size, size)).to(memory_format=layout).requires_grad_()
            targets = [0.5 * gram(f).detach() for f in net(x)]
            for _ in range(repeats):
                start = time.perf_counter()
                loss = sum(((gram(f) - t) ** 2).sum() for f, t in zip(net(x), targets))
                torch.autograd.grad(loss, x)
                best = min(best, time.perf_counter() - start)
        print(best)
        """
}
