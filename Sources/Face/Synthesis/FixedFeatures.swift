/// What of a face's detail sits at its own place and is no texture of skin (nostrils, folds, rims of lips and brows, strands of
/// hair), apart from spots such as moles, which sit anywhere: those of one side are not those of the other.
struct FixedFeatures {
    /// Texels along a side: of the coarsest octave.
    let size: Int
    /// 0...1, see `DetailMap.feature`; without spots.
    let shares: [Float]
    /// A spot and its surroundings.
    let spots: [Bool]
    /// Farther than `reach` from all features and spots: skin that may be taken to other places.
    let clean: [Bool]

    /// Texels of the coarsest octave: 5 mm. Strands and rims of shadow lie around a feature.
    private static let reach = 4
    /// Texels of the largest spot and around it: 6 mm.
    private static let largest = 16
    private static let rim = 1
    /// Share (see `DetailMap.feature`) that some texel of a spot exceeds; what stands out less is texture.
    private static let mole: Float = 0.9
    /// It exceeds the deviation of the detail around it by so many times: in a beard every hair would be a spot.
    private static let lone: Float = 4
    /// Texels over which that deviation is taken (standard deviation): 12 mm.
    private static let around = 8

    /// - Parameter coarsest: detail of the coarsest octave.
    init(_ coarsest: DetailMap, regions: DetailRegions) {
        let size = coarsest.size
        let all = coarsest.values.map(DetailMap.feature)
        let rough = Self.deviations(coarsest.values, at: regions.plain.map { $0 > 0.9 }, size: size)
        var (shares, spots) = (all, [Float](repeating: 0, count: all.count))
        for part in Self.parts(all, size: size)
        where part.count <= Self.largest && part.allSatisfy({ regions.plain[$0] > 0.9 }) {
            let isSpot = part.contains {
                all[$0] > Self.mole && abs(coarsest.values[$0]) > Self.lone * rough[$0]
            }
            for i in part { (shares[i], spots[i]) = (0, isSpot ? 1 : 0) }
        }
        self.size = size
        self.shares = shares
        self.spots = Self.widened(spots, by: Self.rim, size: size).map { $0 > 0 }
        clean = Self.widened(zip(shares, spots).map { max($0, $1) }, by: Self.reach, size: size).map { $0 < 0.2 }
    }

    /// Texel of this map below one of a map of `other` texels a side.
    func place(_ i: Int, of other: Int) -> Int { i / other * size / other * size + i % other * size / other }

    /// Texels that hang together, by eight neighbours.
    private static func parts(_ shares: [Float], size: Int) -> [[Int]] {
        var left = shares.map { $0 > 0 }
        var parts: [[Int]] = []
        for first in left.indices where left[first] {
            left[first] = false
            var (part, next) = ([first], 0)
            while next < part.count {
                let (x, y) = (part[next] % size, part[next] / size)
                for v in max(y - 1, 0)...min(y + 1, size - 1) {
                    for u in max(x - 1, 0)...min(x + 1, size - 1) where left[v * size + u] {
                        left[v * size + u] = false
                        part.append(v * size + u)
                    }
                }
                next += 1
            }
            parts.append(part)
        }
        return parts
    }

    /// Root mean squares around each texel, of those that count.
    private static func deviations(_ values: [Float], at counted: [Bool], size: Int) -> [Float] {
        var plane = Plane(width: size, height: size)
        for i in counted.indices where counted[i] { plane.pixels[i] = SIMD4(values[i] * values[i], 1, 0, 0) }
        return plane.blurred(radius: around).pixels.map { $0.y > 1e-3 ? (max($0.x, 0) / $0.y).squareRoot() : 0 }
    }

    /// The most within so many texels.
    private static func widened(_ values: [Float], by reach: Int, size: Int) -> [Float] {
        func pass(_ values: [Float], step: Int, at place: (Int) -> Int) -> [Float] {
            values.indices.map { i in
                let (low, high) = (max(-reach, -place(i)), min(reach, size - 1 - place(i)))
                return (low...high).reduce(0) { max($0, values[i + $1 * step]) }
            }
        }
        return pass(pass(values, step: 1) { $0 % size }, step: size) { $0 / size }
    }
}
