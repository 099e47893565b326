internal import Tensors

/// Places of the skin whose texture is alike: soft regions around landmarks, left and right apart. Statistics over the whole
/// face would put the beard on the forehead. Every texel belongs to its two nearest regions at most.
package struct DetailRegions: Sendable {
    package let size: Int
    /// `size × size`: the nearest and second nearest region, and the share of the nearest; share 0 where there is no skin
    /// (hair, insides, brows, eyes, lips, gutters).
    package let first: [UInt8]
    package let second: [UInt8]
    package let share: ByteShares
    /// `size × size`: 1 on skin.
    package let skin: ByteShares
    /// `size × size`, 0...1: how far it is plain skin; fades at hairlines, brows, lids and lips.
    package let plain: ByteShares
    /// `size × size`: 1 on skin and on what lies within `surroundings` of it, which has its nearest skin's regions: what is
    /// synthesized goes on beyond a chart's border or a hairline, so that those are no edges.
    package let covered: ByteShares

    package static let names = centres.map(\.name)
    package static var count: Int { centres.count }
    /// Each region's counterpart on the other side; itself in the middle.
    package static let mirrored = names.map { name in
        let other =
            name.hasPrefix("left")
            ? "right" + name.dropFirst(4) : name.hasPrefix("right") ? "left" + name.dropFirst(5) : name
        return names.firstIndex(of: other)!
    }

    /// Where beards grow.
    package static let bearded = Set(
        names.indices.filter { k in ["lip", "chin", "jaw", "cheek"].contains { names[k].hasSuffix($0) } })

    static let foreheads = Set(names.indices.filter { names[$0].hasSuffix("forehead") })
    static let necks = Set(names.indices.filter { names[$0].hasSuffix("neck") })

    /// Where a region is known of too few faces, it is taken to be like this one: what is seen well in portraits.
    package static let like = [
        "left forehead": "forehead", "right forehead": "forehead", "nose": "nose bridge", "left jaw": "left chin",
        "right jaw": "right chin", "left chin": "left cheek", "right chin": "right cheek", "chin": "left chin",
        "upper lip": "chin", "left under eye": "left cheek", "right under eye": "right cheek", "forehead": "left cheek",
        "nose bridge": "left cheek", "left cheek": "right cheek", "right cheek": "left cheek",
        "left neck": "left jaw", "right neck": "right jaw",
    ]

    /// MediaPipe's landmark in the middle of each, or near it: metres from there to the middle.
    private static let centres: [(name: String, landmark: Int, offset: SIMD3<Float>)] =
        faceCentres.map { ($0.name, $0.landmark, .zero) } + [
            ("left neck", 152, [0.025, -0.042, -0.068]), ("right neck", 152, [-0.025, -0.042, -0.068]),
        ]
    private static let faceCentres: [(name: String, landmark: Int)] = [
        ("forehead", 151), ("left forehead", 333), ("right forehead", 104),
        ("nose bridge", 197), ("nose", 4), ("left under eye", 348), ("right under eye", 119), ("left cheek", 425),
        ("right cheek", 205), ("upper lip", 164), ("chin", 175),
        ("left chin", 424), ("right chin", 204), ("left jaw", 435), ("right jaw", 215),
    ]
    /// Metres over which one region becomes another; more far away from both.
    private static let softness: Float = 0.004
    /// Texels.
    private static let surroundings = 10

    /// - Parameter size: of the map, whatever the atlas' own.
    package init(atlas: TextureAtlas, size: Int) {
        let model = atlas.model
        let centres = Self.centres.map { centre -> SIMD3<Float> in
            guard model.landmarks.count > centre.landmark else { return .zero }
            return centre.offset + model.landmarks[centre.landmark].place(on: model.mean)
        }
        let regions = atlas.regions
        let points = model.mean.indices.map { g in
            let p = model.mean[g]
            let skin = regions.interior[g] == .none ? max(0, 1 - 2 * regions.feature[g] - 2 * regions.scalp[g]) : 0
            return SIMD4(p.x, p.y, p.z, skin)
        }
        var first = [UInt8](repeating: 0, count: size * size)
        var second = first
        var (share, skin, plain) = (
            ByteShares(count: size * size), ByteShares(count: size * size), ByteShares(count: size * size)
        )
        TexelMap.eachPlace(of: points, topology: model.topology, size: size) { at, place in
            guard place.w > 0.3 else { return }
            let p = SIMD3(place.x, place.y, place.z)
            var (a, b) = ((0, Float.infinity), (0, Float.infinity))
            for (k, centre) in centres.enumerated() {
                let d = ((p - centre) * (p - centre)).sum()
                if d < a.1 { (a, b) = ((k, d), a) } else if d < b.1 { b = (k, d) }
            }
            let near = a.1.squareRoot()
            let margin = (b.1.squareRoot() - near) / (Self.softness + 0.1 * near)
            first[at] = UInt8(a.0)
            second[at] = UInt8(b.0)
            share[at] = min(0.5 + 0.5 * margin, 1)
            skin[at] = 1
            plain[at] = min(max((place.w - 0.3) / 0.6, 0), 1)
        }
        var covered = skin
        var rim = covered.indices.filter { covered[$0] > 0 }
        for _ in 0..<Self.surroundings {
            var next: [Int] = []
            for at in rim {
                let (x, y) = (at % size, at / size)
                for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)]
                where x + dx >= 0 && x + dx < size && y + dy >= 0 && y + dy < size {
                    let beside = at + dy * size + dx
                    guard covered[beside] == 0 else { continue }
                    covered[beside] = 1
                    (first[beside], second[beside], share[beside]) = (first[at], second[at], share[at])
                    next.append(beside)
                }
            }
            rim = next
        }
        self.covered = covered
        self.plain = plain
        self.size = size
        self.first = first
        self.second = second
        self.share = share
        self.skin = skin
    }

    /// The places of each region within a window, weighted by `mask` (of the window, row by row).
    /// - Parameter fewest: a region of less weight is too small for statistics of its own; its places go to the region with the
    ///   most weight among the next ones of its texels.
    func places(in window: DetailWindow, mask: [Float], fewest: Float = 0) -> [Places] {
        precondition(mask.count == window.width * window.height, "mask of \(mask.count) for \(window)")
        var owner = Array(0..<Self.count)
        if fewest > 0 {
            let totals = self.totals(in: window, mask: mask)
            for k in owner.indices where totals.own[k] < fewest {
                let next = totals.beside[k].indices.max {
                    (totals.beside[k][$0] > 0 ? totals.own[$0] : 0) < (totals.beside[k][$1] > 0 ? totals.own[$1] : 0)
                }!
                owner[k] =
                    totals.own[next] >= fewest ? next : totals.own.indices.max { totals.own[$0] < totals.own[$1] }!
            }
        }
        var places = [Places](repeating: Places(), count: Self.count)
        each(in: window, mask: mask) { pixel, weight, share, first, second in
            let (a, b) = (owner[first], owner[second])
            if a == b || share == 1 {
                places[a].add(pixel, weight)
            } else {
                places[a].add(pixel, weight * share)
                places[b].add(pixel, weight * (1 - share))
            }
        }
        return places
    }

    /// Each pixel of a window that counts, row by row, with its weight, its two regions and the first one's share.
    func each<Mask: RandomAccessCollection>(
        in window: DetailWindow, mask: Mask,
        _ body: (_ pixel: Int, _ weight: Float, _ share: Float, _ first: Int, _ second: Int) -> Void
    ) where Mask.Element == Float, Mask.Index == Int {
        for y in 0..<window.height {
            for x in 0..<window.width {
                let weight = mask[y * window.width + x]
                let at = (window.y + y) * size + window.x + x
                guard weight > 0.01, covered[at] > 0 else { continue }
                body(y * window.width + x, weight, share[at], Int(first[at]), Int(second[at]))
            }
        }
    }

    /// Each region's weight, and the weight of its texels by what comes second there.
    private func totals(in window: DetailWindow, mask: [Float]) -> (own: [Float], beside: [[Float]]) {
        var own = [Float](repeating: 0, count: Self.count)
        var beside = [[Float]](repeating: own, count: Self.count)
        for y in 0..<window.height {
            for x in 0..<window.width {
                let at = (window.y + y) * size + window.x + x
                let weight = mask[y * window.width + x] * covered[at]
                own[Int(first[at])] += weight
                beside[Int(first[at])][Int(second[at])] += weight
            }
        }
        return (own, beside)
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

    func cut<Values: RandomAccessCollection>(_ values: Values, size: Int) -> [Float]
    where Values.Element == Float, Values.Index == Int {
        var result: [Float] = []
        result.reserveCapacity(width * height)
        for row in y..<y + height { result += values[row * size + x..<row * size + x + width] }
        return result
    }

    /// Puts the window's part of a piece into a map.
    /// - Parameters:
    ///   - values: `size × size`.
    ///   - piece: `outer.width × outer.height`, row by row, of a window that holds this one.
    func replace(_ values: inout [Float], size: Int, by piece: [Float], of outer: DetailWindow) {
        for row in y..<y + height {
            let from = (row - outer.y) * outer.width + x - outer.x
            values.replaceSubrange(row * size + x..<row * size + x + width, with: piece[from..<from + width])
        }
    }

    /// Whether they have a texel in common.
    func touches(_ other: DetailWindow) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
}
