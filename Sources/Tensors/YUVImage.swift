/// A decoded picture as cameras and codecs give it: planar 8-bit Y′CbCr with its own matrix and range.
/// Chroma is centred per sample block (MPEG-1 siting): the half-pixel difference to left siting is ignored.
package struct YUVImage: Sendable, Equatable {
    package enum Coefficients: Sendable { case bt601, bt709, bt2020 }

    /// Luma size in pixels; upright, i.e. after the rotation metadata.
    package let width: Int
    package let height: Int
    /// log2 of the chroma subsampling: (1, 1) is 4:2:0, (1, 0) 4:2:2, (0, 0) 4:4:4.
    package let chromaShiftX: Int
    package let chromaShiftY: Int
    package let coefficients: Coefficients
    /// True for 0...255 ("PC"), false for 16...235/240 ("TV").
    package let fullRange: Bool
    /// `height × width`, no padding.
    package let luma: [UInt8]
    /// `chromaHeight × chromaWidth` each, no padding.
    package let cb: [UInt8]
    package let cr: [UInt8]

    package var chromaWidth: Int { (width + (1 << chromaShiftX) - 1) >> chromaShiftX }
    package var chromaHeight: Int { (height + (1 << chromaShiftY) - 1) >> chromaShiftY }

    package init(
        width: Int, height: Int, chromaShiftX: Int, chromaShiftY: Int, coefficients: Coefficients, fullRange: Bool,
        luma: [UInt8], cb: [UInt8], cr: [UInt8]
    ) {
        self.width = width
        self.height = height
        self.chromaShiftX = chromaShiftX
        self.chromaShiftY = chromaShiftY
        self.coefficients = coefficients
        self.fullRange = fullRange
        self.luma = luma
        self.cb = cb
        self.cr = cr
        precondition(
            luma.count == width * height && cb.count == chromaWidth * chromaHeight && cr.count == cb.count,
            "planes of \(luma.count), \(cb.count), \(cr.count) bytes for \(width)×\(height)")
    }

    /// Its luma alone.
    package var grey: YUVImage {
        let neutral = [UInt8](repeating: 128, count: cb.count)
        return YUVImage(
            width: width, height: height, chromaShiftX: chromaShiftX, chromaShiftY: chromaShiftY,
            coefficients: coefficients, fullRange: fullRange, luma: luma, cb: neutral, cr: neutral)
    }
}
