internal import Foundation
internal import Tensors

/// How strong an octave's start has to be, region by region, for its features to have the targets' energy: an optimization that
/// begins with the right contrast needs fewer steps, and stopped early it does not end too smooth.
struct StartContrast {
    let pyramid: DetailPyramid
    let network: FeatureNetwork
    /// See `DetailAnalysis`.
    private(set) var targets: [[Float]]
    let octave: Int
    /// Texels of a tile's side.
    let tile: Int

    /// Of features of this tap contrast is measured.
    static func tap(of taps: Int) -> Int { min(1, taps - 1) }

    /// Strength changes by this factor at most, either way.
    private static let most = 6.0
    private static let nearlyAll: Float = 0.8
    /// A region with fewer texels keeps its strength.
    private static let fewest = 100.0

    init(pyramid: DetailPyramid, network: FeatureNetwork, targets: [[Float]], octave: Int, tile: Int) {
        (self.pyramid, self.network, self.targets) = (pyramid, network, targets)
        (self.octave, self.tile) = (octave, tile)
    }

    /// Skin that was seen, if not sharply, is not to become smoother than it is: a beard that no statistics expect. A region
    /// that is not nearly all seen keeps its targets: hair or a shadow at its rim would spread over skin that nobody saw.
    /// - Parameters:
    ///   - seen: `size × size`.
    ///   - counted: 1 where it was seen.
    ///   - all: 1 where it is to change.
    /// - Returns: whether it went on to its end.
    mutating func raise(
        toThatOf seen: [Float], counted: [Float], of all: [Float], goOn: (Int, Int) -> Bool
    ) -> Bool {
        let regions = pyramid.regions(at: pyramid.sizes[octave])
        var totals = [Float](repeating: 0, count: DetailRegions.count)
        var known = totals
        for (i, region) in regions.first.enumerated() where all[i] > 0 {
            totals[Int(region)] += 1
            known[Int(region)] += counted[i]
        }

        guard let found = energies(seen, counted: counted, goOn: goOn) else { return false }
        for (k, found) in found.enumerated() {
            guard let (energy, weight) = found, weight >= Self.fewest, known[k] > Self.nearlyAll * totals[k] else {
                continue
            }
            let target = FaceContrast.energy(targets[index(tap, k)], side: network.tapChannels[tap] + 1)
            guard target > 0, energy > target else { continue }
            let contrast = Float((energy / target).squareRoot())
            for t in network.taps.indices {
                targets[index(t, k)] = FaceContrast.scaled(
                    targets[index(t, k)], side: network.tapChannels[t] + 1, by: contrast)
            }
        }
        return true
    }

    private func index(_ tap: Int, _ region: Int) -> Int {
        (octave * network.taps.count + tap) * DetailRegions.count + region
    }

    /// - Parameters:
    ///   - base: `size × size`, what is there already; where it has all the energy that is wanted, little is added.
    ///   - addition: what is to be added, at some strength.
    ///   - counted: 0...1: where it is all new.
    ///   - goOn: before each window, with its number and how many there are; false stops.
    /// - Returns: `size × size`: what to multiply the addition by; `nil` where it was stopped.
    func factors(
        base: [Float], addition: [Float], counted: [Float], goOn: (Int, Int) -> Bool
    ) -> [Float]? {
        let size = pyramid.sizes[octave]
        var factors = [Double](repeating: 1, count: DetailRegions.count)
        guard let before = energies(base, counted: counted, goOn: goOn) else { return nil }
        // Features are rectified, so the energies of two maps do not just add up: look again at what came of it.
        for _ in 0..<2 {
            let regions = pyramid.regions(at: size)
            let field = Self.field(factors, regions: regions)
            let started = base.indices.map { base[$0] + field[$0] * addition[$0] }
            guard let after = energies(started, counted: counted, goOn: goOn) else { return nil }
            for k in factors.indices {
                guard let (old, _) = before[k], let (new, weight) = after[k], weight >= Self.fewest, new > old else {
                    continue
                }
                let target = FaceContrast.energy(targets[index(tap, k)], side: network.tapChannels[tap] + 1)
                guard target > 0 else { continue }
                let share = max(target - old, 0.05 * target) / (new - old)
                factors[k] = min(max(factors[k] * share.squareRoot(), 1 / Self.most), Self.most)
            }
        }
        return Self.field(factors, regions: pyramid.regions(at: size))
    }

    private var tap: Int { Self.tap(of: network.taps.count) }

    private static func field(_ factors: [Double], regions: DetailRegions) -> [Float] {
        let factors = factors.map { Float($0) }
        return regions.first.indices.map { i in
            let (a, b) = (factors[Int(regions.first[i])], factors[Int(regions.second[i])])
            return regions.covered[i] > 0 ? b + (a - b) * regions.share[i] : 1
        }
    }

    /// By region: sum of the maps' mean squares, and the weight it is over; `nil` where there is none.
    private func energies(
        _ values: [Float], counted: [Float], goOn: (Int, Int) -> Bool
    ) -> [(energy: Double, weight: Double)?]? {
        let size = pyramid.sizes[octave]
        var sums = [Correlations](
            repeating: Correlations(channels: network.tapChannels[tap]), count: DetailRegions.count)
        let windows = DetailWindows(side: tile, alignment: max(2 << network.halvings, 16))
        let pieces = windows.pieces(counted.map { $0 > 0.5 }, size: size)
        for (k, piece) in pieces.enumerated() {
            guard goOn(k, pieces.count) else { return nil }
            let window = piece.outer
            let picture = FeatureMap(MapShape(channels: 1, height: window.height, width: window.width))
            picture.assign(window.cut(values, size: size).span)
            let mask = zip(window.cut(counted, size: size), piece.mask).map { $0 > 0.5 && $1 == 1 ? $0 : 0 }
            let masks = DetailMasks(mask, pyramid: pyramid, window: window, size: size, halvings: network.halvings)
            let places = network.tapShapes(picture.shape).enumerated().map { k, map in
                k == tap ? masks.places(for: map) : []
            }
            let found = network.correlations(
                of: picture, at: FeatureRegions(of: network, picture: picture.shape, places: places))
            for k in sums.indices { sums[k] += found[tap][k] }
        }
        return sums.map { sum in
            sum.weight > 0 ? (FaceContrast.energy(sum.means, side: sum.side), sum.weight) : nil
        }
    }
}
