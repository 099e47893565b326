internal import Foundation
package import Tensors

/// What is at hand of a pyramid of detail: each octave's size and its regions there and at its halves, where the
/// network's deeper taps look.
package struct DetailPyramid: Sendable {
    /// Texels along one side, largest first.
    package let sizes: [Int]
    private let regions: [Int: DetailRegions]
    /// Of the smallest size, by texel: the one at the mirrored place of the face; −1 where there is none.
    private let counterparts: [Int32]
    /// Of the smallest size, by texel: metres of the mean head along its width and its height; 0 where there is no skin. The
    /// sides of a head lie on the map several times as narrow as high.
    let extents: [SIMD2<Float>]

    /// Octaves from `largest` (the atlas' own size when not given) down to `smallest`.
    package init(atlas: TextureAtlas, largest: Int? = nil, smallest: Int = 256) {
        var (sizes, size) = ([Int](), largest ?? atlas.size)
        while size >= smallest {
            sizes.append(size)
            size /= 2
        }
        self.sizes = sizes
        var regions: [Int: DetailRegions] = [:]
        for size in sizes + (1...4).map({ sizes.last! >> $0 }) {
            regions[size] = DetailRegions(atlas: atlas, size: size)
        }
        self.regions = regions
        let side = sizes.last!
        let map = side == atlas.size ? atlas.map : TexelMap(topology: atlas.model.topology, size: side)
        var counterparts = [Int32](repeating: -1, count: side * side)
        for (texel, m) in zip(map.texels, map.mirror)
        where m.x >= 0 && m.y >= 0 && m.x < Float(side) && m.y < Float(side) {
            counterparts[Int(texel)] = Int32(m.y) * Int32(side) + Int32(m.x)
        }
        self.counterparts = counterparts
        extents = Self.extents(map, of: atlas.model.mean)
    }

    private static func extents(_ map: TexelMap, of points: [SIMD3<Float>]) -> [SIMD2<Float>] {
        let side = map.size
        var places = [SIMD4<Float>](repeating: .zero, count: side * side)
        for (texel, p) in zip(map.texels, map.interpolated(points.map { SIMD4($0, 1) })) { places[Int(texel)] = p }
        /// From one neighbour to the other, or to the texel itself where only one lies beside it on the same chart.
        func extent(_ i: Int, _ before: Int?, _ after: Int?) -> Float {
            let ends = [before ?? i, after ?? i].map { j -> Int in
                let d = places[j] - places[i]
                return places[j].w > 0 && (d * d).sum() < farthest * farthest ? j : i
            }
            let d = places[ends[1]] - places[ends[0]]
            let steps = [before, after].count { $0 != nil && ends.contains($0!) }
            return steps > 0 ? (d * d).sum().squareRoot() / Float(steps) : 0
        }
        return places.indices.map { i in
            guard places[i].w > 0 else { return .zero }
            let (x, y) = (i % side, i / side)
            return SIMD2(
                extent(i, x > 0 ? i - 1 : nil, x + 1 < side ? i + 1 : nil),
                extent(i, y > 0 ? i - side : nil, y + 1 < side ? i + side : nil))
        }
    }

    /// Metres: neighbours on the map that are farther from each other lie on two charts.
    private static let farthest: Float = 0.012

    /// Of the smallest size: the values at the mirrored places; 0 where there is none.
    func mirrored(_ values: [Float]) -> [Float] { counterparts.map { $0 < 0 ? 0 : values[Int($0)] } }

    /// Per octave, finest first, 0...1: how far pictures of this resolution show it. Video and demosaicking leave about
    /// 0.7 of their pixels' resolution.
    /// - Parameter pixelsPerMetre: of the pictures, on the face.
    package func resolved(pixelsPerMetre: Double) -> [Float] {
        sizes.indices.map { octave in
            Float(min(max((share(pixelsPerMetre: pixelsPerMetre, octave: octave) - 0.3) / 0.9, 0), 1))
        }
    }

    /// Pixels of a picture beside an octave's texels on the same length of face.
    /// - Parameter octave: may be the one below the coarsest.
    package func share(pixelsPerMetre: Double, octave: Int) -> Double {
        pixelsPerMetre / (Self.texelsPerMetre * Double(sizes[0] >> octave) / 1024)
    }

    /// Natural logarithm, by octave: what a picture of this resolution lacks of the energy that the database's photographs have,
    /// of the octave's band and of features, which also look at what is coarser; once more for the band that lies below the
    /// coarsest octave. Measured on photographs shrunk two to seven times (`bench resolution`), right within 0.2, the mean
    /// difference, from 0.3 pixels a texel up. The photographs lack some of the finest octave themselves.
    func missing(pixelsPerMetre: Double) -> [(band: Double, features: Double)] {
        func lack(_ pixelsPerMetre: Double, octave: Int) -> Double {
            // Most of what lies below the coarsest octave lies farther below than an octave's band would.
            let below = octave < sizes.count ? 1 : 1.4
            let share = below * share(pixelsPerMetre: pixelsPerMetre, octave: octave)
            return 0.55 * pow(max(share, 0.28), -1.4)
        }
        return (0...sizes.count).map { octave in
            let band = lack(pixelsPerMetre, octave: octave) - lack(Self.photographs, octave: octave)
            let share = share(pixelsPerMetre: pixelsPerMetre, octave: octave)
            return (max(band, 0), 0.19 * pow(max(share, 0.2), -1.3))
        }
    }

    /// Pixels per metre of face that the photographs have whose statistics are the database's.
    private static let photographs = 3300.0

    /// Of a face on the atlas at 1024² (it lies between 2300 and 4000).
    private static let texelsPerMetre = 3000.0

    package func regions(at size: Int) -> DetailRegions { regions[size]! }
}

