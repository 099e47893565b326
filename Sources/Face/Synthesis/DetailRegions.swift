internal import Tensors

/// Places of the skin whose texture is alike: soft regions around landmarks, left and right apart. Statistics over the whole
/// face would put the beard on the forehead. Every texel belongs to its two nearest regions at most.
package struct DetailRegions: Sendable {
    package let size: Int
    /// `size × size`: the nearest and second nearest region, and the share of the nearest; share 0 where there is no skin
    /// (hair, insides, brows, eyes, lips, gutters).
    package let first: [UInt8]
    package let second: [UInt8]
    package let share: [Float]
    /// `size × size`: 1 on skin.
    package let skin: [Float]

    package static let names = centres.map(\.name)
    package static var count: Int { centres.count }

    /// MediaPipe's landmarks in the middle of each.
    private static let centres: [(name: String, landmark: Int)] = [
        ("forehead", 151), ("left forehead", 333), ("right forehead", 104), ("left temple", 301), ("right temple", 71),
        ("nose bridge", 197), ("nose", 4), ("left under eye", 348), ("right under eye", 119), ("left cheek", 425),
        ("right cheek", 205), ("left outer cheek", 352), ("right outer cheek", 123), ("upper lip", 164), ("chin", 175),
        ("left chin", 424), ("right chin", 204), ("left jaw", 435), ("right jaw", 215),
    ]
    /// Metres over which one region becomes another.
    private static let softness: Float = 0.008

    /// - Parameter size: of the map, whatever the atlas' own.
    package init(atlas: TextureAtlas, size: Int) {
        let model = atlas.model
        let map = size == atlas.size ? atlas.map : TexelMap(topology: model.topology, size: size)
        let centres = Self.centres.map { centre -> SIMD3<Float> in
            guard model.landmarks.count > centre.landmark else { return .zero }
            let anchor = model.landmarks[centre.landmark]
            return (0..<3).reduce(.zero) { $0 + model.mean[Int(anchor.points[$1])] * anchor.weights[$1] }
        }
        let regions = atlas.regions
        let places = map.interpolated(
            model.mean.indices.map { g in
                let p = model.mean[g]
                let skin = regions.interior[g] == .none ? max(0, 1 - 2 * regions.feature[g] - 2 * regions.scalp[g]) : 0
                return SIMD4(p.x, p.y, p.z, skin)
            })
        var first = [UInt8](repeating: 0, count: size * size)
        var second = first
        var share = [Float](repeating: 0, count: size * size)
        var skin = share
        for (i, place) in places.enumerated() {
            guard place.w > 0.3 else { continue }
            let p = SIMD3(place.x, place.y, place.z)
            var (a, b) = ((0, Float.infinity), (0, Float.infinity))
            for (k, centre) in centres.enumerated() {
                let d = ((p - centre) * (p - centre)).sum()
                if d < a.1 { (a, b) = ((k, d), a) } else if d < b.1 { b = (k, d) }
            }
            let margin = (b.1.squareRoot() - a.1.squareRoot()) / Self.softness
            let at = Int(map.texels[i])
            first[at] = UInt8(a.0)
            second[at] = UInt8(b.0)
            share[at] = min(0.5 + 0.5 * margin, 1)
            skin[at] = 1
        }
        self.size = size
        self.first = first
        self.second = second
        self.share = share
        self.skin = skin
    }

    /// The places of each region within a window, weighted by `mask` (of the window, row by row).
    func places(in window: DetailWindow, mask: [Float]) -> [Places] {
        precondition(mask.count == window.width * window.height, "mask of \(mask.count) for \(window)")
        var places = [Places](repeating: Places(), count: Self.count)
        for y in 0..<window.height {
            for x in 0..<window.width {
                let weight = mask[y * window.width + x]
                let at = (window.y + y) * size + window.x + x
                guard weight > 0.01, skin[at] > 0 else { continue }
                let pixel = y * window.width + x
                places[Int(first[at])].add(pixel, weight * share[at])
                if share[at] < 1 { places[Int(second[at])].add(pixel, weight * (1 - share[at])) }
            }
        }
        return places
    }
}

/// A rectangle of a square map, texels.
package struct DetailWindow: Sendable, Hashable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    /// The same place on a map of half the size; all numbers are even.
    var halved: DetailWindow { DetailWindow(x: x / 2, y: y / 2, width: width / 2, height: height / 2) }

    static func whole(_ size: Int) -> DetailWindow { DetailWindow(x: 0, y: 0, width: size, height: size) }

    func cut(_ values: [Float], size: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(width * height)
        for row in y..<y + height { result += values[row * size + x..<row * size + x + width] }
        return result
    }
}
