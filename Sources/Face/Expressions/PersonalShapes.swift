/// One person's own neutral head and expression shapes: the mean head's, carried over (`ExpressionTransfer`), with lips
/// that meet where they should (`LipSeal`).
package struct PersonalShapes: Sendable {
    /// Shapes that leave the lips closed: those of a group are looked at together, and what they lack is shared among
    /// them, the left ones taking care of the left side, and rolled lips each of their own.
    private static let closed: [[String]] = {
        let pairs = [
            "mouthPress", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "cheekSquint", "noseSneer",
        ]
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
                name: model.expressions[e].name, points: moved.map { UInt32($0) }, offsets: moved.map { offsets[e][$0] }
            )
        }
        return (neutral, shapes)
    }

    private func close(_ offsets: inout [[SIMD3<Float>]], on neutral: [SIMD3<Float>], with seal: LipSeal) {
        let number = Dictionary(
            zip(model.expressions.map(\.name), model.expressions.indices), uniquingKeysWith: { first, _ in first })
        func corrected(_ shapes: [Int], beside others: [Int] = []) {
            var head = neutral
            for shape in shapes + others { for g in head.indices { head[g] += offsets[shape][g] } }
            let moves = seal.closing(head)
            for shape in shapes {
                let part = Part(of: model.expressions[shape].name, beside: shapes.count > 1)
                for (point, offset, lowness) in moves {
                    offsets[shape][point].y += offset * part.share(at: head[point].x, lowness: lowness)
                }
            }
        }
        for group in Self.closed {
            let shapes = group.compactMap { number[$0] }
            if shapes.count == group.count { corrected(shapes) }
        }
        if let close = number["mouthClose"], let open = number["jawOpen"] { corrected([close], beside: [open]) }
    }

    /// Which part of a correction a shape of a group takes.
    private enum Part {
        case all, left, right, upper, lower

        init(of name: String, beside others: Bool) {
            self =
                switch name {
                case "mouthRollUpper": .upper
                case "mouthRollLower": .lower
                case _ where others && name.hasSuffix("Left"): .left
                case _ where others && name.hasSuffix("Right"): .right
                default: .all
                }
        }

        func share(at x: Float, lowness: Float) -> Float {
            // The person's left is +X; the two sides blend over two centimetres.
            let left = min(max(x / 0.02 + 0.5, 0), 1)
            return switch self {
            case .all: 1
            case .left: left
            case .right: 1 - left
            case .upper: lowness < 0.5 ? 1 : 0
            case .lower: lowness < 0.5 ? 0 : 1
            }
        }
    }
}
