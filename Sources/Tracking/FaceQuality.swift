internal import Foundation
package import Tensors

/// How well a face can be seen, on an upright luma copy of fixed size, so that neither resolution nor distance counts.
///
/// Sharpness is the energy of the finest band over that of the band an octave below, each a Laplacian, less what sensor
/// noise alone would give. The quotient is blind to contrast, side light and skin; the usual variance of the Laplacian
/// rewards all three and noise (compare the many-scale features of ISO/IEC 29794-5).
package enum FaceQuality {
    /// Side of the copy: the landmarks' box, the eyes are then about 45 pixels apart.
    static let size = 128

    package struct Measures: Sendable, Equatable {
        /// A quotient of energies: 0.3...0.7 in sharp frames of usual cameras, half of it where defocus is a sixtieth of
        /// the eyes' distance.
        package var sharpness: Float
        /// Standard deviation of the noise in the copy, luma 0...1.
        package var noise: Float
        /// Mean luma of the face, 0...1.
        package var exposure: Float
        /// Shares of the face that are nearly black and nearly white.
        package var darkShare: Float
        package var brightShare: Float
        /// 0...1: the common part of the luma histograms of the face's two halves; 1 is light from the front.
        package var evenness: Float
    }

    package static func measure(_ image: YUVImage, _ face: FaceLandmarks) -> Measures {
        let box = face.box
        let region = RegionOfInterest(
            box: box.low, box.high, from: face.points[FaceLandmarks.leftEyeCorner],
            to: face.points[FaceLandmarks.rightEyeCorner], scale: 1)
        let step = region.side / Float(size)
        let luma: [Float]
        if step > 1 {
            luma = image.sampleLuma(
                region.grid(size: size), width: size, height: size, fold: min(Int(step.rounded()), 12))
        } else {
            // Enlarged: nearest pixels would add edges of their own.
            let rgb = image.sample(
                region.grid(size: size), width: size, height: size, border: .replicate, low: 0, high: 1)
            luma = (0..<size * size).map { 0.2126 * rgb[3 * $0] + 0.7152 * rgb[3 * $0 + 1] + 0.0722 * rgb[3 * $0 + 2] }
        }
        return measure(luma: luma)
    }

    /// - Parameter luma: `size × size`, coded values 0...1; an ellipse in it counts.
    package static func measure(luma: [Float]) -> Measures {
        precondition(luma.count == size * size, "face copy of \(luma.count) values")
        let noise = noise(luma)
        let fine = laplacianEnergy(luma, size)
        let half = size / 2
        var coarse = [Float](repeating: 0, count: half * half)
        for y in 0..<half {
            for x in 0..<half {
                let at = 2 * y * size + 2 * x
                coarse[y * half + x] = (luma[at] + luma[at + 1] + luma[at + size] + luma[at + size + 1]) / 4
            }
        }
        let below = laplacianEnergy(coarse, half)
        // A Laplacian answers white noise with 20 σ². A quarter more is taken off, for where σ is underestimated; the
        // mean of four pixels keeps some noise, which may only lower the quotient.
        let sharpness = max(fine - 25 * noise * noise, 0) / max(below, 1e-6)
        var light = light(luma)
        light.sharpness = sharpness
        light.noise = noise
        return light
    }

    /// The columns of every row that lie inside the ellipse, without the picture's own edge.
    private static func ellipse(_ size: Int) -> [Range<Int>] {
        (0..<size).map { y in
            guard y > 0, y < size - 1 else { return 0..<0 }
            let middle = Float(size) / 2
            let dy = (Float(y) + 0.5 - middle) / (0.45 * Float(size))
            let inside = (1..<size - 1).filter { x in
                let dx = (Float(x) + 0.5 - middle) / (0.42 * Float(size))
                return dx * dx + dy * dy < 1
            }
            guard let first = inside.first, let last = inside.last else { return 0..<0 }
            return first..<last + 1
        }
    }

    private static let whole = ellipse(size)
    private static let halved = ellipse(size / 2)

    /// The mean square inside the ellipse.
    private static func laplacianEnergy(_ luma: [Float], _ size: Int) -> Float {
        var (energy, count): (Float, Int) = (0, 0)
        let rows = size == Self.size ? whole : halved
        luma.withUnsafeBufferPointer { luma in
            for (y, columns) in rows.enumerated() {
                count += columns.count
                for at in y * size + columns.lowerBound..<y * size + columns.upperBound {
                    let value = 4 * luma[at] - luma[at - 1] - luma[at + 1] - luma[at - size] - luma[at + size]
                    energy += value * value
                }
            }
        }
        return energy / Float(count)
    }

    /// Immerkær 1996: this mask is blind to edges and slopes, so what it gives is mostly noise; its lower quartile over
    /// every second pixel keeps clear of what detail it does see. The lower quartile of |N(0, 6σ)| is 0.319 · 6σ.
    private static func noise(_ luma: [Float]) -> Float {
        var histogram = [Int](repeating: 0, count: 512)
        var count = 0
        for y in stride(from: 1, to: size - 1, by: 2) {
            for x in stride(from: whole[y].lowerBound | 1, to: whole[y].upperBound, by: 2) {
                let at = y * size + x
                let cross = luma[at - size - 1] + luma[at - size + 1] + luma[at + size - 1] + luma[at + size + 1]
                let plus = luma[at - 1] + luma[at + 1] + luma[at - size] + luma[at + size]
                histogram[min(Int(abs(cross - 2 * plus + 4 * luma[at]) * 1024), 511)] += 1
                count += 1
            }
        }
        var below = 0
        for (bin, here) in histogram.enumerated() {
            if below + here >= count / 4 {
                let part = here > 0 ? Float(count / 4 - below) / Float(here) : 0
                return (Float(bin) + part) / 1024 / (0.319 * 6)
            }
            below += here
        }
        return 0.5 / (0.319 * 6)
    }

    private static func light(_ luma: [Float]) -> Measures {
        var (sum, dark, bright): (Float, Int, Int) = (0, 0, 0)
        var halves = [[Int]](repeating: [Int](repeating: 0, count: 32), count: 2)
        for (y, columns) in whole.enumerated() {
            for x in columns {
                let value = luma[y * size + x]
                sum += value
                dark += value < 0.06 ? 1 : 0
                bright += value > 0.94 ? 1 : 0
                halves[2 * x < size ? 0 : 1][min(max(Int(value * 32), 0), 31)] += 1
            }
        }
        let counts = halves.map { $0.reduce(0, +) }
        let total = Float(counts[0] + counts[1])
        let common = zip(halves[0], halves[1]).reduce(Float(0)) {
            $0 + min(Float($1.0) / Float(counts[0]), Float($1.1) / Float(counts[1]))
        }
        return Measures(
            sharpness: 0, noise: 0, exposure: sum / total, darkShare: Float(dark) / total,
            brightShare: Float(bright) / total, evenness: common)
    }
}
