internal import Foundation

/// How much brighter than their surroundings texels of skin are. Between dark hairs skin stands out from the local mean, which
/// the hairs darken; put over smooth colours of bare skin it would be brighter than any skin and look like beads. So what nobody
/// saw of an octave is hardly brighter than the person's skin is where no beard grows.
package struct BrightestSkin {
    /// Natural logarithm of luma less its local mean.
    private let knee: Float

    /// Of seen skin so much is brighter than the knee.
    private static let share = 0.005
    /// Texels that tell.
    private static let fewest = 1000
    /// So far above the knee, in its units, the brightest come at most.
    private static let room: Float = 0.5
    /// Steps that values are counted by.
    private static let step: Float = 1 / 1024

    /// - Parameter level: an octave that pictures show.
    /// - Returns: `nil` where too little skin was seen on which no beard grows.
    package init?(_ level: DetailMap, regions: DetailRegions) {
        var counts = [Int](repeating: 0, count: 1024)
        var all = 0
        for i in level.values.indices where level.seen[i] > 0.9 && regions.plain[i] > 0.9 {
            guard !DetailRegions.bearded.contains(Int(regions.first[i])) else { continue }
            all += 1
            let step = Int(max(level.values[i], 0) / Self.step)
            counts[min(step, counts.count - 1)] += 1
        }
        guard all >= Self.fewest else { return nil }
        var (left, step) = (Int(Self.share * Double(all)), counts.count - 1)
        while step > 0, left >= counts[step] {
            left -= counts[step]
            step -= 1
        }
        knee = Float(step + 1) * Self.step
    }

    /// - Parameters:
    ///   - values: of the same octave, row by row: natural logarithm of luma less its local mean. The order of texels by
    ///     brightness stays.
    ///   - hidden: 0...1: how far nobody saw a texel.
    package func limit(_ values: inout [Float], at hidden: ByteShares) {
        for i in values.indices where values[i] > knee && hidden[i] > 0 {
            let (beyond, room) = (values[i] - knee, Self.room * knee)
            values[i] += hidden[i] * (room * (1 - expf(-beyond / room)) - beyond)
        }
    }
}
