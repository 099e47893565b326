internal import Foundation
internal import Tensors

// A small picture's blur takes contrast from what it does show. That is the person's own, so it is better given back there, band
// by band, than made up on top.

extension DetailPyramid {
    /// Pixels per texel below which a band is so weak that giving its contrast back would show noise.
    private static let least = 0.4
    /// A band's contrast is raised by this at most.
    private static let mostGain = 1.7

    /// Per octave, finest first: whether synthesis leaves alone what pictures of this resolution show of it, its contrast given
    /// back. Otherwise the octave is synthesized on seen skin too. The limits are where small pictures of five held-out faces came
    /// nearest to the truth.
    /// - Parameter pixelsPerMetre: of the pictures, on the face; here and below.
    package func shown(pixelsPerMetre: Double) -> [Bool] {
        sizes.indices.map { share(pixelsPerMetre: pixelsPerMetre, octave: $0) >= Self.least }
    }

    /// By band (see `BandEnergy`), 1 and more: what to multiply it by so that it has the contrast that the database's photographs
    /// would show of it (see `missing`).
    package func gains(pixelsPerMetre: Double) -> [Float] {
        zip(shown(pixelsPerMetre: pixelsPerMetre) + [true], missing(pixelsPerMetre: pixelsPerMetre)).map {
            isShown, missing in
            isShown ? Float(min(exp(missing.band / 2), Self.mostGain)) : 1
        }
    }

    /// Texels along one side of the finest octave that pictures of this resolution show wholly; half the coarsest where none.
    package func sharpSize(pixelsPerMetre: Double) -> Int {
        zip(sizes, resolved(pixelsPerMetre: pixelsPerMetre)).first { $0.1 > 0.999 }?.0 ?? sizes.last! / 2
    }
}

extension DetailMap {
    /// The same map, `size × size` log luma, with the contrast that pictures of this resolution lack given back on skin that was
    /// seen; as it is where they lack none.
    package func sharpened(pyramid: DetailPyramid, pixelsPerMetre: Double) -> DetailMap {
        precondition(size == pyramid.sizes[0], "detail of \(size)² for \(pyramid.sizes)")
        let gains = pyramid.gains(pixelsPerMetre: pixelsPerMetre)
        guard gains.contains(where: { $0 > 1 }) else { return self }
        var result: [Float] = []
        for (octave, level) in octaves(to: pyramid.sizes.last!).enumerated().reversed() {
            let side = size >> octave
            let (band, rest) = BandEnergy.split(level, width: side, height: side)
            let coarser =
                result.isEmpty ? rest.map { gains[octave + 1] * $0 } : DetailMap.enlarged(result, size: side / 2)
            result = zip(band, coarser).map { gains[octave] * $0 + $1 }
        }
        for i in result.indices { result[i] = values[i] + seen[i] * (result[i] - values[i]) }
        return DetailMap(size: size, values: result, seen: seen)
    }
}
