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

    /// In tiles, so that the rows read and the rows written both stay in the cache.
    private static func rotate(_ plane: [UInt8], width: Int, height: Int, turns: Int) -> [UInt8] {
        if turns == 2 { return flip(plane, width: plane.count) }
        let tile = 32
        // Where the pixel (0, 0) goes, and how far the target moves for a step in x or y.
        let (start, stepX, stepY) = turns == 1 ? (height - 1, height, -1) : ((width - 1) * height, -height, 1)
        return [UInt8](unsafeUninitializedCapacity: plane.count) { buffer, count in
            plane.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let target = buffer.baseAddress else { return }
                for top in stride(from: 0, to: height, by: tile) {
                    for left in stride(from: 0, to: width, by: tile) {
                        // Along the target's rows: writes that jump cost more than reads that do.
                        for x in left..<min(left &+ tile, width) {
                            var at = start &+ x &* stepX &+ top &* stepY
                            var read = top &* width &+ x
                            for _ in top..<min(top &+ tile, height) {
                                target[at] = from[read]
                                at &+= stepY
                                read &+= width
                            }
                        }
                    }
                }
            }
            count = plane.count
        }
    }

    /// Eight bytes at a time.
    private static func flip(_ plane: [UInt8], width: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: plane.count) { buffer, count in
            plane.withUnsafeBytes { source in
                let target = UnsafeMutableRawBufferPointer(buffer)
                for row in stride(from: 0, to: source.count, by: width) {
                    var x = 0
                    while x &+ 8 <= width {
                        let eight = source.loadUnaligned(fromByteOffset: row &+ x, as: UInt64.self)
                        target.storeBytes(
                            of: eight.byteSwapped, toByteOffset: row &+ width &- x &- 8, as: UInt64.self)
                        x &+= 8
                    }
                    while x < width {
                        target[row &+ width &- 1 &- x] = source[row &+ x]
                        x &+= 1
                    }
                }
            }
            count = plane.count
        }
    }
}
