extension YUVImage {
    /// An RGB picture as planar Y′CbCr of any matrix and range; chroma is the mean of its block (MPEG-1 siting).
    /// - Parameter image: `height × width × 3`.
    package init(rgb image: Image, coefficients: Coefficients, fullRange: Bool, chromaShiftX: Int, chromaShiftY: Int) {
        precondition(image.channels == 3, "RGB needs three channels, got \(image.channels)")
        let (width, height) = (image.width, image.height)
        let (blockWidth, blockHeight) = (1 << chromaShiftX, 1 << chromaShiftY)
        let (chromaWidth, chromaHeight) = (
            (width + blockWidth - 1) >> chromaShiftX, (height + blockHeight - 1) >> chromaShiftY
        )
        let (kr, kb) = coefficients.weights
        let kg = 1 - kr - kb
        let (lumaScale, lumaOffset): (Float, Float) = fullRange ? (1, 0.5) : (219 / 255, 16.5)
        let chromaScale: Float = fullRange ? 1 : 224 / 255
        let (cbScale, crScale) = (chromaScale / (2 * (1 - kb)), chromaScale / (2 * (1 - kr)))
        var luma = [UInt8](repeating: 0, count: width * height)
        var cb = [UInt8](repeating: 0, count: chromaWidth * chromaHeight)
        var cr = cb
        image.bytes.withUnsafeBufferPointer { rgb in
            for row in 0..<height {
                for column in 0..<width {
                    let at = row * width + column
                    let (r, g, b) = (Float(rgb[3 * at]), Float(rgb[3 * at + 1]), Float(rgb[3 * at + 2]))
                    luma[at] = UInt8((kr * r + kg * g + kb * b) * lumaScale + lumaOffset)
                }
            }
            for row in 0..<chromaHeight {
                for column in 0..<chromaWidth {
                    var sum = SIMD3<Float>.zero
                    var count: Float = 0
                    for y in row * blockHeight..<min((row + 1) * blockHeight, height) {
                        for x in column * blockWidth..<min((column + 1) * blockWidth, width) {
                            let at = 3 * (y * width + x)
                            sum += SIMD3(Float(rgb[at]), Float(rgb[at + 1]), Float(rgb[at + 2]))
                            count += 1
                        }
                    }
                    let mean = sum / count
                    let y = kr * mean.x + kg * mean.y + kb * mean.z
                    cb[row * chromaWidth + column] = Self.code((mean.z - y) * cbScale)
                    cr[row * chromaWidth + column] = Self.code((mean.x - y) * crScale)
                }
            }
        }
        self.init(
            width: width, height: height, chromaShiftX: chromaShiftX, chromaShiftY: chromaShiftY,
            coefficients: coefficients, fullRange: fullRange, luma: luma, cb: cb, cr: cr)
    }

    @inline(__always) private static func code(_ difference: Float) -> UInt8 {
        UInt8(min(max(difference + 128.5, 0), 255))
    }
}

extension YUVImage.Coefficients {
    /// What red and blue weigh in Y′ (ITU-R BT.601, BT.709, BT.2020); green is the rest.
    package var weights: (red: Float, blue: Float) {
        switch self {
        case .bt601: (0.299, 0.114)
        case .bt709: (0.2126, 0.0722)
        case .bt2020: (0.2627, 0.0593)
        }
    }
}
