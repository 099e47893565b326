/// An affine map from the pixel numbers of a target (column, row) to image space of a source:
/// `origin + column · right + row · down`.
package struct SamplingGrid: Sendable, Equatable {
    package var origin: SIMD2<Float>
    package var right: SIMD2<Float>
    package var down: SIMD2<Float>

    package init(origin: SIMD2<Float>, right: SIMD2<Float>, down: SIMD2<Float>) {
        self.origin = origin
        self.right = right
        self.down = down
    }
}

/// What a picture continues with beyond its edge.
package enum Border: Sendable, Equatable {
    case replicate
    case black
}

extension YUVImage {
    /// Bilinear RGB samples, `height × width × 3`, each `low + (high − low) · code / 255`.
    ///
    /// The grid counts in pixel numbers: integer coordinates are pixel centres, as OpenCV's (and so MediaPipe's) warps
    /// have it. Image space has centres at +0.5; subtract that first where it matters. No low-pass filter: where the
    /// grid is coarser than some two pixels, sample a `shrunk` picture. The grid is finite.
    package func sample(
        _ grid: SamplingGrid, width targetWidth: Int, height targetHeight: Int, border: Border, low: Float, high: Float
    ) -> [Float] {
        let size = targetWidth * targetHeight * 3
        return [Float](unsafeUninitializedCapacity: size) { target, count in
            var span = MutableSpan(_unsafeStart: target.baseAddress!, count: size)
            sample(
                grid, width: targetWidth, height: targetHeight, border: border, low: low, high: high, into: &span)
            count = size
        }
    }

    /// Luma on a grid as codes of full range / 255 (0...1), `height × width`, each the mean of `fold × fold` nearest
    /// pixels spread over its cell; beyond the edge the picture is replicated. Cheap, and free of aliases where the fold
    /// is at least the grid's step in pixels.
    package func sampleLuma(
        _ grid: SamplingGrid, width targetWidth: Int, height targetHeight: Int, fold: Int
    ) -> [Float] {
        precondition(fold >= 1, "fold of \(fold)")
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let limit = SIMD2(Float(width - 1), Float(height - 1))
        let width = UInt32(width)
        let (right, down) = (grid.right / Float(fold), grid.down / Float(fold))
        // From the cell's middle to the middle of its first part.
        let first = (right + down) * (0.5 - Float(fold) / 2)
        let share = 1 / Float(fold * fold)
        return [Float](unsafeUninitializedCapacity: targetWidth * targetHeight) { target, count in
            luma.withUnsafeBufferPointer { luma in
                for row in 0..<targetHeight {
                    let start = grid.origin + Float(row) * grid.down + first
                    for column in stride(from: 0, to: targetWidth, by: 8) {
                        let columns = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7) + Float(column)
                        let (x, y) = (start.x + columns * grid.right.x, start.y + columns * grid.right.y)
                        var sum = SIMD8<UInt32>()
                        for j in 0..<fold {
                            for i in 0..<fold {
                                let part = Float(j) * down + Float(i) * right
                                let px = (x + part.x).clamped(to: limit.x).nearest
                                let py = (y + part.y).clamped(to: limit.y).nearest
                                let index = py &* width &+ px
                                var codes = SIMD8<UInt32>()
                                for k in 0..<8 { codes[k] = UInt32(luma[Int(index[k])]) }
                                sum &+= codes
                            }
                        }
                        let at = row * targetWidth + column
                        for k in 0..<min(8, targetWidth - column) {
                            target[at + k] = decoder.light(Float(sum[k]) * share) / 255
                        }
                    }
                }
            }
            count = targetWidth * targetHeight
        }
    }

    /// Pixels `x ..< x + width`, `y ..< y + height` as RGB; beyond the edge the picture is replicated.
    package func crop(x originX: Int, y originY: Int, width targetWidth: Int, height targetHeight: Int) -> Image {
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let (width, height) = (width, height)
        let (chromaWidth, chromaHeight) = (chromaWidth, chromaHeight)
        let lumaColumns = (0..<targetWidth).map { min(max(originX + $0, 0), width - 1) }
        let columns = lumaColumns.map { Neighbours($0, shift: chromaShiftX, count: chromaWidth) }
        let used = (columns.first?.low ?? 0)..<((columns.last?.high ?? -1) + 1)
        // A row of chroma, blended over two rows of the picture, with its ends doubled; and one of each plane at the
        // target's pixels.
        var blended = [[Float]](repeating: [Float](repeating: 0, count: chromaWidth + 2), count: 2)
        let eights = (targetWidth + 7) / 8
        var line = [SIMD8<Float>](repeating: .zero, count: 3 * eights)
        let isPlain = chromaShiftX == 1 && originX >= 0 && originX + targetWidth <= width
        let bytes = [UInt8](unsafeUninitializedCapacity: targetWidth * targetHeight * 3) { target, count in
            for row in 0..<targetHeight {
                let y = min(max(originY + row, 0), height - 1)
                let rows = Neighbours(y, shift: chromaShiftY, count: chromaHeight)
                rows.blend(cb, width: chromaWidth, columns: used, into: &blended[0])
                rows.blend(cr, width: chromaWidth, columns: used, into: &blended[1])
                line.withUnsafeMutableBytes { line in
                    let line = line.bindMemory(to: Float.self)
                    luma.withUnsafeBufferPointer { luma in
                        let luma = UnsafeBufferPointer(rebasing: luma[y * width..<(y + 1) * width])
                        if isPlain {
                            for column in 0..<targetWidth { line[column] = Float(luma[originX + column]) }
                        } else {
                            for column in 0..<targetWidth { line[column] = Float(luma[columns[column].luma]) }
                        }
                    }
                    for plane in 0..<2 {
                        let first = 8 * eights * (plane + 1)
                        blended[plane].withUnsafeBufferPointer { chroma in
                            if isPlain {
                                // Even pixels lie a quarter of a sample before a sample's middle, odd ones behind it.
                                for column in 0..<targetWidth {
                                    let x = originX + column
                                    let k = x >> 1
                                    line[first + column] = 0.75 * chroma[k + 1] + 0.25 * chroma[k + 2 * (x & 1)]
                                }
                            } else {
                                for column in 0..<targetWidth {
                                    let near = columns[column]
                                    line[first + column] = near.blend(chroma[near.low + 1], chroma[near.high + 1])
                                }
                            }
                        }
                    }
                }
                for eight in 0..<eights {
                    let rgb = decoder.rgb(y: line[eight], cb: line[eights + eight], cr: line[2 * eights + eight])
                    let (r, g, b) = (rgb.0.nearest, rgb.1.nearest, rgb.2.nearest)
                    let pixel = 3 * (row * targetWidth + 8 * eight)
                    for k in 0..<min(8, targetWidth - 8 * eight) {
                        target[pixel + 3 * k] = UInt8(truncatingIfNeeded: r[k])
                        target[pixel + 3 * k + 1] = UInt8(truncatingIfNeeded: g[k])
                        target[pixel + 3 * k + 2] = UInt8(truncatingIfNeeded: b[k])
                    }
                }
            }
            count = targetWidth * targetHeight * 3
        }
        return Image(width: targetWidth, height: targetHeight, channels: 3, bytes: bytes)
    }

    /// The whole picture as RGB.
    package func rgb() -> Image { crop(x: 0, y: 0, width: width, height: height) }
}

