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
    /// have it. Image space has centres at +0.5; subtract that first where it matters.
    package func sample(
        _ grid: SamplingGrid, width targetWidth: Int, height targetHeight: Int, border: Border, low: Float, high: Float
    ) -> [Float] {
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let scale = (high - low) / 255
        return [Float](unsafeUninitializedCapacity: targetWidth * targetHeight * 3) { target, count in
            luma.withUnsafeBufferPointer { y in
                cb.withUnsafeBufferPointer { u in
                    cr.withUnsafeBufferPointer { v in
                        var at = 0
                        for row in 0..<targetHeight {
                            for column in 0..<targetWidth {
                                let p = grid.origin + Float(column) * grid.right + Float(row) * grid.down
                                var rgb = SIMD3<Float>.zero
                                if border == .replicate || inside(p) {
                                    rgb = decoder.rgb(bilinear(y, u, v, p))
                                }
                                target[at] = low + scale * rgb.x
                                target[at + 1] = low + scale * rgb.y
                                target[at + 2] = low + scale * rgb.z
                                at += 3
                            }
                        }
                    }
                }
            }
            count = targetWidth * targetHeight * 3
        }
    }

    /// Pixels `x ..< x + width`, `y ..< y + height` as RGB; beyond the edge the picture is replicated.
    package func crop(x originX: Int, y originY: Int, width targetWidth: Int, height targetHeight: Int) -> Image {
        let decoder = YUVDecoder(coefficients: coefficients, fullRange: fullRange)
        let bytes = [UInt8](unsafeUninitializedCapacity: targetWidth * targetHeight * 3) { target, count in
            luma.withUnsafeBufferPointer { luma in
                cb.withUnsafeBufferPointer { u in
                    cr.withUnsafeBufferPointer { v in
                        var at = 0
                        for row in 0..<targetHeight {
                            let y = min(max(originY + row, 0), height - 1)
                            for column in 0..<targetWidth {
                                let x = min(max(originX + column, 0), width - 1)
                                let chroma = bilinearChroma(u, v, SIMD2(Float(x), Float(y)))
                                let rgb = decoder.rgb(SIMD3(Float(luma[y * width + x]), chroma.x, chroma.y))
                                target[at] = UInt8(rgb.x + 0.5)
                                target[at + 1] = UInt8(rgb.y + 0.5)
                                target[at + 2] = UInt8(rgb.z + 0.5)
                                at += 3
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

    @inline(__always) private func inside(_ p: SIMD2<Float>) -> Bool {
        p.x >= 0 && p.y >= 0 && p.x <= Float(width - 1) && p.y <= Float(height - 1)
    }

    @inline(__always) private func bilinear(
        _ luma: UnsafeBufferPointer<UInt8>, _ u: UnsafeBufferPointer<UInt8>, _ v: UnsafeBufferPointer<UInt8>,
        _ p: SIMD2<Float>
    ) -> SIMD3<Float> {
        let x = min(max(p.x, 0), Float(width - 1))
        let y = min(max(p.y, 0), Float(height - 1))
        let (x0, y0) = (Int(x), Int(y))
        let (fx, fy) = (x - Float(x0), y - Float(y0))
        let (x1, y1) = (min(x0 + 1, width - 1), min(y0 + 1, height - 1))
        let top = Float(luma[y0 * width + x0]) * (1 - fx) + Float(luma[y0 * width + x1]) * fx
        let bottom = Float(luma[y1 * width + x0]) * (1 - fx) + Float(luma[y1 * width + x1]) * fx
        let chroma = bilinearChroma(u, v, SIMD2(x, y))
        return SIMD3(top + (bottom - top) * fy, chroma.x, chroma.y)
    }

    /// Chroma at a luma pixel number; samples sit in the middle of their block.
    @inline(__always) private func bilinearChroma(
        _ u: UnsafeBufferPointer<UInt8>, _ v: UnsafeBufferPointer<UInt8>, _ p: SIMD2<Float>
    ) -> SIMD2<Float> {
        let (w, h) = (chromaWidth, chromaHeight)
        let cx = (p.x + 0.5) / Float(1 << chromaShiftX) - 0.5
        let cy = (p.y + 0.5) / Float(1 << chromaShiftY) - 0.5
        let x = min(max(cx, 0), Float(w - 1))
        let y = min(max(cy, 0), Float(h - 1))
        let (x0, y0) = (Int(x), Int(y))
        let (fx, fy) = (x - Float(x0), y - Float(y0))
        let (x1, y1) = (min(x0 + 1, w - 1), min(y0 + 1, h - 1))
        let (a, b, c, d) = (y0 * w + x0, y0 * w + x1, y1 * w + x0, y1 * w + x1)
        let wa = (1 - fx) * (1 - fy)
        let wb = fx * (1 - fy)
        let wc = (1 - fx) * fy
        let wd = fx * fy
        return SIMD2(
            wa * Float(u[a]) + wb * Float(u[b]) + wc * Float(u[c]) + wd * Float(u[d]),
            wa * Float(v[a]) + wb * Float(v[b]) + wc * Float(v[c]) + wd * Float(v[d]))
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

    /// - Parameter yuv: Y′, Cb, Cr codes.
    @inline(__always) package func rgb(_ yuv: SIMD3<Float>) -> SIMD3<Float> {
        let y = (yuv.x - lumaOffset) * lumaScale
        let (cb, cr) = (yuv.y - 128, yuv.z - 128)
        let rgb = SIMD3(y + redCr * cr, y + greenCb * cb + greenCr * cr, y + blueCb * cb)
        return rgb.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
    }
}
