extension YUVImage {
    /// The picture at another size, bilinear: position p of this picture's image space is position
    /// p × new size / old size of the result's. Meant for sizes near or above this one's; much smaller ones alias.
    package func resized(width newWidth: Int, height newHeight: Int) -> YUVImage {
        precondition(newWidth > 0 && newHeight > 0, "\(width)×\(height) to \(newWidth)×\(newHeight)")
        if newWidth == width, newHeight == height { return self }
        let chroma = (
            (newWidth + (1 << chromaShiftX) - 1) >> chromaShiftX, (newHeight + (1 << chromaShiftY) - 1) >> chromaShiftY
        )
        return YUVImage(
            width: newWidth, height: newHeight, chromaShiftX: chromaShiftX, chromaShiftY: chromaShiftY,
            coefficients: coefficients, fullRange: fullRange,
            luma: Self.bilinear(luma, (width, height), (newWidth, newHeight)),
            cb: Self.bilinear(cb, (chromaWidth, chromaHeight), chroma),
            cr: Self.bilinear(cr, (chromaWidth, chromaHeight), chroma))
    }

    /// For each new position the two old ones it lies between, and the second one's weight of 256.
    private static func taps(_ old: Int, _ new: Int) -> [(Int, Int, UInt32)] {
        (0..<new).map { i in
            let at = max((Double(i) + 0.5) * Double(old) / Double(new) - 0.5, 0)
            let first = min(Int(at), old - 1)
            return (first, min(first + 1, old - 1), UInt32((at - Double(first)) * 256))
        }
    }

    private static func bilinear(_ plane: [UInt8], _ old: (Int, Int), _ new: (Int, Int)) -> [UInt8] {
        let (columns, rows) = (taps(old.0, new.0), taps(old.1, new.1))
        var mixed = [UInt32](repeating: 0, count: old.0)
        return [UInt8](unsafeUninitializedCapacity: new.0 * new.1) { target, count in
            plane.withUnsafeBufferPointer { plane in
                for (y, row) in rows.enumerated() {
                    // Rows first: sums of whole rows vectorize.
                    let (above, below) = (row.0 * old.0, row.1 * old.0)
                    for x in 0..<old.0 {
                        mixed[x] = UInt32(plane[above + x]) * (256 - row.2) + UInt32(plane[below + x]) * row.2
                    }
                    for (x, column) in columns.enumerated() {
                        let sum = mixed[column.0] * (256 - column.2) + mixed[column.1] * column.2
                        target[y * new.0 + x] = UInt8(truncatingIfNeeded: (sum + 32768) >> 16)
                    }
                }
            }
            count = new.0 * new.1
        }
    }
}
