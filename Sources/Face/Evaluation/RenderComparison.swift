internal import Foundation
package import Tensors

/// How alike two pictures are where it counts.
package struct RenderComparison: Sendable {
    /// Peak signal to noise over the mask's sRGB codes, decibels.
    package let peakSignalToNoise: Double
    /// Structural similarity of luma, mean over the mask (Wang, Bovik, Sheikh, Simoncelli 2004: Gaussian window of
    /// deviation 1.5, 11 across; windows see the mask only).
    package let structuralSimilarity: Double
    package let pixels: Int

    /// - Parameter mask: `width × height`; at least one `true`.
    package init(_ first: Image, _ second: Image, mask: [Bool]) {
        precondition(
            first.width == second.width && first.height == second.height && first.channels == 3
                && second.channels == 3 && mask.count == first.width * first.height, "pictures and mask must pair up")
        let inside = mask.indices.filter { mask[$0] }
        precondition(!inside.isEmpty, "an empty mask")
        var squares = 0.0
        for i in inside {
            for c in 0..<3 {
                let d = Double(first.bytes[3 * i + c]) - Double(second.bytes[3 * i + c])
                squares += d * d
            }
        }
        pixels = inside.count
        peakSignalToNoise = 10 * log10(255 * 255 / max(squares / Double(3 * inside.count), 1e-9))
        structuralSimilarity = Self.similarity(first, second, mask, inside)
    }

    private static func similarity(_ first: Image, _ second: Image, _ mask: [Bool], _ inside: [Int]) -> Double {
        func luma(_ image: Image) -> [Double] {
            (0..<image.width * image.height).map { i -> Double in
                let (r, g, b) = (image.bytes[3 * i], image.bytes[3 * i + 1], image.bytes[3 * i + 2])
                return 0.299 * Double(r) + 0.587 * Double(g) + 0.114 * Double(b)
            }
        }
        let (a, b) = (luma(first), luma(second))
        let (width, height) = (first.width, first.height)
        let bell: [Double] = (-5...5).map { exp(-Double($0 * $0) / 4.5) }
        let (c1, c2): (Double, Double) = (2.55 * 2.55, 7.65 * 7.65)
        let parts = stride(from: 0, to: inside.count, by: 2000).map { inside[$0..<min($0 + 2000, inside.count)] }
        let sums: [Double] = parts.mapConcurrently { (part: ArraySlice<Int>) -> Double in
            var total = 0.0
            for i in part {
                let (x, y) = (i % width, i / width)
                var (w, ma, mb, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                for v in max(y - 5, 0)...min(y + 5, height - 1) {
                    for u in max(x - 5, 0)...min(x + 5, width - 1) where mask[v * width + u] {
                        let k = bell[u - x + 5] * bell[v - y + 5]
                        let (p, q) = (a[v * width + u], b[v * width + u])
                        w += k
                        ma += k * p
                        mb += k * q
                        aa += k * p * p
                        bb += k * q * q
                        ab += k * p * q
                    }
                }
                (ma, mb) = (ma / w, mb / w)
                let (va, vb, covariance) = (aa / w - ma * ma, bb / w - mb * mb, ab / w - ma * mb)
                let above = (2 * ma * mb + c1) * (2 * covariance + c2)
                total += above / ((ma * ma + mb * mb + c1) * (va + vb + c2))
            }
            return total
        }
        return sums.reduce(0, +) / Double(inside.count)
    }
}
