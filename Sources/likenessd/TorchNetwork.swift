internal import Face
internal import Foundation

/// PyTorch on the detail network: the same layers, correlations and evaluation, on two threads; of both memory layouts and of
/// OpenMP's ways of waiting the best counts. In its favour, it pools by plain means, leaves out the sums beside the
/// correlations, and picks its layout anew for every part.
struct TorchNetwork {
    let python: String
    let size: Int
    let repeats: Int

    /// Seconds by the names of `NetworkBench`; empty where PyTorch is not installed.
    func times() -> [String: Double] {
        [nil, "active", "passive"].reduce(into: [:]) { best, policy in
            best.merge(times(waiting: policy)) { min($0, $1) }
        }
    }

    private func times(waiting policy: String?) -> [String: Double] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [python, "-c", Self.script, "\(size)", "\(repeats)"] + DetailNetwork.shapes.map { "\($0[0])x\($0[2])" }
        // This process has set its own, which is for other work.
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_WAIT_POLICY"] = policy
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return [:] }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        var result: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t")
            if parts.count == 2, let seconds = Double(parts[1]) { result[String(parts[0])] = seconds }
        }
        return result
    }

    private static let script = """
        import sys, time, torch
        torch.set_num_threads(2)
        size, repeats = int(sys.argv[1]), int(sys.argv[2])
        layers = [tuple(map(int, n.split("x"))) for n in sys.argv[3:]]
        channels, sides = [1] + [n for n, _ in layers], [side for _, side in layers]
        F, aten = torch.nn.functional, torch.ops.aten
        times = {}
        def best(name, work):
            for _ in range(repeats):
                start = time.perf_counter()
                work()
                times[name] = min(times.get(name, 1e9), time.perf_counter() - start)
        def flat(f): return f.reshape(f.shape[1], -1)
        def gram(f): return flat(f) @ flat(f).T / f[0, 0].numel()
        def backward(g, x, w):
            pad = [w.shape[2] // 2] * 2
            return aten.convolution_backward(
                g, x, w, None, [1, 1], pad, [1, 1], False, [0, 0], 1, [True, False, False])
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.convs = torch.nn.ModuleList(
                    torch.nn.Conv2d(a, b, side, padding=side // 2)
                    for a, b, side in zip(channels, channels[1:], sides))
            def forward(self, x):
                taps = []
                for k, conv in enumerate(self.convs):
                    if k == 2: x = F.avg_pool2d(x, 2)
                    x = torch.relu_(conv(x))
                    taps.append(x)
                return taps
        def parts(net, layout):
            x = torch.randn(1, 1, size, size).to(memory_format=layout)
            layer = 0
            for k, conv in enumerate(net.convs):
                if k == 2:
                    small = F.avg_pool2d(x, 2)
                    best(f"layer {layer} pooling", lambda: F.avg_pool2d(x, 2))
                    best(f"layer {layer} pooling, backward", lambda: aten.avg_pool2d_backward(
                        small, x, [2, 2], [2, 2], [0, 0], False, True, None))
                    x, layer = small, layer + 1
                a, b, name = channels[k], channels[k + 1], f"layer {layer} "
                y = torch.relu_(conv(x))
                g = torch.randn_like(y)
                d = torch.randn(b, b)
                best(f"{name}{a} → {b}", lambda: torch.relu_(conv(x)))
                best(f"{name}{a} ← {b}", lambda: backward(g, x, conv.weight))
                best(name + "ReLU, backward", lambda: aten.threshold_backward(g, y, 0))
                best(name + "correlations", lambda: gram(y))
                best(name + "correlations, backward", lambda: flat(g).addmm_(d, flat(y)))
                x, layer = y, layer + 1
        for layout in (torch.contiguous_format, torch.channels_last):
            net = Net().to(memory_format=layout)
            for p in net.parameters(): p.requires_grad_(False)
            parts(net, layout)
            x = (0.1 * torch.randn(1, 1, size, size)).to(memory_format=layout).requires_grad_()
            targets = [0.5 * gram(f).detach() for f in net(x)]
            def evaluate():
                loss = sum(((gram(f) - t) ** 2).sum() for f, t in zip(net(x), targets))
                torch.autograd.grad(loss, x)
            best("whole evaluation", evaluate)
        for name, seconds in times.items(): print(f"{name}\\t{seconds}")
        """
}