/// Mean correlations per octave, tap and region, with the weight (texels) that they are over.
package struct DetailStatistics: Sendable {
    /// By `index(octave:tap:region:)`.
    package var correlations: [Correlations]
    /// By band, then region: one band more than there are octaves.
    package var bands: [BandEnergy]
    package let octaves: Int
    package let taps: Int

    package func index(octave: Int, tap: Int, region: Int) -> Int {
        (octave * taps + tap) * DetailRegions.count + region
    }

    package init(octaves: Int, taps: Int, correlations: [Correlations], bands: [BandEnergy]) {
        precondition(correlations.count == octaves * taps * DetailRegions.count)
        precondition(bands.count == (octaves + 1) * DetailRegions.count)
        (self.octaves, self.taps, self.correlations, self.bands) = (octaves, taps, correlations, bands)
    }

    /// As a sharper picture would have it: smaller pictures look smoother than the person is.
    package func sharpened(pyramid: DetailPyramid, pixelsPerMetre: Double) -> DetailStatistics {
        let missing = pyramid.missing(pixelsPerMetre: pixelsPerMetre)
        var result = self
        for i in correlations.indices {
            let contrast = exp(missing[i / (taps * DetailRegions.count)].features / 2)
            result.correlations[i].sums = FaceContrast.scaled(
                correlations[i].sums, side: correlations[i].side, by: contrast)
        }
        for i in bands.indices {
            result.bands[i] = bands[i].scaled(by: exp(missing[i / DetailRegions.count].band))
        }
        return result
    }

    /// Natural logarithm of the energy of one region's band; `nil` where too little was seen.
    package func logEnergy(band: Int, region: Int) -> Double? {
        bands[band * DetailRegions.count + region].mean.map { log(max($0, 1e-12)) }
    }

    /// The same of the maps of the second tap, or the only one.
    package func logFeatureEnergy(octave: Int, region: Int) -> Double? {
        let own = correlations[index(octave: octave, tap: min(1, taps - 1), region: region)]
        let energy = FaceContrast.energy(own.means, side: own.side)
        return own.weight >= FaceDatabase.fewest && energy > 0 ? log(energy) : nil
    }

    /// Of the seen texels of a map.
    /// - Parameter largestDeep: see `TiledStatistics.statistics`.
    package init(of detail: DetailMap, pyramid: DetailPyramid, network: FeatureNetwork, largestDeep: Int = .max) {
        var tiles = TiledStatistics()
        self = tiles.statistics(of: detail, pyramid: pyramid, network: network, largestDeep: largestDeep)
    }
}

/// A mask over a window of one octave, as the regions' places on maps of the octave's size and of its halves.
struct DetailMasks {
    /// By how often the map is halved.
    private var levels: [[Places]] = []
    private let width: Int

    /// - Parameter halvings: `FeatureNetwork.halvings`; window and size are multiples of 2 to its power.
    init(
        _ mask: [Float], pyramid: DetailPyramid, window: DetailWindow, size: Int, fewest: Float = 0, halvings: Int
    ) {
        width = window.width
        var (mask, window, size, fewest) = (mask, window, size, fewest)
        for level in 0...halvings {
            levels.append(pyramid.regions(at: size).places(in: window, mask: mask, fewest: fewest))
            guard level < halvings else { break }
            mask = DetailMap.halved(mask, width: window.width, height: window.height)
            (window, size, fewest) = (window.halved, size / 2, fewest / 4)
        }
    }

    func places(for shape: MapShape) -> [Places] { levels[(width / shape.width).trailingZeroBitCount] }
}
