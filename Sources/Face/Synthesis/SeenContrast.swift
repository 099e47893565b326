internal import Foundation
internal import Tensors

/// Contrast and range of the person's seen skin, band by band (see `BandEnergy`): bounds of what may be synthesized. Medians
/// and quantiles, since wrinkles, strands of hair and edges of shadows among the seen texels are no texture.
package struct SeenContrast: Sendable {
    struct Bounds: Sendable, Equatable {
        /// By region: robust standard deviation of the band; `nil` where too little was seen.
        var deviations: [Float?]
        /// Over all regions.
        var deviation: Float
        /// Quantiles of the band's values.
        var range: ClosedRange<Float>
    }

    /// By band, finest first; `nil` where too little skin was seen.
    private let bands: [Bounds?]

    /// Deviations that synthesized skin may have beside the seen skin's.
    private static let slack: Float = 1.1
    /// Deviation of an octave that no picture shows beside the next coarser band's: skin's spectrum falls.
    private static let falloff: Float = 0.7
    /// Share of seen texels outside the range, at either end.
    private static let outside = 0.002
    /// Texels that tell of a region, and of the whole face.
    private static let fewestOfRegion = 300
    private static let fewest = 1000
    /// Standard deviation of a normal distribution over its median absolute value.
    private static let normal: Float = 1.4826

    /// - Parameters:
    ///   - levels: the detail by octave, finest first.
    ///   - shown: see `DetailPyramid.shown`.
    package init(_ levels: [DetailMap], pyramid: DetailPyramid, shown: [Bool]) {
        var bands = levels.indices.map { octave -> Bounds? in
            guard shown[octave] else { return nil }
            let level = levels[octave]
            return Self.bounds(
                BandEnergy.fine(level.values, width: level.size, height: level.size), level,
                regions: pyramid.regions(at: level.size))
        }
        let last = levels[levels.count - 1]
        bands.append(
            Self.bounds(
                BandEnergy.rest(last.values, width: last.size, height: last.size), last,
                regions: pyramid.regions(at: last.size)))
        for octave in levels.indices.reversed() where bands[octave] == nil {
            bands[octave] = bands[octave + 1].map {
                Bounds(
                    deviations: $0.deviations.map { $0.map { $0 * Self.falloff } },
                    deviation: $0.deviation * Self.falloff,
                    range: $0.range.lowerBound * Self.falloff...$0.range.upperBound * Self.falloff)
            }
        }
        self.bands = bands
    }

    private static func bounds(_ band: [Float], _ level: DetailMap, regions: DetailRegions) -> Bounds? {
        var values = [[Float]](repeating: [], count: DetailRegions.count)
        for i in band.indices where level.seen[i] > 0.9 && regions.plain[i] > 0.9 {
            values[Int(regions.first[i])].append(band[i])
        }
        let all = values.flatMap(\.self).sorted()
        guard all.count >= fewest else { return nil }
        func deviation(_ values: [Float]) -> Float { normal * values.map { abs($0) }.sorted()[values.count / 2] }
        let cut = Int(outside * Double(all.count))
        let (low, high) = (min(all[cut], 0), max(all[all.count - 1 - cut], 0))
        // A beard is sparse dark hairs, which a median does not see: there the root mean square within the range.
        func spread(_ values: [Float]) -> Float {
            let squares = values.reduce(Float(0)) {
                let bounded = min(max($1, low), high)
                return $0 + bounded * bounded
            }
            return (squares / Float(max(values.count, 1))).squareRoot()
        }
        return Bounds(
            deviations: values.indices.map { region in
                let own = values[region]
                guard own.count >= fewestOfRegion else { return nil }
                return DetailRegions.bearded.contains(region) ? spread(own) : deviation(own)
            }, deviation: deviation(all), range: low...high)
    }

    /// Largest mean square that a band may have in a region: its own, its mirrored one's or that of the region it is like,
    /// whichever is strongest, where beards grow; elsewhere no more than the whole face's. Infinite where nothing is known.
    package func energyLimit(band: Int, region: Int) -> Double {
        guard let bounds = bands[band] else { return .infinity }
        let like = DetailRegions.like[DetailRegions.names[region]].flatMap { DetailRegions.names.firstIndex(of: $0) }
        let near = [region, DetailRegions.mirrored[region], like ?? region].compactMap { bounds.deviations[$0] }
        let strongest = near.max() ?? bounds.deviation
        let isBearded = DetailRegions.bearded.contains(region)
        let deviation = Double(Self.slack * (isBearded ? strongest : min(strongest, bounds.deviation)))
        return deviation * deviation
    }

    /// Clamps an octave's band to the range of seen skin.
    /// - Parameter hidden: 0...1: how far a texel was not seen.
    package func clamp(_ values: inout [Float], octave: Int, size: Int, at hidden: ByteShares) {
        guard let bounds = bands[octave] else { return }
        let fine = BandEnergy.fine(values, width: size, height: size)
        for i in values.indices where hidden[i] > 0 {
            let bounded = min(max(fine[i], bounds.range.lowerBound), bounds.range.upperBound)
            values[i] += hidden[i] * (bounded - fine[i])
        }
    }
}
