import Tensors
import Testing

/// Truth: the definition, pixel by pixel; sizes that no tile divides.
@Suite struct YUVOrientationTests {
    private static let width = 71
    private static let height = 45
    private static let image = YUVImage(
        width: width, height: height, chromaShiftX: 1, chromaShiftY: 0, coefficients: .bt601, fullRange: false,
        luma: (0..<71 * 45).map { UInt8($0 * 7919 % 251) }, cb: (0..<36 * 45).map { UInt8($0 * 104_729 % 241) },
        cr: (0..<36 * 45).map { UInt8($0 * 1299 % 239) })

    @Test(arguments: [1, 2, 3, 5, -1]) func turnedClockwise(turns: Int) {
        let (w, h) = (Self.width, Self.height)
        let turned = Self.image.rotated(quarterTurns: turns)
        let swaps = turns % 2 != 0
        #expect(turned.width == (swaps ? h : w) && turned.height == (swaps ? w : h))
        #expect(turned.chromaShiftX == (swaps ? 0 : 1) && turned.chromaShiftY == (swaps ? 1 : 0))
        func check(_ plane: [UInt8], _ from: [UInt8], _ w: Int, _ h: Int) -> Bool {
            (0..<w * h).allSatisfy { i in
                let (x, y) = (i % w, i / w)
                return switch (turns + 4) % 4 {
                case 1: plane[x * h + (h - 1 - y)] == from[i]
                case 2: plane[(h - 1 - y) * w + (w - 1 - x)] == from[i]
                default: plane[(w - 1 - x) * h + y] == from[i]
                }
            }
        }
        #expect(check(turned.luma, Self.image.luma, w, h))
        #expect(check(turned.cb, Self.image.cb, 36, h) && check(turned.cr, Self.image.cr, 36, h))
    }

    @Test func fourQuartersAreNone() {
        #expect(Self.image.rotated(quarterTurns: 1).rotated(quarterTurns: 3) == Self.image)
        #expect(Self.image.rotated(quarterTurns: 4) == Self.image)
    }

    @Test func flippedExchangesLeftAndRight() {
        let flipped = Self.image.flipped()
        #expect(flipped.luma[0] == Self.image.luma[70] && flipped.luma[71 + 3] == Self.image.luma[71 + 67])
        #expect(flipped.cb[36 + 1] == Self.image.cb[36 + 34])
        #expect(flipped.flipped() == Self.image && flipped != Self.image)
    }
}
