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

    /// The same into memory of that size.
    package func sample(
        _ grid: SamplingGrid, width targetWidth: Int, height targetHeight: Int, border: Border, low: Float, high: Float,
        into values: inout MutableSpan<Float>
    ) {
        precondition(
            values.count == targetWidth * targetHeight * 3,
            "\(targetWidth)×\(targetHeight) RGB samples into \(values.count) values")
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let scale = (high - low) / 255
        let blackOutside = border == .black
        let limit = SIMD2(Float(width - 1), Float(height - 1))
        let chromaLimit = SIMD2(Float(chromaWidth - 1), Float(chromaHeight - 1))
        let chromaScale = SIMD2(1 / Float(1 << chromaShiftX), 1 / Float(1 << chromaShiftY))
        let chromaOffset = chromaScale * 0.5 - 0.5
        let (stride, chromaStride) = (width, chromaWidth)
        values.withUnsafeMutableBufferPointer { target in
            luma.withUnsafeBufferPointer { y in
                cb.withUnsafeBufferPointer { u in
                    cr.withUnsafeBufferPointer { v in
                        var at = 0
                        for row in 0..<targetHeight {
                            let start = grid.origin + Float(row) * grid.down
                            for column in 0..<targetWidth {
                                let p = start + Float(column) * grid.right
                                defer { at += 3 }
                                if blackOutside, p.x < 0 || p.y < 0 || p.x > limit.x || p.y > limit.y {
                                    target[at] = low
                                    target[at + 1] = low
                                    target[at + 2] = low
                                    continue
                                }
                                let q = pointwiseMax(pointwiseMin(p, limit), .zero)
                                let cell = Cell(q, limit: limit, stride: stride)
                                let chroma = Cell(
                                    q * chromaScale + chromaOffset, limit: chromaLimit, stride: chromaStride)
                                let rgb = decoder.rgb(y: cell.value(y), cb: chroma.value(u), cr: chroma.value(v))
                                target[at] = low + scale * rgb.0
                                target[at + 1] = low + scale * rgb.1
                                target[at + 2] = low + scale * rgb.2
                            }
                        }
                    }
                }
            }
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
        let stride = width
        let (right, down) = (grid.right / Float(fold), grid.down / Float(fold))
        // From the cell's middle to the middle of its first part.
        let first = (right + down) * (0.5 - Float(fold) / 2)
        let share = 1 / Float(fold * fold)
        return [Float](unsafeUninitializedCapacity: targetWidth * targetHeight) { target, count in
            luma.withUnsafeBufferPointer { luma in
                for row in 0..<targetHeight {
                    for column in 0..<targetWidth {
                        let corner = grid.origin + Float(row) * grid.down + Float(column) * grid.right + first
                        var sum: Int32 = 0
                        for j in 0..<fold {
                            var p = corner + Float(j) * down
                            for _ in 0..<fold {
                                let x = Cell.nearest(max(min(p.x, limit.x), 0))
                                let y = Cell.nearest(max(min(p.y, limit.y), 0))
                                sum &+= Int32(luma[y &* stride &+ x])
                                p += right
                            }
                        }
                        target[row * targetWidth + column] = decoder.light(Float(sum) * share) / 255
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
        let bytes = [UInt8](unsafeUninitializedCapacity: targetWidth * targetHeight * 3) { target, count in
            var (blendedCb, blendedCr) = ([Float](repeating: 0, count: chromaWidth), [Float]())
            blendedCr = blendedCb
            luma.withUnsafeBufferPointer { luma in
                cb.withUnsafeBufferPointer { u in
                    cr.withUnsafeBufferPointer { v in
                        columns.withUnsafeBufferPointer { columns in
                            var at = 0
                            for row in 0..<targetHeight {
                                let y = min(max(originY + row, 0), height - 1)
                                let rows = Neighbours(y, shift: chromaShiftY, count: chromaHeight)
                                let (upper, lower) = (rows.low * chromaWidth, rows.high * chromaWidth)
                                for c in used {
                                    blendedCb[c] = rows.blend(Float(u[upper + c]), Float(u[lower + c]))
                                    blendedCr[c] = rows.blend(Float(v[upper + c]), Float(v[lower + c]))
                                }
                                for column in 0..<targetWidth {
                                    let near = columns[column]
                                    let rgb = decoder.rgb(
                                        y: Float(luma[y * width + near.luma]),
                                        cb: near.blend(blendedCb[near.low], blendedCb[near.high]),
                                        cr: near.blend(blendedCr[near.low], blendedCr[near.high]))
                                    target[at] = UInt8(rgb.0 + 0.5)
                                    target[at + 1] = UInt8(rgb.1 + 0.5)
                                    target[at + 2] = UInt8(rgb.2 + 0.5)
                                    at += 3
                                }
                            }
                        }
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

/// Four neighbouring samples of a plane and where a position lies between them.
private struct Cell {
    private let index: Int
    private let right: Int
    private let below: Int
    private let x: Float
    private let y: Float

    /// - Parameters:
    ///   - at: in sample numbers; clamped to the plane here; finite.
    ///   - limit: the last sample number in x and y.
    @inline(__always) init(_ at: SIMD2<Float>, limit: SIMD2<Float>, stride: Int) {
        let px = max(min(at.x, limit.x), 0)
        let py = max(min(at.y, limit.y), 0)
        let (column, row) = (Self.floor(px), Self.floor(py))
        index = row.whole &* stride &+ column.whole
        right = column.value < limit.x ? 1 : 0
        below = row.value < limit.y ? stride : 0
        x = px - column.value
        y = py - row.value
    }

    /// The whole number nearest to `x` in 0 ..< 2²².
    @inline(__always) static func nearest(_ x: Float) -> Int { Int((x + 12_582_912).bitPattern & 0x3F_FFFF) }

    /// The whole number below, or at an odd whole number the one before it (its weight is then 1); without the range
    /// checks of `Int(_: Float)`, which cost a third of the time. `x` is in 0 ..< 2²².
    @inline(__always) private static func floor(_ x: Float) -> (whole: Int, value: Float) {
        let shifted = x - 0.5 + 12_582_912
        return (Int(shifted.bitPattern & 0x3F_FFFF), shifted - 12_582_912)
    }

    @inline(__always) func value(_ plane: UnsafeBufferPointer<UInt8>) -> Float {
        let (a, b) = (Float(plane[index]), Float(plane[index &+ right]))
        let (c, d) = (Float(plane[index &+ below]), Float(plane[index &+ below &+ right]))
        let top = a + (b - a) * x
        let bottom = c + (d - c) * x
        return top + (bottom - top) * y
    }
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

    /// Full-range luma of a Y′ code.
    @inline(__always) package func light(_ y: Float) -> Float { Self.clamp((y - lumaOffset) * lumaScale) }

    @inline(__always) private static func clamp(_ code: Float) -> Float { max(min(code, 255), 0) }
}
