internal import Foundation
package import Tensors

/// How well a face can be seen, on a copy of fixed size, so that neither resolution nor distance counts here.
///
/// Sharpness: the mean squared response of a Laplacian minus what sensor noise alone would give, over the variance of
/// the face's luma, so that neither contrast nor grain is taken for detail (compare ISO/IEC 29794-5's sharpness and the
/// usual variance of the Laplacian, which rewards both).
package enum FaceQuality {
    /// Side of the upright copy; eyes are then about 30 pixels apart.
    static let size = 96

    package struct Measures: Sendable, Equatable {
        package var sharpness: Float
        package var exposure: Float
        package var darkShare: Float
        package var brightShare: Float
    }

    package static func measure(_ image: YUVImage, _ face: FaceLandmarks) -> Measures {
        let box = face.box
        let region = RegionOfInterest(
            box: box.low, box.high, from: face.points[FaceLandmarks.leftEyeCorner],
            to: face.points[FaceLandmarks.rightEyeCorner], scale: 1)
        // Where the picture has more pixels than the copy, detail is averaged, not skipped.
        let factor = min(max(Int((region.side / Float(size)).rounded(.up)), 1), 4)
        let fine = size * factor
        let rgb = image.sample(
            region.grid(size: fine), width: fine, height: fine, border: .replicate, low: 0, high: 1)
        var luma = [Float](repeating: 0, count: size * size)
        let share = 1 / Float(factor * factor)
        for y in 0..<fine {
            for x in 0..<fine {
                let at = 3 * (y * fine + x)
                let value = 0.2126 * rgb[at] + 0.7152 * rgb[at + 1] + 0.0722 * rgb[at + 2]
                luma[(y / factor) * size + x / factor] += value * share
            }
        }
        return measure(luma: luma)
    }

    /// - Parameter luma: `size × size`, coded values 0...1; an ellipse in it counts.
    static func measure(luma: [Float]) -> Measures {
        var (sum, squares, count): (Float, Float, Float) = (0, 0, 0)
        var (dark, bright, energy): (Float, Float, Float) = (0, 0, 0)
        var grain: [Float] = []
        let middle = Float(size) / 2
        for y in 1..<size - 1 {
            for x in 1..<size - 1 {
                let dx = (Float(x) + 0.5 - middle) / (0.42 * Float(size))
                let dy = (Float(y) + 0.5 - middle) / (0.45 * Float(size))
                guard dx * dx + dy * dy < 1 else { continue }
                let at = y * size + x
                let value = luma[at]
                sum += value
                squares += value * value
                count += 1
                dark += value < 0.06 ? 1 : 0
                bright += value > 0.94 ? 1 : 0
                let laplacian = 4 * value - luma[at - 1] - luma[at + 1] - luma[at - size] - luma[at + size]
                energy += laplacian * laplacian
                // Immerkær 1996: this mask is blind to edges and slopes, so what it gives is mostly noise.
                let cross = luma[at - size - 1] + luma[at - size + 1] + luma[at + size - 1] + luma[at + size + 1]
                let plus = luma[at - 1] + luma[at + 1] + luma[at - size] + luma[at + size]
                grain.append(abs(cross - 2 * plus + 4 * value))
            }
        }
        let mean = sum / count
        let variance = max(squares / count - mean * mean, 1e-5)
        grain.sort()
        // The lower quartile of |N(0, 6σ)| is 0.319 · 6σ; a Laplacian answers noise with 20 σ².
        let sigma = grain[grain.count / 4] / (0.319 * 6)
        let detail = max(energy / count - 20 * sigma * sigma, 0)
        return Measures(
            sharpness: (detail / variance).squareRoot(), exposure: mean, darkShare: dark / count,
            brightShare: bright / count)
    }
}
