package import Tensors

/// What the maps of a batch of patches are asked for while a network is trained. It has a linear last layer of its own, which
/// is thrown away afterwards.
package protocol DetailLesson: Sendable {
    /// - Parameter judging: from the side of the faces that is not trained on.
    func examples(_ count: Int, judging: Bool, using generator: inout SeededGenerator) -> DetailExamples

    /// One step of the last layer.
    /// - Returns: the examples' mean loss before the step, and its slopes.
    mutating func learn(_ maps: [FeatureMap], _ examples: DetailExamples, rate: Float) -> (loss: Double, DetailSlopes)

    /// How well it is done, 0 to 1, summed over the examples.
    func score(_ maps: [FeatureMap], _ examples: DetailExamples) -> Double
}

/// Patches of `SkinPatches.side` squared, row by row, one behind the other.
package struct DetailExamples: Sendable {
    /// What the network sees.
    package var values: [Float]
    /// Numbers of the patches' people.
    package var owners: [Int]
    /// What it should have seen, and which texels count; empty where the people are asked for.
    package var wanted: [Float] = []
    package var counts: [Float] = []

    package var picture: FeatureMap {
        let map = FeatureMap(
            MapShape(count: owners.count, channels: 1, height: SkinPatches.side, width: SkinPatches.side))
        map.assign(values.span)
        return map
    }
}

/// Adds ∂loss/∂(map of a tap) to its second argument.
package typealias DetailSlopes = (_ tap: Int, _ gradient: FeatureMap) -> Void
