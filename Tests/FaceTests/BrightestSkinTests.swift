import Face
import Tensors
import Testing

/// How bright texels that nobody saw may be. Truth: the values in order.
@Suite struct BrightestSkinTests {
    private static let regions = {
        let model = TextureScene().model
        let atlas = TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
        return DetailPyramid(atlas: atlas, smallest: 256).regions(at: 256)
    }()

    /// Skin of which all is seen, with a beard ten times as contrasty as the rest.
    private static func map(deviation: Float) -> DetailMap {
        var generator = SeededGenerator(seed: 4)
        let values = regions.skin.indices.map { i -> Float in
            let beard = DetailRegions.bearded.contains(Int(regions.first[i]))
            return regions.skin[i] * Float(generator.normal()) * deviation * (beard ? 10 : 1)
        }
        return DetailMap(size: 256, values: values, seen: Array(regions.skin))
    }

    @Test func whatNobodySawIsHardlyBrighterThanBareSkin() throws {
        let map = Self.map(deviation: 0.02)
        let brightest = try #require(BrightestSkin(map, regions: Self.regions))
        // From dark to bright, of each of which a half was seen.
        let ramp = (0..<1000).map { Float($0) / 1000 - 0.5 }
        var values = ramp + ramp
        brightest.limit(&values, at: ByteShares(ramp.map { _ in 1 } + ramp.map { _ in 0 }))
        let (hidden, seen) = (values.prefix(1000), values.suffix(1000))
        #expect(Array(seen) == ramp)
        let bare = map.values.indices.filter {
            map.seen[$0] > 0.9 && Self.regions.plain[$0] > 0.9
                && !DetailRegions.bearded.contains(Int(Self.regions.first[$0]))
        }.map { map.values[$0] }.sorted()
        let knee = bare[bare.count - 1 - bare.count / 200]
        for (before, after) in zip(ramp, hidden) where before < 0.9 * knee { #expect(after == before) }
        for (before, after) in zip(ramp, hidden) where before > 1.2 * knee { #expect(after < before) }
        #expect(zip(hidden, hidden.dropFirst()).allSatisfy { $0 <= $1 }, "brighter became darker")
        #expect(abs(hidden.last! - 1.5 * knee) < 0.1 * knee, "\(hidden.last!)")
    }

    @Test func aBeardAloneTellsNothing() {
        var map = Self.map(deviation: 0.02)
        for i in map.seen.indices where !DetailRegions.bearded.contains(Int(Self.regions.first[i])) { map.seen[i] = 0 }
        #expect(BrightestSkin(map, regions: Self.regions) == nil)
    }
}
