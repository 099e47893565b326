extension YUVImage {
    /// Turned clockwise by `quarterTurns` × 90°.
    package func rotated(quarterTurns: Int) -> YUVImage {
        let turns = ((quarterTurns % 4) + 4) % 4
        guard turns != 0 else { return self }
        let swaps = turns % 2 == 1
        return YUVImage(
            width: swaps ? height : width, height: swaps ? width : height,
            chromaShiftX: swaps ? chromaShiftY : chromaShiftX, chromaShiftY: swaps ? chromaShiftX : chromaShiftY,
            coefficients: coefficients, fullRange: fullRange,
            luma: Self.rotate(luma, width: width, height: height, turns: turns),
            cb: Self.rotate(cb, width: chromaWidth, height: chromaHeight, turns: turns),
            cr: Self.rotate(cr, width: chromaWidth, height: chromaHeight, turns: turns))
    }

    /// Left and right exchanged.
    package func flipped() -> YUVImage {
        YUVImage(
            width: width, height: height, chromaShiftX: chromaShiftX, chromaShiftY: chromaShiftY,
            coefficients: coefficients, fullRange: fullRange, luma: Self.flip(luma, width: width),
            cb: Self.flip(cb, width: chromaWidth), cr: Self.flip(cr, width: chromaWidth))
    }

    private static func rotate(_ plane: [UInt8], width: Int, height: Int, turns: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: plane.count)
        plane.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                for y in 0..<height {
                    for x in 0..<width {
                        let at =
                            switch turns {
                            case 1: x * height + (height - 1 - y)
                            case 2: (height - 1 - y) * width + (width - 1 - x)
                            default: (width - 1 - x) * height + y
                            }
                        target[at] = source[y * width + x]
                    }
                }
            }
        }
        return result
    }

    private static func flip(_ plane: [UInt8], width: Int) -> [UInt8] {
        var result = plane
        for row in stride(from: 0, to: plane.count, by: width) { result[row..<row + width].reverse() }
        return result
    }
}
