internal import Foundation
internal import Tensors

/// Pictures of four floats a pixel: linear RGB and a weight. Small operations the texture is made of.
struct Plane: Sendable {
    let width: Int
    let height: Int
    var pixels: [SIMD4<Float>]

    init(width: Int, height: Int, pixels: [SIMD4<Float>]) {
        precondition(pixels.count == width * height)
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    init(width: Int, height: Int) {
        self.init(
            width: width, height: height, pixels: [SIMD4<Float>](repeating: .zero, count: width * height))
    }

    /// An sRGB-coded RGB image in linear light, weight 1.
    init(linear image: Image) {
        precondition(image.channels == 3, "RGB needed, got \(image.channels) channels")
        self.init(width: image.width, height: image.height)
        let table = SRGB.linear
        image.bytes.withUnsafeBufferPointer { bytes in
            table.withUnsafeBufferPointer { table in
                for i in pixels.indices {
                    pixels[i] = SIMD4(
                        table[Int(bytes[3 * i])], table[Int(bytes[3 * i + 1])], table[Int(bytes[3 * i + 2])], 1)
                }
            }
        }
    }

    /// Means of 2 × 2 blocks (an odd last row or column is dropped).
    func halved() -> Plane {
        var half = Plane(width: max(width / 2, 1), height: max(height / 2, 1))
        guard width > 1, height > 1 else { return self }
        pixels.withUnsafeBufferPointer { from in
            for y in 0..<half.height {
                for x in 0..<half.width {
                    let at = 2 * y * width + 2 * x
                    half.pixels[y * half.width + x] =
                        (from[at] + from[at + 1] + from[at + width] + from[at + width + 1]) * 0.25
                }
            }
        }
        return half
    }

    /// Colours multiplied by their weight.
    func premultiplied() -> Plane {
        var result = self
        for i in result.pixels.indices {
            let w = pixels[i].w
            result.pixels[i] *= SIMD4(w, w, w, 1)
        }
        return result
    }

    /// Premultiplied colours divided by their weight; 0 where there is none.
    func normalized(minimum: Float = 1e-4) -> Plane {
        var result = self
        for i in result.pixels.indices {
            let w = pixels[i].w
            result.pixels[i] = w > minimum ? pixels[i] * SIMD4(1 / w, 1 / w, 1 / w, 1) : .zero
        }
        return result
    }

    /// Grows colours (not weights) into pixels of weight 0 by `rings` pixels, so that bilinear look-ups at the rim of
    /// what was seen do not meet black.
    func dilated(rings: Int) -> Plane {
        var result = self
        var known = pixels.map { $0.w > 0 }
        for _ in 0..<rings {
            var next = known
            let source = result.pixels
            for y in 0..<height {
                for x in 0..<width where !known[y * width + x] {
                    var sum = SIMD4<Float>.zero
                    var count: Float = 0
                    for v in max(y - 1, 0)...min(y + 1, height - 1) {
                        for u in max(x - 1, 0)...min(x + 1, width - 1) where known[v * width + u] {
                            sum += source[v * width + u]
                            count += 1
                        }
                    }
                    guard count > 0 else { continue }
                    sum /= count
                    sum.w = 0
                    result.pixels[y * width + x] = sum
                    next[y * width + x] = true
                }
            }
            known = next
        }
        return result
    }

    /// Bilinear value at (x, y), pixel centres at +0.5; clamps to the border.
    func bilinear(_ x: Float, _ y: Float) -> SIMD4<Float> {
        let u = min(max(x - 0.5, 0), Float(width - 1))
        let v = min(max(y - 0.5, 0), Float(height - 1))
        let (i, j) = (min(Int(u), max(width - 2, 0)), min(Int(v), max(height - 2, 0)))
        let (a, b) = (u - Float(i), v - Float(j))
        let (right, down) = (width > 1 ? 1 : 0, height > 1 ? width : 0)
        let at = j * width + i
        let top = pixels[at] + (pixels[at + right] - pixels[at]) * a
        let bottom = pixels[at + down] + (pixels[at + down + right] - pixels[at + down]) * a
        return top + (bottom - top) * b
    }

    /// One row of the picture enlarged by `factor`: row `y` of `factor × height`, bilinear, centres aligned.
    func enlargedRow(_ y: Int, factor: Int, into row: UnsafeMutableBufferPointer<SIMD4<Float>>) {
        let v = min(max((Float(y) + 0.5) / Float(factor) - 0.5, 0), Float(height - 1))
        let j = min(Int(v), max(height - 2, 0))
        let b = v - Float(j)
        let next = height > 1 ? width : 0
        pixels.withUnsafeBufferPointer { pixels in
            func column(_ i: Int) -> SIMD4<Float> {
                let p = pixels[j * width + i]
                return p + (pixels[j * width + i + next] - p) * b
            }
            let half = factor / 2
            var left = column(0)
            for x in 0..<half { row[x] = left }
            for i in 0..<width - 1 {
                let right = column(i + 1)
                let step = (right - left) / Float(factor)
                var value = left + step * (factor % 2 == 0 ? 0.5 : 0)
                let start = i * factor + half
                for x in start..<start + factor {
                    row[x] = value
                    value += step
                }
                left = right
            }
            for x in (width - 1) * factor + half..<width * factor { row[x] = left }
        }
    }
}

/// sRGB codes of linear light by a table over its square root, precise in the dark; local, for hot loops.
enum LightCode {
    static let codes: [UInt8] = (0...4095).map { index in
        let root = Float(index) / 4095
        return UInt8(SRGB.encode(root * root) * 255 + 0.5)
    }
}

/// Distance in pixels (chamfer, within 4 %) to the nearest marked pixel; up to `limit`.
func distances(to marked: [Bool], width: Int, height: Int, limit: Float) -> [Float] {
    precondition(marked.count == width * height)
    var field = marked.map { $0 ? Float(0) : limit }
    let diagonal: Float = 1.3507
    let straight: Float = 0.9619
    field.withUnsafeMutableBufferPointer { d in
        for y in 0..<height {
            for x in 0..<width {
                let at = y * width + x
                var best = d[at]
                if x > 0 { best = min(best, d[at - 1] + straight) }
                if y > 0 {
                    best = min(best, d[at - width] + straight)
                    if x > 0 { best = min(best, d[at - width - 1] + diagonal) }
                    if x + 1 < width { best = min(best, d[at - width + 1] + diagonal) }
                }
                d[at] = best
            }
        }
        for y in (0..<height).reversed() {
            for x in (0..<width).reversed() {
                let at = y * width + x
                var best = d[at]
                if x + 1 < width { best = min(best, d[at + 1] + straight) }
                if y + 1 < height {
                    best = min(best, d[at + width] + straight)
                    if x > 0 { best = min(best, d[at + width - 1] + diagonal) }
                    if x + 1 < width { best = min(best, d[at + width + 1] + diagonal) }
                }
                d[at] = best
            }
        }
    }
    return field
}
