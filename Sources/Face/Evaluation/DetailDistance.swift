internal import Foundation
internal import Tensors

/// How far the texture of one region is from that of another picture of it, as distributions: sliced Wasserstein distance
/// (Rabin et al. 2012) of the responses of a bank of Gaussian derivatives at four scales. The bank has nothing to do with the
/// network that textures are synthesized by.
package struct DetailDistance: Sendable {
    /// Gaussian σ, texels.
    private let scales: [Float]
    private static let directionCount = 96
    private let side: Int
    private let directions: [[Float]]

    package init(size: Int, scales: [Float] = [1, 2, 4, 8]) {
        side = size
        self.scales = scales
        var generator = SeededGenerator(seed: 11)
        directions = (0..<Self.directionCount).map { _ in
            let v = (0..<scales.count * 5).map { _ in Float(generator.normal(limit: 5)) }
            let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return v.map { $0 / length }
        }
    }

    /// Mean over directions of the 2-Wasserstein distance of projections, responses in units of the truth's own deviation.
    package func distance(_ values: [Float], truth: [Float], at texels: [Int]) -> Double {
        precondition(values.count == side * side && truth.count == side * side, "maps of \(side)²")
        guard texels.count > 100 else { return .nan }
        let (a, b) = (responses(values, texels), responses(truth, texels))
        let scale = b.map { row in
            let mean = row.reduce(0, +) / Float(row.count)
            return 1 / max((row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(row.count)).squareRoot(), 1e-6)
        }
        let found = directions.mapConcurrently { direction -> Double in
            func projected(_ rows: [[Float]]) -> [Float] {
                var sum = [Float](repeating: 0, count: texels.count)
                for (k, row) in rows.enumerated() {
                    let w = direction[k] * scale[k]
                    for i in row.indices { sum[i] += w * row[i] }
                }
                return sum.sorted()
            }
            let squares = zip(projected(a), projected(b)).reduce(0.0) {
                $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
            }
            return (squares / Double(texels.count)).squareRoot()
        }
        return found.reduce(0, +) / Double(found.count)
    }

    /// Per scale: the responses' standard deviation beside the truth's, mean over the filters: 1 where contrast is right.
    package func contrast(_ values: [Float], truth: [Float], at texels: [Int]) -> [Double] {
        func deviation(_ row: [Float]) -> Double {
            let mean = row.reduce(0, +) / Float(row.count)
            return Double((row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(row.count)).squareRoot())
        }
        let (a, b) = (responses(values, texels), responses(truth, texels))
        let ratios = zip(a, b).map { deviation($0) / max(deviation($1), 1e-9) }
        return scales.indices.map { k in ratios[5 * k..<5 * k + 5].reduce(0, +) / 5 }
    }

    /// Per filter the responses at the texels; only their surroundings are looked at.
    private func responses(_ values: [Float], _ texels: [Int]) -> [[Float]] {
        let reach = Int((3 * (scales.max() ?? 1)).rounded(.up))
        let (rows, columns) = (texels.map { $0 / side }, texels.map { $0 % side })
        let (top, left) = (max(rows.min()! - reach, 0), max(columns.min()! - reach, 0))
        let (height, width) = (min(rows.max()! + reach + 1, side) - top, min(columns.max()! + reach + 1, side) - left)
        let window = (top..<top + height).flatMap { values[$0 * side + left..<$0 * side + left + width] }
        let places = texels.map { ($0 / side - top) * width + $0 % side - left }
        return scales.mapConcurrently { sigma -> [[Float]] in
            let radius = Int((3 * sigma).rounded(.up))
            let x = (-radius...radius).map(Float.init)
            var g = x.map { expf(-$0 * $0 / (2 * sigma * sigma)) }
            let total = g.reduce(0, +)
            g = g.map { $0 / total }
            let first = zip(x, g).map { -$0 / sigma * $1 }
            let second = zip(x, g).map { ($0 * $0 / (sigma * sigma) - 1) * $1 }
            func convolved(_ values: [Float], _ kernel: [Float], vertical: Bool) -> [Float] {
                Self.convolved(values, kernel, width: width, height: height, vertical: vertical)
            }
            let rows = [g, first, second].map { convolved(window, $0, vertical: false) }
            return [(rows[1], g), (rows[0], first), (rows[2], g), (rows[0], second), (rows[1], first)].map {
                row, kernel in
                let full = convolved(row, kernel, vertical: true)
                return places.map { full[$0] }
            }
        }.flatMap { $0 }
    }

    private static func convolved(
        _ values: [Float], _ kernel: [Float], width: Int, height: Int, vertical: Bool
    ) -> [Float] {
        let radius = kernel.count / 2
        var result = [Float](repeating: 0, count: values.count)
        values.withUnsafeBufferPointer { values in
            result.withUnsafeMutableBufferPointer { result in
                for y in 0..<height {
                    if vertical {
                        for k in -radius...radius where y + k >= 0 && y + k < height {
                            let (w, from) = (kernel[k + radius], (y + k) * width)
                            for x in 0..<width { result[y * width + x] += w * values[from + x] }
                        }
                    } else {
                        for k in -radius...radius {
                            let w = kernel[k + radius]
                            for x in max(0, -k)..<max(min(width, width - k), max(0, -k)) {
                                result[y * width + x] += w * values[y * width + x + k]
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
