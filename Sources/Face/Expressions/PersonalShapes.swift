/// One person's own neutral head and expression shapes: the mean head's, carried over (`ExpressionTransfer`), with lips
/// that meet where they should (`LipSeal`).
package struct PersonalShapes: Sendable {
    /// Shapes that leave the lips closed: those of a group are looked at together, and what they lack is shared among
    /// them, the left ones taking care of the left side, and rolled lips each of their own.
    private static let closed: [[String]] = {
        let pairs = ["mouthPress", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "cheekSquint", "noseSneer"]
        return pairs.map { [$0 + "Left", $0 + "Right"] } + [
            ["mouthRollUpper", "mouthRollLower"], ["mouthLeft"], ["mouthRight"], ["jawLeft"], ["jawRight"],
            ["jawForward"], ["cheekPuff"], ["mouthPucker"],
        ]
    }()

    private let model: MorphableModel
    private let transfer: ExpressionTransfer
    private let seal: LipSeal?

    package init(model: MorphableModel) {
        self.model = model
        transfer = ExpressionTransfer(model: model)
        seal = LipSeal(model: model)
    }

    /// - Parameter fitted: G points of a neutral head, model space, metres.
    /// - Returns: the same head with closed lips, and its shapes in the model's order.
    package func head(
        _ fitted: [SIMD3<Float>]
    ) -> (points: [SIMD3<Float>], expressions: [MorphableModel.ExpressionShape]) {
        var offsets = transfer.offsets(on: fitted)
        var neutral = fitted
        if let seal {
            for (point, offset, _) in seal.closing(fitted) { neutral[point].y += offset }
            close(&offsets, on: neutral, with: seal)
        }
        let shapes = model.expressions.indices.map { e in
            // Below 10 µm nobody sees a point move; leaving those out keeps the files small.
            let moved = offsets[e].indices.filter { (offsets[e][$0] * offsets[e][$0]).sum() > 1e-10 }
            return MorphableModel.ExpressionShape(
                name: model.expressions[e].name, points: moved.map { UInt32($0) }, offsets: moved.map { offsets[e][$0] })
        }
        return (neutral, shapes)
    }

    private func close(_ offsets: inout [[SIMD3<Float>]], on neutral: [SIMD3<Float>], with seal: LipSeal) {
        let number = Dictionary(
            zip(model.expressions.map(\.name), model.expressions.indices), uniquingKeysWith: { first, _ in first })
        func corrected(_ shapes: [Int], beside others: [Int] = []) {
            var head = neutral
            for shape in shapes + others { for g in head.indices { head[g] += offsets[shape][g] } }
            for (point, offset, lowness) in seal.closing(head) {
                for shape in shapes {
                    offsets[shape][point].y += offset * share(of: shape, at: head[point].x, lowness: lowness)
                }
            }
        }
        for group in Self.closed {
            let shapes = group.compactMap { number[$0] }
            if shapes.count == group.count { corrected(shapes) }
        }
        if let close = number["mouthClose"], let open = number["jawOpen"] { corrected([close], beside: [open]) }
    }

    /// How much of a correction a shape of a group takes.
    private func share(of shape: Int, at x: Float, lowness: Float) -> Float {
        let name = model.expressions[shape].name
        if name == "mouthRollUpper" { return lowness < 0.5 ? 1 : 0 }
        if name == "mouthRollLower" { return lowness < 0.5 ? 0 : 1 }
        // The person's left is +X; the two sides blend over two centimetres.
        let left = min(max(x / 0.02 + 0.5, 0), 1)
        guard Self.closed.contains(where: { $0.count == 2 && $0.contains(name) }) else { return 1 }
        return name.hasSuffix("Left") ? left : 1 - left
    }
}
