internal import Foundation
internal import Tensors

extension Texture {
    /// `size × size`, 0...1: confidence as evidence; what is barely seen is none. Of a face that is small in all pictures what
    /// is seen best is evidence too: that its fine octaves are missing is another matter (`DetailPyramid.resolved`).
    package var evidence: [Float] {
        let best = bestConfidence
        return confidence.values.map { Self.evidence($0, best: best) }
    }

    private static func evidence(_ confidence: Float, best: Float) -> Float {
        min(max((confidence / best - 0.15) / 0.3, 0), 1)
    }

    /// The confidence that a tenth of what was seen at all exceeds; of a map beyond 1024² every so-many-th texel is asked.
    private var bestConfidence: Float {
        let step = max(confidence.values.count >> 20, 1)
        let known = stride(from: 0, to: confidence.values.count, by: step).lazy.map { confidence.values[$0] }
            .filter { $0 > 0.01 }.sorted()
        return known.isEmpty ? 1 : known[known.count * 9 / 10]
    }

    /// Puts detail on: colours times exp(change) where nothing was seen; what was seen changes only in octaves that the camera did
    /// not resolve. What is put on is looked at less its local mean once more (`DetailMap`), so its coarsest structure gets on
    /// top what that takes: with L the mean, (1 − L)(1 + L) in place of 1 − L, the first two terms of the inverse's series.
    /// - Parameters:
    ///   - change: of the natural log of luma, `size × size`.
    ///   - sharpSize: texels along one side of the finest octave that the camera resolved.
    mutating func add(_ change: [Float], regions: DetailRegions, sharpSize: Int) {
        precondition(change.count == confidence.values.count, "change of \(change.count) texels")
        let best = bestConfidence
        let lost = DetailMap.localMean(regions: regions) {
            (1 - Self.evidence(confidence.values[$0], best: best)) * change[$0]
        }
        let side = Int(Float(lost.count).squareRoot())
        let step = regions.size / side
        let size = albedo.width
        let coarse = Self.smoothed(change, size: size, to: sharpSize)
        for y in 0..<size {
            // Row by row: the whole is as large as a plane of the texture.
            let row =
                coarse.count < change.count
                ? DetailMap.enlarged(coarse, width: size / 2, height: size / 2, rows: y..<y + 1)
                : Array(coarse[y * size..<(y + 1) * size])
            for x in 0..<size {
                let i = y * size + x
                guard regions.skin[i] > 0 else { continue }
                let mean = lost[y / step * side + x / step]
                let (share, fine) = (Self.evidence(confidence.values[i], best: best), change[i] - row[x])
                let factor = expf(regions.plain[i] * ((1 - share) * (change[i] + mean) + share * fine))
                for c in 3 * i..<3 * i + 3 {
                    albedo.values[c] = min(max(albedo.values[c] * factor, 0), 1)
                }
            }
        }
    }

    /// What a map of `sharp` texels a side shows of it, on half as many texels a side as the map has; all where that is not
    /// fewer.
    private static func smoothed(_ values: [Float], size: Int, to sharp: Int) -> [Float] {
        var (level, side) = (values, size)
        while side > sharp {
            level = DetailMap.halved(level, width: side, height: side)
            side /= 2
        }
        while 2 * side < size {
            level = DetailMap.enlarged(level, size: side)
            side *= 2
        }
        return level
    }

    /// Twice as large, bilinear.
    var doubled: Texture {
        let size = albedo.width
        return Texture(
            albedo: FloatImage(
                width: 2 * size, height: 2 * size, channels: 3,
                values: DetailMap.enlarged(albedo.values, width: size, height: size, channels: 3)),
            confidence: FloatImage(
                width: 2 * size, height: 2 * size, channels: 1,
                values: DetailMap.enlarged(confidence.values, size: size)))
    }
}
