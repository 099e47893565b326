/// The first layer: from a picture of one to seven planes to blocked maps, and its gradients. Loops of our own, output
/// channels side by side in vectors: oneDNN would pad the picture to a whole block, and takes its slow path for gradients of
/// kernels of 5 × 5.
struct PictureConvolution {
    private let side: Int
    private let radius: Int
    private let inputs: Int
    private let outputs: Int
    private let rectified: Bool
    private let layer: Convolution

    init(_ layer: Convolution) {
        self.layer = layer
        (side, radius, inputs, outputs) = (layer.side, layer.side / 2, layer.inputs, layer.outputs)
        rectified = layer.rectified
    }

    /// Tile rows, or parts of them, that one thread takes at a time.
    private static let strip = 4

    func forward(_ input: FeatureMap, into output: FeatureMap, at tiles: TileSet) {
        let shape = input.shape
        // [sixteen outputs][tap][output], a row of biases behind the taps.
        let taps = side * side * inputs
        let groups = (outputs + 15) / 16
        var kernels = [Float](repeating: 0, count: groups * (taps + 1) * 16)
        for o in 0..<outputs {
            let to = (o / 16) * (taps + 1) * 16 + o % 16
            for tap in 0..<taps { kernels[to + tap * 16] = layer.weights[o * taps + tap] }
            kernels[to + taps * 16] = layer.bias[o]
        }
        let (side, radius, inputs, rectified) = (side, radius, inputs, rectified)
        let (width, height) = (shape.width, shape.height)
        nonisolated(unsafe) let (input, output) = (input, output)
        for picture in 0..<shape.count {
            tiles.segments.indices.inStrips(of: Self.strip, cost: width * taps * outputs) { [kernels] strip in
                for segment in tiles.segments[strip] {
                    // With its surroundings, zeros beyond the border, so that nothing asks for it.
                    let (rows, columns) = (segment.rows, segment.columns)
                    let (tall, wide) = (rows.count + 2 * radius, columns.count + 2 * radius)
                    var padded = [Float](repeating: 0, count: inputs * tall * wide)
                    for channel in 0..<inputs {
                        let plane = input.values + (picture * inputs + channel) * shape.pixels
                        for y in max(rows.lowerBound - radius, 0)..<min(rows.upperBound + radius, height) {
                            let to = (channel * tall + y - rows.lowerBound + radius) * wide
                            let first = columns.lowerBound - radius
                            for x in max(first, 0)..<min(columns.upperBound + radius, width) {
                                padded[to + x - first] = plane[y * width + x]
                            }
                        }
                    }
                    let offsets = (0..<taps).map { tap in
                        (tap / (side * side) * tall + tap / side % side) * wide + tap % side
                    }
                    padded.withUnsafeBufferPointer { padded in
                        for (k, y) in rows.enumerated() {
                            for group in 0..<groups {
                                let target = VectorTargets(
                                    output, picture: picture, group: group, pixel: y * width + columns.lowerBound)
                                Self.convolve(
                                    padded.baseAddress! + k * wide, columns.count, kernels: kernels.span,
                                    taps: group * (taps + 1), offsets: offsets.span, rectified: rectified, to: target)
                            }
                        }
                    }
                }
            }
        }
    }

