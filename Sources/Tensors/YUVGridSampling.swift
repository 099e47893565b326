extension YUVImage {
    /// `sample` into memory of that size. Eight columns are worked out at once; `sampleSingly` is the same in plain words,
    /// but for the chroma of grids with steps of two pixels and more, which here is the nearest.
    package func sample(
        _ grid: SamplingGrid, width targetWidth: Int, height targetHeight: Int, border: Border, low: Float, high: Float,
        into values: inout MutableSpan<Float>
    ) {
        precondition(
            values.count == targetWidth * targetHeight * 3,
            "\(targetWidth)×\(targetHeight) RGB samples into \(values.count) values")
        guard width > 1, height > 1, chromaWidth > 1, chromaHeight > 1 else {
            sampleSingly(
                grid, width: targetWidth, height: targetHeight, border: border, low: low, high: high, into: &values)
            return
        }
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let scale = (high - low) / 255
        let lumaPlane = Plane(width: width, height: height)
        let chromaPlane = Plane(width: chromaWidth, height: chromaHeight)
        let chromaScale = SIMD2(1 / Float(1 << chromaShiftX), 1 / Float(1 << chromaShiftY))
        let chromaOffset = chromaScale * 0.5 - 0.5
        // Chroma of half the resolution needs no interpolation where every other pixel is left out.
        let isCoarse = min((grid.right * grid.right).sum(), (grid.down * grid.down).sum()) >= 4
        let steps = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7)
        values.withUnsafeMutableBufferPointer { target in
            luma.withUnsafeBytes { y in
                cb.withUnsafeBytes { u in
                    cr.withUnsafeBytes { v in
                        for row in 0..<targetHeight {
                            let start = grid.origin + Float(row) * grid.down
                            for column in stride(from: 0, to: targetWidth, by: 8) {
                                let columns = steps + Float(column)
                                let px = start.x + columns * grid.right.x
                                let py = start.y + columns * grid.right.y
                                let qx = px.clamped(to: lumaPlane.limit.x)
                                let qy = py.clamped(to: lumaPlane.limit.y)
                                let cell = Cells(qx, qy, lumaPlane)
                                let cx = (qx * chromaScale.x + chromaOffset.x).clamped(to: chromaPlane.limit.x)
                                let cy = (qy * chromaScale.y + chromaOffset.y).clamped(to: chromaPlane.limit.y)
                                let (chromaB, chromaR): (SIMD8<Float>, SIMD8<Float>)
                                if isCoarse {
                                    let nearest = Nearest(cx, cy, chromaPlane)
                                    (chromaB, chromaR) = (nearest.values(u), nearest.values(v))
                                } else {
                                    let chroma = Cells(cx, cy, chromaPlane)
                                    (chromaB, chromaR) = (chroma.values(u), chroma.values(v))
                                }
                                var (r, g, b) = decoder.rgb(y: cell.values(y), cb: chromaB, cr: chromaR)
                                if border == .black {
                                    let outside = (px .!= qx) .| (py .!= qy)
                                    r.replace(with: 0, where: outside)
                                    g.replace(with: 0, where: outside)
                                    b.replace(with: 0, where: outside)
                                }
                                (r, g, b) = (low + scale * r, low + scale * g, low + scale * b)
                                let at = 3 * (row * targetWidth + column)
                                for k in 0..<min(8, targetWidth - column) {
                                    target[at + 3 * k] = r[k]
                                    target[at + 3 * k + 1] = g[k]
                                    target[at + 3 * k + 2] = b[k]
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// `sample` one by one: what the fast one is compared with, and for planes of a single row or column.
    package func sampleSingly(
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
}

/// Size of a plane of bytes.
private struct Plane {
    let stride: UInt32
    /// The last sample number in x and y.
    let limit: SIMD2<Float>

    init(width: Int, height: Int) {
        stride = UInt32(width)
        limit = SIMD2(Float(width - 1), Float(height - 1))
    }
}

/// Eight times four neighbouring samples of a plane of at least 2 × 2, and where a position lies between them.
private struct Cells {
    private let index: SIMD8<UInt32>
    private let stride: Int
    private let x: SIMD8<Float>
    private let y: SIMD8<Float>

    /// - Parameters:
    ///   - px, py: in sample numbers, within the plane.
    @inline(__always) init(_ px: SIMD8<Float>, _ py: SIMD8<Float>, _ plane: Plane) {
        // The last cell begins one before the last sample, and its weight may be 1.
        let left = Self.floor(px, below: plane.limit.x)
        let top = Self.floor(py, below: plane.limit.y)
        index = top.whole &* plane.stride &+ left.whole
        stride = Int(plane.stride)
        x = px - left.value
        y = py - top.value
    }

    /// The whole number below, or at an odd whole number the one before it; less than `limit`. `x` is in 0 ..< 2²².
    @inline(__always) private static func floor(
        _ x: SIMD8<Float>, below limit: Float
    ) -> (whole: SIMD8<UInt32>, value: SIMD8<Float>) {
        let least = x.replacing(with: limit - 0.5, where: x .> limit - 0.5)
        let shifted = least - 0.5 + 12_582_912
        return (unsafeBitCast(shifted, to: SIMD8<UInt32>.self) & 0x3F_FFFF, shifted - 12_582_912)
    }

    /// Bytes as floats: the exponent of 2²³ is put before them, and its value taken off.
    @inline(__always) static func float(_ code: SIMD8<UInt32>) -> SIMD8<Float> {
        unsafeBitCast(code | 0x4B00_0000, to: SIMD8<Float>.self) - 8_388_608
    }

    /// Two neighbours are one load of 16 bits.
    @inline(__always) func values(_ plane: UnsafeRawBufferPointer) -> SIMD8<Float> {
        var (upper, lower) = (SIMD8<UInt32>(), SIMD8<UInt32>())
        let start = plane.baseAddress!
        for k in 0..<8 {
            let at = start + Int(index[k])
            upper[k] = UInt32(UInt16(littleEndian: at.loadUnaligned(as: UInt16.self)))
            lower[k] = UInt32(UInt16(littleEndian: (at + stride).loadUnaligned(as: UInt16.self)))
        }
        let (a, b) = (Self.float(upper & 0xFF), Self.float(upper &>> 8))
        let (c, d) = (Self.float(lower & 0xFF), Self.float(lower &>> 8))
        let top = a + (b - a) * x
        let bottom = c + (d - c) * x
        return top + (bottom - top) * y
    }
}

/// The samples nearest to eight positions within a plane.
private struct Nearest {
    private let index: SIMD8<UInt32>

    @inline(__always) init(_ px: SIMD8<Float>, _ py: SIMD8<Float>, _ plane: Plane) {
        index = py.nearest &* plane.stride &+ px.nearest
    }

    @inline(__always) func values(_ plane: UnsafeRawBufferPointer) -> SIMD8<Float> {
        var codes = SIMD8<UInt32>()
        for k in 0..<8 { codes[k] = UInt32(plane[Int(index[k])]) }
        return Cells.float(codes)
    }
}

extension SIMD8<Float> {
    /// To 0 ... `limit`.
    @inline(__always) func clamped(to limit: Float) -> Self {
        // `pointwiseMin` works lane by lane.
        replacing(with: limit, where: self .> limit).replacing(with: 0, where: self .< 0)
    }

    /// The nearest whole numbers; of 0 ..< 2²².
    @inline(__always) var nearest: SIMD8<UInt32> {
        unsafeBitCast(self + 12_582_912, to: SIMD8<UInt32>.self) & 0x3F_FFFF
    }
}

/// Four neighbouring samples of a plane and where a position lies between them.
struct Cell {
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
