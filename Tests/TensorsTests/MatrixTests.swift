import Tensors
import Testing

@Suite struct MatrixTests {
    /// Truth: the naive triple loop.
    @Test(arguments: [(1, 1, 1), (3, 5, 2), (7, 4, 9)])
    func productIsTheTripleLoop(m: Int, k: Int, n: Int) {
        let a = Matrix(rows: m, columns: k, values: (0..<m * k).map { Double(($0 * 7) % 11) - 5 })
        let b = Matrix(rows: k, columns: n, values: (0..<k * n).map { Double(($0 * 5) % 13) - 6 })
        var truth = Matrix(rows: m, columns: n)
        for i in 0..<m { for j in 0..<n { for l in 0..<k { truth[i, j] += a[i, l] * b[l, j] } } }
        #expect(a.times(b) == truth)
        #expect(a.transpose.times(b, transposed: true) == truth)
        #expect(a.times(b.transpose, otherTransposed: true) == truth)
    }

    @Test(arguments: [(1, 1), (9, 4), (3, 6)]) func gramIsTheProductWithItself(rows: Int, columns: Int) {
        let a = Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { Double(($0 * 7) % 11) - 5 })
        #expect(a.gram() == a.times(a, transposed: true))
        let block = a.block(rows: 0..<1, columns: columns - 1..<columns)
        #expect(block.values == [a[0, columns - 1]] && block.rows == 1)
    }

    /// Truth: an inverse problem with a known answer.
    @Test func choleskySolves() throws {
        let a = Matrix(rows: 2, columns: 2, values: [4, 1, 1, 3])
        let x = try #require(a.choleskySolve([1, 2]))
        #expect(abs(x[0] - 1.0 / 11) < 1e-12 && abs(x[1] - 7.0 / 11) < 1e-12)
        #expect(Matrix(rows: 2, columns: 2, values: [1, 2, 2, 1]).choleskySolve([1, 1]) == nil)
    }

    @Test func eigenvectorsRebuildTheMatrix() throws {
        let a = Matrix(rows: 3, columns: 3, values: [2, 1, 0, 1, 3, 1, 0, 1, 4])
        let eigen = try #require(a.symmetricEigen())
        var scaled = eigen.vectors
        for r in 0..<3 { for c in 0..<3 { scaled[r, c] *= eigen.values[c] } }
        let back = scaled.times(eigen.vectors, otherTransposed: true)
        for (x, y) in zip(back.values, a.values) { #expect(abs(x - y) < 1e-12) }
    }
}

@Suite struct PNGTests {
    @Test(arguments: [1, 3, 4]) func roundTrip(channels: Int) throws {
        let image = Image(
            width: 5, height: 3, channels: channels, bytes: (0..<15 * channels).map { UInt8(($0 * 37) % 256) })
        #expect(try Image(png: image.png(), channels: channels) == image)
    }

    @Test func aLargePictureReadsBack() throws {
        let bytes: [UInt8] = (0..<700 * 500 * 3).map { (i: Int) -> UInt8 in
            UInt8(truncatingIfNeeded: (i &* 40_503) >> 7)
        }
        let image = Image(width: 700, height: 500, channels: 3, bytes: bytes)
        #expect(try Image(png: image.png(), channels: 3) == image)
    }

    @Test func damagedFileIsAnError() throws {
        let file = try Image(width: 8, height: 8, channels: 3, filledWith: 9).png()
        #expect(throws: PNGError.self) { try Image(png: Array(file.prefix(file.count / 2)), channels: 3) }
        #expect(throws: PNGError.self) { try Image(png: [], channels: 3) }
    }

    /// A million by a million pixels under a right checksum: refused before memory is asked for.
    @Test func aSizeThatNobodyHasIsRefused() throws {
        var file = try Image(width: 8, height: 8, channels: 3, filledWith: 9).png()
        file.replaceSubrange(16..<24, with: [0, 0x0F, 0x42, 0x40, 0, 0x0F, 0x42, 0x40])
        file.replaceSubrange(29..<33, with: Self.checksum(file[12..<29]))
        let error = #expect(throws: PNGError.self) { try Image(png: file, channels: 3) }
        #expect(error?.reason == "1000000 × 1000000 pixels")
    }

    /// CRC-32 of a chunk (PNG specification, appendix D), most significant byte first.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : 0xEDB8_8320 ^ crc >> 1 }
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~crc >> UInt32($0)) }
    }
}
