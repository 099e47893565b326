import Tensors
import Testing

/// Truth: the 8-bit codes of the primaries that ITU-R BT.601 and BT.709 give, as every vectorscope marks them.
@Suite struct YUVConversionTests {
    @Test(arguments: [
        (YUVImage.Coefficients.bt601, false, [255, 0, 0], [81, 90, 240]),
        (.bt601, false, [0, 255, 0], [145, 54, 34]), (.bt601, false, [0, 0, 255], [41, 240, 110]),
        (.bt709, false, [255, 0, 0], [63, 102, 240]), (.bt709, false, [0, 255, 0], [173, 42, 26]),
        (.bt709, false, [0, 0, 255], [32, 240, 118]), (.bt709, false, [255, 255, 255], [235, 128, 128]),
        (.bt601, false, [0, 0, 0], [16, 128, 128]), (.bt601, true, [255, 0, 0], [76, 85, 255]),
        (.bt601, true, [0, 255, 0], [150, 44, 21]), (.bt601, true, [0, 0, 255], [29, 255, 107]),
        (.bt2020, false, [255, 0, 0], [74, 97, 240]),
    ])
    func primariesHaveTheStandardsCodes(
        coefficients: YUVImage.Coefficients, full: Bool, rgb: [UInt8], codes: [UInt8]
    ) {
        let image = Image(width: 1, height: 1, channels: 3, bytes: rgb)
        let yuv = YUVImage(rgb: image, coefficients: coefficients, fullRange: full, chromaShiftX: 0, chromaShiftY: 0)
        #expect([yuv.luma[0], yuv.cb[0], yuv.cr[0]] == codes)
    }

    /// 8-bit Y′CbCr holds fewer colours than RGB: at most two codes are lost, in either direction of the same standard.
    @Test(arguments: [YUVImage.Coefficients.bt601, .bt709, .bt2020], [false, true])
    func everyColourComesBack(coefficients: YUVImage.Coefficients, full: Bool) {
        var bytes: [UInt8] = []
        for r in stride(from: 0, through: 255, by: 17) {
            for g in stride(from: 0, through: 255, by: 17) {
                for b in stride(from: 0, through: 255, by: 17) { bytes += [UInt8(r), UInt8(g), UInt8(b)] }
            }
        }
        let image = Image(width: 64, height: 64, channels: 3, bytes: bytes)
        let back = YUVImage(rgb: image, coefficients: coefficients, fullRange: full, chromaShiftX: 0, chromaShiftY: 0)
            .rgb()
        let worst = zip(image.bytes, back.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 255
        #expect(worst <= 2)
    }

    @Test func oddSizesKeepAChromaSampleForTheLastColumn() {
        let image = Image(width: 5, height: 3, channels: 3, filledWith: 200)
        let yuv = YUVImage(rgb: image, coefficients: .bt709, fullRange: true, chromaShiftX: 1, chromaShiftY: 1)
        #expect(yuv.chromaWidth == 3 && yuv.chromaHeight == 2)
        #expect(yuv.rgb() == image)
    }
}