/// The chroma samples either side of a luma sample's middle.
private struct Neighbours {
    let luma: Int
    let low: Int
    let high: Int
    private let weight: Float

    init(_ luma: Int, shift: Int, count: Int) {
        let position = (Float(luma) + 0.5) / Float(1 << shift) - 0.5
        let floor = position.rounded(.down)
        self.luma = luma
        low = min(max(Int(floor), 0), count - 1)
        high = min(max(Int(floor) + 1, 0), count - 1)
        weight = position - floor
    }

    @inline(__always) func blend(_ a: Float, _ b: Float) -> Float { a + (b - a) * weight }

    /// Two rows of a plane as one, one further in; the first and the last sample are repeated.
    func blend(_ plane: [UInt8], width: Int, columns: Range<Int>, into row: inout [Float]) {
        let (upper, lower) = (low * width, high * width)
        for c in columns { row[c + 1] = blend(Float(plane[upper + c]), Float(plane[lower + c])) }
        if columns.lowerBound == 0 { row[0] = row[1] }
        if columns.upperBound == width { row[width + 1] = row[width] }
    }
}

/// Y′CbCr codes → R′G′B′ codes 0...255 (ITU-R BT.601, BT.709, BT.2020; limited or full range), clamped.
package struct YUVDecoder: Sendable {
    private let lumaScale: Float
    private let lumaOffset: Float
    private let redCr: Float
    private let greenCb: Float
    private let greenCr: Float
    private let blueCb: Float

    package init(coefficients: YUVImage.Coefficients, fullRange: Bool) {
        let (kr, kb): (Float, Float) =
            switch coefficients {
            case .bt601: (0.299, 0.114)
            case .bt709: (0.2126, 0.0722)
            case .bt2020: (0.2627, 0.0593)
            }
        let kg = 1 - kr - kb
        let chromaScale: Float = fullRange ? 1 : 255 / 224
        lumaScale = fullRange ? 1 : 255 / 219
        lumaOffset = fullRange ? 0 : 16
        redCr = 2 * (1 - kr) * chromaScale
        blueCb = 2 * (1 - kb) * chromaScale
        greenCb = -2 * (1 - kb) * kb / kg * chromaScale
        greenCr = -2 * (1 - kr) * kr / kg * chromaScale
    }

    /// Red, green and blue of Y′, Cb, Cr codes.
    @inline(__always) package func rgb(y: Float, cb: Float, cr: Float) -> (Float, Float, Float) {
        let light = (y - lumaOffset) * lumaScale
        let (b, r) = (cb - 128, cr - 128)
        return (
            Self.clamp(light + redCr * r), Self.clamp(light + greenCb * b + greenCr * r), Self.clamp(light + blueCb * b)
        )
    }

    /// The same of eight samples at once.
    @inline(__always) func rgb(
        y: SIMD8<Float>, cb: SIMD8<Float>, cr: SIMD8<Float>
    ) -> (SIMD8<Float>, SIMD8<Float>, SIMD8<Float>) {
        let light = (y - lumaOffset) * lumaScale
        let (b, r) = (cb - 128, cr - 128)
        return (
            (light + redCr * r).clamped(to: 255), (light + greenCb * b + greenCr * r).clamped(to: 255),
            (light + blueCb * b).clamped(to: 255)
        )
    }

    /// Full-range luma of a Y′ code.
    @inline(__always) package func light(_ y: Float) -> Float { Self.clamp((y - lumaOffset) * lumaScale) }

    @inline(__always) private static func clamp(_ code: Float) -> Float { max(min(code, 255), 0) }
}
