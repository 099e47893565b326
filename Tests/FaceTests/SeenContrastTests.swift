import Face
import Tensors
import Testing

/// Bounds of what may be synthesized. Truth: noise of known contrast, with outliers of known number.
@Suite struct SeenContrastTests {
    private static let pyramid = {
        let model = TextureScene().model
        let atlas = TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
        return DetailPyramid(atlas: atlas, smallest: 256)
    }()
    private static let regions = pyramid.regions(at: 256)

    /// Seen skin of one contrast, one texel in fifty of which is a hair.
    private static func map(deviation: Float, hairs: Float) -> DetailMap {
        var generator = SeededGenerator(seed: 4)
        let values = regions.skin.indices.map { i -> Float in
            let noise = Float(generator.normal()) * deviation
            return regions.skin[i] * (i % 50 == 7 ? noise - hairs : noise)
        }
        return DetailMap(size: 256, values: values, seen: Array(regions.skin))
    }

    @Test func hairsDoNotRaiseTheContrastThatSkinMayHave() {
        let plain = SeenContrast([Self.map(deviation: 0.02, hairs: 0)], pyramid: Self.pyramid, shown: [true])
        let hairy = SeenContrast([Self.map(deviation: 0.02, hairs: 0.5)], pyramid: Self.pyramid, shown: [true])
        let seen = Set(
            Self.regions.first.indices.filter { Self.regions.plain[$0] > 0.9 }.map { Self.regions.first[$0] })
        for region in seen.map({ Int($0) }) {
            let (a, b) = (plain.energyLimit(band: 0, region: region), hairy.energyLimit(band: 0, region: region))
            // White noise keeps most of its energy in the finest band; a mean of squares would be 13 times as large.
            #expect(a > 0.6 * 0.0004 && a < 1.3 * 0.0004, "\(a)")
            #expect(b < 2 * a, "\(b) beside \(a)")
        }
    }

    @Test func hiddenSkinStaysInTheRangeOfSeenSkin() {
        let bounds = SeenContrast([Self.map(deviation: 0.02, hairs: 0)], pyramid: Self.pyramid, shown: [true])
        var values = [Float](repeating: 0, count: 256 * 256)
        let (spot, other) = (128 * 256 + 100, 128 * 256 + 160)
        values[spot] = 0.8
        values[other] = 0.8
        bounds.clamp(
            &values, octave: 0, size: 256, at: ByteShares(values.indices.map { $0 == spot ? 1 : 0 }))
        #expect(values[spot] < 0.5 && values[other] == 0.8, "\(values[spot])")
    }

    @Test func tooLittleSkinBoundsNothing() {
        var map = Self.map(deviation: 0.02, hairs: 0)
        for i in map.seen.indices { map.seen[i] = 0 }
        let bounds = SeenContrast([map], pyramid: Self.pyramid, shown: [true])
        #expect(bounds.energyLimit(band: 0, region: 0) == .infinity)
    }

    @Test func octavesThatNoPictureShowsAreNoStrongerThanCoarserOnes() {
        let levels = [Self.map(deviation: 0.2, hairs: 0)]
        let unshown = SeenContrast(levels, pyramid: Self.pyramid, shown: [false])
        #expect(unshown.energyLimit(band: 0, region: 0) < unshown.energyLimit(band: 1, region: 0))
    }
}
