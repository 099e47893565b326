internal import Tensors

/// Mean square of one band of detail (natural log of luma less its local mean), as a sum over weighted texels: the square of
/// the skin's band-limited contrast (Peli 1990). No network has a part in it, so it says how strong a texture is, whatever its
/// features are.
///
/// Bands are numbered as octaves, finest first: each is what an octave shows and the next coarser one does not. One more,
/// behind the last, is what lies below the coarsest octave.
package struct BandEnergy: Sendable {
    package private(set) var sum = 0.0
    package private(set) var weight = 0.0

    package init() {}

    package init(mean: Double, weight: Double) { (sum, self.weight) = (mean * weight, weight) }

    /// `nil` of too few texels.
    package var mean: Double? { weight >= FaceDatabase.fewest ? sum / weight : nil }

    static func += (a: inout BandEnergy, b: BandEnergy) {
        a.sum += b.sum
        a.weight += b.weight
    }

    private mutating func add(_ square: Float, _ weight: Float) {
        sum += Double(weight * square)
        self.weight += Double(weight)
    }

    /// Of pictures whose energy is so many times as large.
    func scaled(by factor: Double) -> BandEnergy {
        BandEnergy(mean: factor * (weight > 0 ? sum / weight : 0), weight: weight)
    }

    /// Texels around one that its band reaches to.
    static let reach = 3

    /// `height × width`, row by row, both even: a map as its own band and what the next coarser octave shows of it.
    static func split(_ values: [Float], width: Int, height: Int) -> (fine: [Float], rest: [Float]) {
        let rest = rest(values, width: width, height: height)
        return (zip(values, rest).map { $0 - $1 }, rest)
    }

    /// The first of the two, without room for the second.
    static func fine(_ values: [Float], width: Int, height: Int) -> [Float] {
        var result = values
        subtractRest(
            DetailMap.halved(values, width: width, height: height), from: &result, width: width, height: height)
        return result
    }

    /// Leaves the first of the two.
    /// - Parameter coarser: the map at half its size.
    static func subtractRest(_ coarser: [Float], from values: inout [Float], width: Int, height: Int) {
        for y in 0..<height {
            let row = DetailMap.enlarged(coarser, width: width / 2, height: height / 2, rows: y..<y + 1)
            for x in 0..<width { values[y * width + x] -= row[x] }
        }
    }

    /// The second.
    static func rest(_ values: [Float], width: Int, height: Int) -> [Float] {
        DetailMap.enlarged(
            DetailMap.halved(values, width: width, height: height), width: width / 2, height: height / 2)
    }

    /// By region: of one band within a window.
    /// - Parameter mask: of the window, row by row.
    static func energies<Mask: RandomAccessCollection>(
        _ band: [Float], mask: Mask, regions: DetailRegions, window: DetailWindow
    ) -> [BandEnergy] where Mask.Element == Float, Mask.Index == Int {
        var result = [BandEnergy](repeating: BandEnergy(), count: DetailRegions.count)
        regions.each(in: window, mask: mask) { pixel, weight, share, first, second in
            let square = band[pixel] * band[pixel]
            result[first].add(square, weight * share)
            if share < 1 { result[second].add(square, weight * (1 - share)) }
        }
        return result
    }
}