    /// A row of sixteen maps.
    @inline(__always) private static func convolve(
        _ row: UnsafePointer<Float>, _ width: Int, kernels: Span<Float>, taps first: Int, offsets: Span<Int>,
        rectified: Bool, to target: VectorTargets
    ) {
        kernels.withUnsafeBufferPointer { kernels in
            let kernel = kernels.baseAddress! + first * 16
            let taps = offsets.count
            let start = kernel.load16(taps * 16)
            func finished(_ sum: SIMD16<Float>) -> SIMD16<Float> { rectified ? sum.rectified : sum }
            var x = 0
            while x < width {
                if width < 6 {
                    var sum = start
                    for tap in 0..<taps { sum.addProduct(kernel.load16(tap * 16), row[x + offsets[unchecked: tap]]) }
                    target.store(finished(sum), x)
                    x += 1
                    continue
                }
                // The last six overlap the six before.
                x = min(x, width - 6)
                var (a, b, c, d, e, f) = (start, start, start, start, start, start)
                for tap in 0..<taps {
                    let weights = kernel.load16(tap * 16)
                    let from = row + (x + offsets[unchecked: tap])
                    a.addProduct(weights, from[0])
                    b.addProduct(weights, from[1])
                    c.addProduct(weights, from[2])
                    d.addProduct(weights, from[3])
                    e.addProduct(weights, from[4])
                    f.addProduct(weights, from[5])
                }
                target.store(finished(a), x)
                target.store(finished(b), x + 1)
                target.store(finished(c), x + 2)
                target.store(finished(d), x + 3)
                target.store(finished(e), x + 4)
                target.store(finished(f), x + 5)
                x += 6
            }
        }
    }

