import Tensors
import Testing

@Suite struct YUVSamplingTests {
    private static func flat(
        _ code: (UInt8, UInt8, UInt8), _ coefficients: YUVImage.Coefficients, fullRange: Bool = false
    ) -> YUVImage {
        YUVImage(
            width: 6, height: 4, chromaShiftX: 1, chromaShiftY: 1, coefficients: coefficients, fullRange: fullRange,
            luma: [UInt8](repeating: code.0, count: 24), cb: [UInt8](repeating: code.1, count: 6),
            cr: [UInt8](repeating: code.2, count: 6))
    }

    /// Truth: the 100 % colour bars of ITU-R BT.601, BT.709 and BT.2020 in 8 bits; JFIF's for full range.
    @Test func coloursAreThoseOfTheStandards() {
        let cases: [(YUVImage, [Int])] = [
            (Self.flat((81, 90, 240), .bt601), [255, 0, 0]), (Self.flat((145, 54, 34), .bt601), [0, 255, 0]),
            (Self.flat((41, 240, 110), .bt601), [0, 0, 255]), (Self.flat((63, 102, 240), .bt709), [255, 0, 0]),
            (Self.flat((173, 42, 26), .bt709), [0, 255, 0]), (Self.flat((32, 240, 118), .bt709), [0, 0, 255]),
            (Self.flat((74, 97, 240), .bt2020), [255, 0, 0]), (Self.flat((235, 128, 128), .bt709), [255, 255, 255]),
            (Self.flat((16, 128, 128), .bt601), [0, 0, 0]),
            (Self.flat((76, 85, 255), .bt601, fullRange: true), [254, 0, 0]),
        ]
        for (image, colour) in cases {
            let pixel = image.crop(x: 2, y: 1, width: 1, height: 1).bytes.map(Int.init)
            for (a, b) in zip(pixel, colour) { #expect(abs(a - b) <= 2, "\(pixel) for \(colour)") }
        }
    }

    /// A picture whose planes are linear in x and y.
    private static func ramp(width: Int, height: Int, shiftX: Int, shiftY: Int) -> YUVImage {
        let (cw, ch) = ((width + (1 << shiftX) - 1) >> shiftX, (height + (1 << shiftY) - 1) >> shiftY)
        return YUVImage(
            width: width, height: height, chromaShiftX: shiftX, chromaShiftY: shiftY, coefficients: .bt709,
            fullRange: true, luma: (0..<width * height).map { UInt8(40 + 2 * ($0 % width) + 3 * ($0 / width)) },
            cb: (0..<cw * ch).map { UInt8(126 + ($0 % cw)) }, cr: (0..<cw * ch).map { UInt8(124 + ($0 / cw)) })
    }

    /// Truth: bilinear interpolation is exact on a linear picture.
    @Test(arguments: [(1, 1), (1, 0), (0, 0)])
    func samplesOfALinearPictureAreExact(shiftX: Int, shiftY: Int) {
        let image = Self.ramp(width: 32, height: 24, shiftX: shiftX, shiftY: shiftY)
        let grid = SamplingGrid(origin: [6.3, 5.1], right: [0.7, 0.2], down: [-0.3, 0.9])
        let samples = image.sample(grid, width: 9, height: 7, border: .replicate, low: 0, high: 255)
        for row in 0..<7 {
            for column in 0..<9 {
                let p = grid.origin + Float(column) * grid.right + Float(row) * grid.down
                let y = 40 + 2 * p.x + 3 * p.y
                let cb = 126 + (p.x + 0.5) / Float(1 << shiftX) - 0.5 - 128
                let cr = 124 + (p.y + 0.5) / Float(1 << shiftY) - 0.5 - 128
                let rgb = [y + 1.5748 * cr, y - 0.187324 * cb - 0.468124 * cr, y + 1.8556 * cb]
                for k in 0..<3 { #expect(abs(samples[(row * 9 + column) * 3 + k] - rgb[k]) < 0.01) }
            }
        }
    }

    /// Truth: the linear picture again; of a coarse grid only luma is interpolated, and chroma is off by half a sample.
    @Test func coarseGridsTakeTheNearestChroma() {
        let image = Self.ramp(width: 40, height: 30, shiftX: 1, shiftY: 1)
        let grid = SamplingGrid(origin: [3.3, 2.1], right: [2.6, 0.4], down: [-0.4, 2.6])
        let samples = image.sample(grid, width: 17, height: 12, border: .replicate, low: 0, high: 255)
        for row in 0..<12 {
            for column in 0..<17 {
                let p = grid.origin + Float(column) * grid.right + Float(row) * grid.down
                guard p.x > 0, p.y > 0, p.x < 39, p.y < 29 else { continue }
                let luma = 40 + 2 * p.x + 3 * p.y
                let cr = 124 + ((p.y + 0.5) / 2 - 0.5).rounded() - 128
                #expect(abs(samples[(row * 17 + column) * 3] - luma - 1.5748 * cr) < 1.6)
            }
        }
    }

    /// Truth: a grid on the pixels themselves gives the crop, also beyond the edges; odd sizes included.
    @Test func aGridOnThePixelsIsTheCrop() {
        let image = Self.ramp(width: 15, height: 11, shiftX: 1, shiftY: 1)
        let crop = image.crop(x: -3, y: -2, width: 22, height: 16)
        let grid = SamplingGrid(origin: [-3, -2], right: [1, 0], down: [0, 1])
        let samples = image.sample(grid, width: 22, height: 16, border: .replicate, low: 0, high: 255)
        let worst = zip(crop.bytes, samples).map { abs(Float($0) - $1) }.max() ?? .infinity
        #expect(worst <= 0.51)
        #expect(image.rgb().bytes == image.crop(x: 0, y: 0, width: 15, height: 11).bytes)
    }

    /// Truth: the same samples worked out one by one. Positions well inside, on the edges and beyond; planes of odd size.
    @Test(arguments: [(15, 11, 1, 1), (16, 12, 1, 0), (9, 7, 0, 0), (2, 2, 1, 1), (1, 5, 1, 1), (3, 3, 1, 1)])
    func eightAtOnceAreTheSameAsOneByOne(width: Int, height: Int, shiftX: Int, shiftY: Int) {
        let (cw, ch) = ((width + (1 << shiftX) - 1) >> shiftX, (height + (1 << shiftY) - 1) >> shiftY)
        func noise(_ count: Int, _ seed: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: ($0 + 1) &* (7919 &+ 2 &* seed) >> 3) }
        }
        let image = YUVImage(
            width: width, height: height, chromaShiftX: shiftX, chromaShiftY: shiftY, coefficients: .bt709,
            fullRange: false, luma: noise(width * height, 1), cb: noise(cw * ch, 2), cr: noise(cw * ch, 3))
        let grids = [
            SamplingGrid(origin: [-2, -1], right: [1, 0], down: [0, 1]),
            SamplingGrid(origin: [-1.3, 2.2], right: [0.61, 0.24], down: [-0.31, 0.57]),
            SamplingGrid(origin: [0.5, 0.5], right: [0.5, 0], down: [0, 0.5]),
        ]
        for grid in grids {
            for border in [Border.black, .replicate] {
                let fast = image.sample(grid, width: 19, height: 13, border: border, low: -1, high: 1)
                let slow = [Float](unsafeUninitializedCapacity: fast.count) { memory, count in
                    count = fast.count
                    var span = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: memory[..<count]))
                    image.sampleSingly(
                        grid, width: 19, height: 13, border: border, low: -1, high: 1, into: &span)
                }
                let worst = zip(fast, slow).map { abs($0 - $1) }.max() ?? .infinity
                #expect(worst < 1e-5, "\(grid) \(border)")
            }
        }
    }

    @Test func outsideIsBlackWhereAsked() {
        let image = Self.flat((235, 128, 128), .bt709)
        let grid = SamplingGrid(origin: [-2, 1], right: [1, 0], down: [0, 1])
        let samples = image.sample(grid, width: 10, height: 1, border: .black, low: -1, high: 1)
        let red = stride(from: 0, to: 30, by: 3).map { samples[$0] }
        for (column, value) in red.enumerated() {
            #expect(abs(value - ((2..<8).contains(column) ? 1 : -1)) < 1e-3)
        }
    }

    /// Truth: block means, worked out here by the plain definition.
    @Test(arguments: [2, 3, 5])
    func shrinkingAverages(factor: Int) {
        let image = Self.ramp(width: 32, height: 24, shiftX: 1, shiftY: 1)
        let small = image.shrunk(by: factor)
        #expect(small.width == 32 / factor && small.height == 24 / factor)
        for y in 0..<small.height {
            for x in 0..<small.width {
                var sum = 0
                for j in 0..<factor {
                    for i in 0..<factor { sum += Int(image.luma[(y * factor + j) * 32 + x * factor + i]) }
                }
                let mean = Double(sum) / Double(factor * factor)
                #expect(abs(Double(small.luma[y * small.width + x]) - mean) <= 0.5)
            }
        }
    }

    /// Truth: the mean of a linear picture over a cell is its value in the middle (to the rounding to pixels).
    @Test func foldedLumaIsTheMeanOfTheCell() {
        let image = Self.ramp(width: 48, height: 24, shiftX: 1, shiftY: 1)
        let grid = SamplingGrid(origin: [8, 6], right: [4, 0], down: [0, 4])
        let luma = image.sampleLuma(grid, width: 6, height: 3, fold: 4)
        for row in 0..<3 {
            for column in 0..<6 {
                let p = grid.origin + Float(column) * grid.right + Float(row) * grid.down
                #expect(abs(luma[row * 6 + column] * 255 - (40 + 2 * p.x + 3 * p.y)) < 2.6)
            }
        }
    }

    /// Truth: a ramp, which stays the same ramp at any size.
    @Test(arguments: [(96, 54), (128, 72), (130, 71)]) func resizingKeepsARamp(size: (width: Int, height: Int)) {
        let luma = (0..<72 * 128).map { (i: Int) -> UInt8 in UInt8(20 + i % 128 + i / 128) }
        let grey = [UInt8](repeating: 77, count: 64 * 36)
        let image = YUVImage(
            width: 128, height: 72, chromaShiftX: 1, chromaShiftY: 1, coefficients: .bt709, fullRange: true,
            luma: luma, cb: grey, cr: grey)
        let resized = image.resized(width: size.width, height: size.height)
        #expect(resized.width == size.width && resized.height == size.height)
        #expect(resized.cb.allSatisfy { $0 == 77 })
        for y in 1..<size.height - 1 {
            for x in 1..<size.width - 1 {
                let across = (Double(x) + 0.5) * 128 / Double(size.width)
                let down = (Double(y) + 0.5) * 72 / Double(size.height)
                let expected = across + down + 19
                #expect(abs(Double(resized.luma[y * size.width + x]) - expected) < 1.1, "at \(x), \(y)")
            }
        }
    }
}
