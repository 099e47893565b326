extension YUVImage {
    /// The picture with each `factor` × `factor` block averaged; a remainder at the right and bottom is left out.
    /// Position p of this picture's image space is position p / factor of the result's.
    package func shrunk(by factor: Int) -> YUVImage {
        precondition(factor >= 1 && factor <= min(width, height), "\(width)×\(height) shrunk by \(factor)")
        guard factor > 1 else { return self }
        let (newWidth, newHeight) = (width / factor, height / factor)
        let newChromaWidth = (newWidth + (1 << chromaShiftX) - 1) >> chromaShiftX
        let newChromaHeight = (newHeight + (1 << chromaShiftY) - 1) >> chromaShiftY
        return YUVImage(
            width: newWidth, height: newHeight, chromaShiftX: chromaShiftX, chromaShiftY: chromaShiftY,
            coefficients: coefficients, fullRange: fullRange,
            luma: Self.blockMeans(luma, width, height, factor, newWidth, newHeight),
            cb: Self.blockMeans(cb, chromaWidth, chromaHeight, factor, newChromaWidth, newChromaHeight),
            cr: Self.blockMeans(cr, chromaWidth, chromaHeight, factor, newChromaWidth, newChromaHeight))
    }

    /// Blocks that reach over the edge average what lies inside.
    private static func blockMeans(
        _ plane: [UInt8], _ width: Int, _ height: Int, _ factor: Int, _ newWidth: Int, _ newHeight: Int
    ) -> [UInt8] {
        // Columns first: additions of whole rows vectorize.
        var sums = [UInt16](repeating: 0, count: width)
        return [UInt8](unsafeUninitializedCapacity: newWidth * newHeight) { target, count in
            plane.withUnsafeBufferPointer { plane in
                sums.withUnsafeMutableBufferPointer { sums in
                    for j in 0..<newHeight {
                        let firstRow = min(j * factor, height - 1)
                        // 257 rows of 255 fill 16 bits; a larger factor skips what is below.
                        let rows = firstRow..<min(firstRow + min(factor, 257), height)
                        sums.update(repeating: 0)
                        for row in rows {
                            for x in 0..<width { sums[x] &+= UInt16(plane[row &* width &+ x]) }
                        }
                        for i in 0..<newWidth {
                            let first = min(i * factor, width - 1)
                            let columns = first..<min(first + factor, width)
                            var sum: UInt32 = 0
                            for x in columns { sum &+= UInt32(sums[x]) }
                            let area = UInt32(rows.count * columns.count)
                            target[j * newWidth + i] = UInt8(truncatingIfNeeded: (sum &+ area / 2) / area)
                        }
                    }
                }
            }
            count = newWidth * newHeight
        }
    }
}