    func backward(_ outputGradient: FeatureMap, into inputGradient: FeatureMap, at tiles: TileSet) {
        let shape = inputGradient.shape
        // [input][row][eight outputs][column][output]
        let eights = (outputs + 7) / 8
        var kernels = [Float](repeating: 0, count: inputs * side * eights * side * 8)
        for o in 0..<outputs {
            for tap in 0..<inputs * side * side {
                let (row, column) = (tap / side, tap % side)
                kernels[((row * eights + o / 8) * side + column) * 8 + o % 8] =
                    layer.weights[o * inputs * side * side + tap]
            }
        }
        let (side, radius, inputs) = (side, radius, inputs)
        let (width, height) = (shape.width, shape.height)
        nonisolated(unsafe) let (from, to) = (outputGradient, inputGradient.values)
        for picture in 0..<shape.count {
            tiles.segments.indices.inStrips(of: Self.strip, cost: width * inputs * side * side * outputs) {
                [kernels] strip in
                kernels.withUnsafeBufferPointer { kernels in
                    for channel in 0..<inputs {
                        let plane = to + (picture * inputs + channel) * shape.pixels
                        let kernel = kernels.baseAddress! + channel * side * eights * side * 8
                        for segment in tiles.segments[strip] {
                            for y in segment.rows {
                                let source = GradientRows(
                                    map: from, picture: picture, eights: eights, kernel: kernel, radius: radius,
                                    rows: max(-radius, y - height + 1)...min(radius, y), y: y)
                                source.fill(plane + y * width, segment.columns)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Summed over pictures and places: `outputs × inputs × side × side`, and a bias per output.
    func weightGradient(input: FeatureMap, outputGradient: FeatureMap) -> (weights: [Float], bias: [Float]) {
        let shape = input.shape
        let (side, radius, taps) = (side, radius, inputs * side * side)
        let (width, height) = (shape.width, shape.height)
        nonisolated(unsafe) let (input, gradient) = (input, outputGradient)
        // By eight outputs and tap; the bias behind the taps.
        let sums = (0..<(outputs + 7) / 8 * (taps + 1)).mapConcurrently { part -> SIMD8<Float> in
            let (eight, tap) = (part / (taps + 1), part % (taps + 1))
            let (channel, dy, dx) = (tap / (side * side), tap / side % side - radius, tap % side - radius)
            let isBias = tap == taps
            let first = isBias ? 0 : max(0, -dy)
            let end = max(isBias ? height : min(height, height - dy), first)
            var sum = SIMD8<Float>()
            for picture in 0..<shape.count {
                let from = gradient.eight(eight, picture: picture)
                for y in first..<end {
                    let row = from + y * width * gradient.block
                    // One row's sum at a time keeps what is added near in size.
                    var (a, b) = (SIMD8<Float>(), SIMD8<Float>())
                    if isBias {
                        for x in 0..<width { a += row.load8(x * gradient.block) }
                    } else {
                        let picture =
                            input.values + ((picture * shape.channels + channel) * height + y + dy) * width + dx
                        var x = max(0, -dx)
                        let end = min(width, width - dx)
                        while x + 1 < end {
                            a.addProduct(row.load8(x * gradient.block), picture[x])
                            b.addProduct(row.load8((x + 1) * gradient.block), picture[x + 1])
                            x += 2
                        }
                        if x < end { a.addProduct(row.load8(x * gradient.block), picture[x]) }
                    }
                    sum += a + b
                }
            }
            return sum
        }
        func sum(_ output: Int, _ tap: Int) -> Float { sums[output / 8 * (taps + 1) + tap][output % 8] }
        return ((0..<outputs * taps).map { sum($0 / taps, $0 % taps) }, (0..<outputs).map { sum($0, taps) })
    }
}

/// Where the rows of a gradient that one row of the picture depends on lie.
private struct GradientRows {
    let map: FeatureMap
    let picture: Int
    let eights: Int
    /// [row][eight outputs][column][output]
    let kernel: UnsafePointer<Float>
    let radius: Int
    let rows: ClosedRange<Int>
    let y: Int

    func fill(_ target: UnsafeMutablePointer<Float>, _ columns: Range<Int>) {
        var x = columns.lowerBound
        while x < columns.upperBound {
            if x >= radius, x + 4 <= columns.upperBound, x + 3 + radius < map.shape.width {
                let four = four(x)
                for k in 0..<4 { target[x + k] = four[k] }
                x += 4
            } else {
                target[x] = one(x)
                x += 1
            }
        }
    }

    /// ∂loss/∂picture at one place.
    @inline(__always) func one(_ x: Int) -> Float {
        let (width, block, side) = (map.shape.width, map.block, 2 * radius + 1)
        var sum = SIMD8<Float>()
        for dy in rows {
            for eight in 0..<eights {
                let from = map.eight(eight, picture: picture) + (y - dy) * width * block
                let weights = kernel + ((dy + radius) * eights + eight) * side * 8
                for dx in max(-radius, x - width + 1)...min(radius, x) {
                    sum.addProduct(weights.load8((dx + radius) * 8), from.load8((x - dx) * block))
                }
            }
        }
        return sum.total
    }

    /// At four places, on none of which the kernel reaches over the left or right border.
    @inline(__always) func four(_ x: Int) -> SIMD4<Float> {
        let (width, block, side) = (map.shape.width, map.block, 2 * radius + 1)
        var (a, b, c, d) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
        for dy in rows {
            for eight in 0..<eights {
                let from = map.eight(eight, picture: picture) + ((y - dy) * width + x - radius) * block
                let weights = kernel + ((dy + radius) * eights + eight) * side * 8
                var (g0, g1, g2) = (from.load8(0), from.load8(block), from.load8(2 * block))
                for column in 0..<side {
                    let weight = weights.load8((side - 1 - column) * 8)
                    let g3 = from.load8((column + 3) * block)
                    a.addProduct(weight, g0)
                    b.addProduct(weight, g1)
                    c.addProduct(weight, g2)
                    d.addProduct(weight, g3)
                    (g0, g1, g2) = (g1, g2, g3)
                }
            }
        }
        return SIMD4(a.total, b.total, c.total, d.total)
    }
}

/// Sixteen channels of a map from one pixel on.
private struct VectorTargets {
    private let low: UnsafeMutablePointer<Float>
    /// `nil` where the map ends with eight channels.
    private let high: UnsafeMutablePointer<Float>?
    private let block: Int

    init(_ map: FeatureMap, picture: Int, group: Int, pixel: Int) {
        block = map.block
        low = map.eight(2 * group, picture: picture) + pixel * map.block
        high =
            (2 * group + 1) * 8 < map.blocks * map.block
            ? map.eight(2 * group + 1, picture: picture) + pixel * map.block : nil
    }

    @inline(__always) func store(_ value: SIMD16<Float>, _ at: Int) {
        low.store(value.lowHalf, at * block)
        if let high { high.store(value.highHalf, at * block) }
    }
}
