internal import Foundation
internal import Tensors

/// What is no skin where the fit has the sides of the face: an ear, an earring, hair or what lies behind the head, seen past a
/// cheek that is a little narrower than its fit. Only views along the surface see such places, so they need a better view than
/// others to be believed.
package struct StrangeSkin: Sendable {
    /// Natural logarithm of luminance beside the person's skin that no skin departs by, and how far above it none is believed.
    private static let least: Float = 0.3
    private static let range: Float = 0.2
    /// What a few texels tell counts for their surroundings too: coarse texels, of a map of 256², and how much more than its share.
    private static let reach: Float = 4
    private static let gain: Float = 3

    /// By coarse texel, 0...1: plain skin between mouth and eyes that does not face down, where what is dark is shade.
    private let zone: [Float]
    private let side: Int

    /// - Parameters:
    ///   - regions: a square of coarse texels: (insideFace, feature, scalp, interior), see `HeadRegions`.
    ///   - places: of the mean head, metres.
    ///   - normals: of the same.
    ///   - heights: of the zone, metres: beards grow below, and hair above is the person's.
    package init(regions: [SIMD4<Float>], places: [SIMD4<Float>], normals: [SIMD4<Float>], heights: Range<Float>) {
        precondition(regions.count == places.count && regions.count == normals.count, "maps of different sizes")
        side = Int(Double(regions.count).squareRoot())
        zone = regions.indices.map { i in
            guard heights.contains(places[i].y) else { return 0 }
            let region = regions[i]
            return max(1 - region.y - region.z, 0) * (1 - region.w) * (1 - min(max((-normals[i].y - 0.1) / 0.2, 0), 1))
        }
    }

    /// By coarse texel, 0...1: how far a place, or one near it, does not look like skin.
    /// - Parameter level: luminance beside the skin's, without light; 0 where nothing was seen.
    package func found(_ level: [Float]) -> [Float] {
        precondition(level.count == zone.count, "\(level.count) levels of \(zone.count) coarse texels")
        var result = Plane(width: side, height: side)
        for i in zone.indices where zone[i] > 0 && level[i] > 0 {
            result.pixels[i].x = zone[i] * min(max((abs(log(level[i])) - Self.least) / Self.range, 0), 1)
        }
        return result.blurred(radius: max(Int(Self.reach * Float(side) / 256), 1)).pixels.map {
            min(Self.gain * $0.x, 1)
        }
    }
}
