internal import Tensors

/// Hair that hangs over temples and cheeks: dark, several millimetres wide, and joined to the hair around the face. It lies
/// well inside the face's oval, where dark things are otherwise believed, since beards, brows and glasses are the person.
package struct HangingHair: Sendable {
    /// Luminance beside the person's skin under the same light that only hair is below: no shade that a light fit leaves.
    private static let dark: Float = 0.4
    /// Coarse texels; a strand that is narrower than twice that may be the arm of a pair of glasses.
    private static let reach = 2
    /// Metres inside the face's oval that hair is followed to.
    private static let deepest: Float = 0.035

    /// By coarse texel: where hair may hang that is not the scalp's, and where it is joined to.
    private let zone: [Bool]
    private let source: [Bool]
    private let side: Int

    /// - Parameters:
    ///   - regions: a square of coarse texels: (insideFace, feature, scalp, interior), see `HeadRegions`.
    ///   - places: of the mean head, metres.
    ///   - lowest: beards grow below.
    ///   - inmost: nearer to the middle, hair on the forehead is a fringe, which is the person.
    package init(regions: [SIMD4<Float>], places: [SIMD4<Float>], lowest: Float, inmost: Float) {
        precondition(regions.count == places.count, "\(regions.count) regions, \(places.count) places")
        side = Int(Double(regions.count).squareRoot())
        zone = regions.indices.map { i in
            let region = regions[i]
            return places[i].y > lowest && abs(places[i].x) > inmost && region.x < Self.deepest && region.y < 0.1
                && region.w < 0.1
        }
        source = regions.map { $0.z > 0.5 || $0.x < 0.002 }
    }

    /// By coarse texel: where hair hangs, or its shadow lies.
    /// - Parameter level: luminance beside the skin's, without light; 0 where nothing was seen.
    package func found(_ level: [Float]) -> [Bool] {
        precondition(level.count == zone.count, "\(level.count) levels of \(zone.count) coarse texels")
        let dark = level.indices.map { zone[$0] && level[$0] > 0 && level[$0] < Self.dark }
        // Opened: what a square of dark texels fits into.
        let hair = covered(covered(dark.map { !$0 }).map { !$0 })
        var found = [Bool](repeating: false, count: level.count)
        var open = hair.indices.filter { hair[$0] && source[$0] }
        for i in open { found[i] = true }
        while let i = open.popLast() {
            let (x, y) = (i % side, i / side)
            for (column, row) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
            where column >= 0 && row >= 0 && column < side && row < side {
                let next = row * side + column
                guard hair[next], !found[next] else { continue }
                found[next] = true
                open.append(next)
            }
        }
        return covered(found)
    }

    /// What lies within `reach` of what is set, along rows and columns.
    private func covered(_ mask: [Bool]) -> [Bool] {
        var result = mask
        for stride in [1, side] {
            let before = result
            for i in before.indices where before[i] {
                let at = stride == 1 ? i % side : i / side
                for k in max(-Self.reach, -at)...min(Self.reach, side - 1 - at) { result[i + k * stride] = true }
            }
        }
        return result
    }
}
