internal import Tensors

extension Plane {
    /// Three box filters of radius `radius` along rows and columns: close to a Gaussian of σ ≈ radius + ½. Outside is 0,
    /// so a picture premultiplied by its weight keeps its mean after `normalized()`.
    func blurred(radius: Int, passes: Int = 3) -> Plane {
        guard radius > 0 else { return self }
        var result = self
        result.pixels.withUnsafeMutableBufferPointer { buffer in
            // Each strip reads and writes its own lines only.
            nonisolated(unsafe) let pixels = buffer
            let (width, height) = (width, height)
            _ = Self.strips(of: height, length: width, multiple: 1).mapConcurrently { rows in
                var boxes = Boxes<SIMD4<Float>>(length: width, radius: radius, passes: passes)
                for y in rows {
                    boxes.filter {
                        pixels[y * width + $0]
                    } write: {
                        pixels[y * width + $0] = $1
                    }
                }
            }
            // Four columns at a time: so many lie in a cache line.
            let whole = width / 4 * 4
            _ = Self.strips(of: whole, length: height, multiple: 4).mapConcurrently { columns in
                var boxes = Boxes<SIMD16<Float>>(length: height, radius: radius, passes: passes)
                for x in stride(from: columns.lowerBound, to: columns.upperBound, by: 4) {
                    boxes.filter { y in
                        let at = y * width + x
                        return SIMD16(
                            lowHalf: SIMD8(lowHalf: pixels[at], highHalf: pixels[at + 1]),
                            highHalf: SIMD8(lowHalf: pixels[at + 2], highHalf: pixels[at + 3]))
                    } write: { y, value in
                        let at = y * width + x
                        (pixels[at], pixels[at + 1]) = (value.lowHalf.lowHalf, value.lowHalf.highHalf)
                        (pixels[at + 2], pixels[at + 3]) = (value.highHalf.lowHalf, value.highHalf.highHalf)
                    }
                }
            }
            var boxes = Boxes<SIMD4<Float>>(length: height, radius: radius, passes: passes)
            for x in whole..<width {
                boxes.filter {
                    pixels[$0 * width + x]
                } write: {
                    pixels[$0 * width + x] = $1
                }
            }
        }
        return result
    }

    /// Lines in strips that are worth a thread each.
    private static func strips(of count: Int, length: Int, multiple: Int) -> [Range<Int>] {
        let least = max(fewest / max(length, 1), 1)
        let step = (least + multiple - 1) / multiple * multiple
        return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
    }

    private static let fewest = 1 << 15
}

/// Box filters one after the other over a line of vectors, each with running sums.
private struct Boxes<Vector: SIMD> where Vector.Scalar == Float {
    private let radius: Int
    private let passes: Int
    private var line: [Vector]
    private var output: [Vector]

    init(length: Int, radius: Int, passes: Int) {
        self.radius = radius
        self.passes = passes
        line = [Vector](repeating: .zero, count: length)
        output = line
    }

    @inline(__always)
    mutating func filter(read: (Int) -> Vector, write: (Int, Vector) -> Void) {
        let (length, scale) = (line.count, 1 / Float(2 * radius + 1))
        for i in 0..<length { line[i] = read(i) }
        for _ in 0..<passes {
            line.withUnsafeBufferPointer { line in
                output.withUnsafeMutableBufferPointer { output in
                    var sum = Vector.zero
                    for i in 0..<min(radius, length) { sum += line[i] }
                    for i in 0..<length {
                        if i + radius < length { sum += line[i + radius] }
                        output[i] = sum * scale
                        if i - radius >= 0 { sum -= line[i - radius] }
                    }
                }
            }
            swap(&line, &output)
        }
        for i in 0..<length { write(i, line[i]) }
    }
}
