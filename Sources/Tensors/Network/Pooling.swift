/// Half the size by the binomial low-pass (1 3 3 1)/8 in both directions, picture borders repeated: the filter between
/// octaves and in place of max pooling, which would write a grid into what is synthesized (Hénaff & Simoncelli 2016).
/// Works on any layout: neighbours are `block` floats apart.
package enum LowPassPooling {
    package static func forward(_ input: FeatureMap, into output: FeatureMap) {
        precondition(output.shape == input.shape.pooled, "pooling of \(input.shape) to \(output.shape)")
        let geometry = Geometry(input)
        nonisolated(unsafe) let (from, to) = (input.values, output.values)
        (0..<geometry.planes).map { $0 }.inStrips(of: geometry.row * geometry.height) { plane in
            let source = from + plane * geometry.row * geometry.height
            let target = to + plane * geometry.smallRow * geometry.smallHeight
            var column = [Float](repeating: 0, count: geometry.row)
            column.withUnsafeMutableBufferPointer { column in
                for y in 0..<geometry.smallHeight {
                    let rows = geometry.rows(y).map { source + $0 * geometry.row }
                    let (a, b, c, d) = (rows[0], rows[1], rows[2], rows[3])
                    for i in 0..<geometry.row { column[i] = (a[i] + d[i] + 3 * (b[i] + c[i])) / 64 }
                    let out = target + y * geometry.smallRow
                    for x in 0..<geometry.smallWidth {
                        let (a, b, c, d) = geometry.columns(x)
                        for i in 0..<geometry.block {
                            out[x * geometry.block + i] =
                                column[a + i] + column[d + i] + 3 * (column[b + i] + column[c + i])
                        }
                    }
                }
            }
        }
    }

    /// The adjoint: ∂loss/∂input from ∂loss/∂output; adds to what is there.
    package static func addBackward(_ outputGradient: FeatureMap, to inputGradient: FeatureMap) {
        precondition(
            outputGradient.shape == inputGradient.shape.pooled,
            "pooling of \(inputGradient.shape) to \(outputGradient.shape)")
        let geometry = Geometry(inputGradient)
        nonisolated(unsafe) let (from, to) = (outputGradient.values, inputGradient.values)
        (0..<geometry.planes).map { $0 }.inStrips(of: geometry.row * geometry.height) { plane in
            let source = from + plane * geometry.smallRow * geometry.smallHeight
            let target = to + plane * geometry.row * geometry.height
            var column = [Float](repeating: 0, count: geometry.row)
            column.withUnsafeMutableBufferPointer { column in
                for y in 0..<geometry.smallHeight {
                    column.update(repeating: 0)
                    let row = source + y * geometry.smallRow
                    for x in 0..<geometry.smallWidth {
                        let (a, b, c, d) = geometry.columns(x)
                        for i in 0..<geometry.block {
                            let value = row[x * geometry.block + i] / 64
                            column[a + i] += value
                            column[b + i] += 3 * value
                            column[c + i] += 3 * value
                            column[d + i] += value
                        }
                    }
                    for (k, y) in geometry.rows(y).enumerated() {
                        let out = target + y * geometry.row
                        let share: Float = k == 1 || k == 2 ? 3 : 1
                        for i in 0..<geometry.row { out[i] += share * column[i] }
                    }
                }
            }
        }
    }

    private struct Geometry: Sendable {
        let planes: Int, block: Int, width: Int, height: Int
        var row: Int { width * block }
        var smallWidth: Int { (width + 1) / 2 }
        var smallHeight: Int { (height + 1) / 2 }
        var smallRow: Int { smallWidth * block }

        init(_ large: FeatureMap) {
            planes = large.shape.count * large.blocks
            block = large.block
            width = large.shape.width
            height = large.shape.height
        }

        func rows(_ y: Int) -> [Int] {
            [max(2 * y - 1, 0), 2 * y, min(2 * y + 1, height - 1), min(2 * y + 2, height - 1)]
        }
        /// Offsets of the four columns' first channels.
        @inline(__always) func columns(_ x: Int) -> (Int, Int, Int, Int) {
            (
                max(2 * x - 1, 0) * block, 2 * x * block, min(2 * x + 1, width - 1) * block,
                min(2 * x + 2, width - 1) * block
            )
        }
    }
}

/// ∂loss/∂(before ReLU) from ∂loss/∂(after it), in place: nothing flows where the output is zero.
package func rectifyGradient(_ gradient: FeatureMap, output: FeatureMap) {
    precondition(gradient.shape == output.shape, "gradient \(gradient.shape) of \(output.shape)")
    nonisolated(unsafe) let (g, y) = (gradient.values, output.values)
    let size = gradient.size
    let strip = max(size / 16, 4096)
    stride(from: 0, to: size, by: strip).map { $0 }.inStrips(of: strip) { start in
        for i in start..<min(start + strip, size) { g[i] = y[i] > 0 ? g[i] : 0 }
    }
}
