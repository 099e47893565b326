import Face
import Foundation
import Testing

/// Contrast given back to what a small picture shows. Truth: waves of known length and height.
@Suite struct SharpenedDetailTests {
    private static let pyramid = {
        let model = TextureScene().model
        let atlas = TextureAtlas(model: model, size: 512, regions: .plain(pointCount: model.mean.count))
        return DetailPyramid(atlas: atlas, smallest: 256)
    }()

    /// Pixels per metre that are so many pixels a texel of the finest octave.
    private static func pixelsPerMetre(_ share: Double) -> Double { 1500 * share }

    /// Waves along x over skin, of which nothing was seen below the middle.
    private static func map(length: Float) -> DetailMap {
        let skin = pyramid.regions(at: 512).skin
        return DetailMap(
            size: 512, values: skin.indices.map { 0.02 * sinf(2 * .pi * Float($0 % 512) / length) },
            seen: skin.indices.map { $0 < 256 * 512 ? skin[$0] : 0 })
    }

    /// How much higher than the map's the waves became that were seen.
    private static func rise(of map: DetailMap, share: Double) -> Float {
        let found = map.sharpened(pyramid: pyramid, pixelsPerMetre: pixelsPerMetre(share))
        let seen = map.seen.indices.filter { map.seen[$0] == 1 && $0 % 512 > 16 && $0 % 512 < 496 }
        let before = seen.reduce(Float(0)) { $0 + map.values[$1] * map.values[$1] }
        return seen.reduce(Float(0)) { $0 + found.values[$1] * map.values[$1] } / before
    }

    @Test(arguments: [(length: Float(2.7), band: 0), (length: 60, band: 2)])
    func aWaveIsMadeAsHighAsItsBandLacks(length: Float, band: Int) {
        let gain = Self.pyramid.gains(pixelsPerMetre: Self.pixelsPerMetre(0.5))[band]
        let rise = Self.rise(of: Self.map(length: length), share: 0.5)
        #expect(gain > 1.02 && abs(rise - gain) < 0.25 * (gain - 1), "\(rise) in place of \(gain)")
    }

    /// Bands overlap by an octave.
    @Test func aWaveBetweenTwoBandsIsRaisedAsBetweenThem() {
        let gains = Self.pyramid.gains(pixelsPerMetre: Self.pixelsPerMetre(0.5))
        let rises = [4, 6, 9, 14].map { Self.rise(of: Self.map(length: $0), share: 0.5) }
        #expect(rises == rises.sorted(by: >) && rises[0] < gains[0] && rises[3] > gains[2], "\(rises) of \(gains)")
    }

    @Test func whatNobodySawAndWhatIsSharpStaysAsItIs() {
        let map = Self.map(length: 5)
        let unseen = map.seen.indices.filter { map.seen[$0] == 0 }
        let found = map.sharpened(pyramid: Self.pyramid, pixelsPerMetre: Self.pixelsPerMetre(0.5))
        #expect(!unseen.isEmpty && unseen.allSatisfy { found.values[$0] == map.values[$0] })
        // The database's photographs have 2.2 pixels a texel here.
        let sharp = map.sharpened(pyramid: Self.pyramid, pixelsPerMetre: Self.pixelsPerMetre(2.2))
        #expect(sharp.values == map.values)
    }

    @Test func whatIsTooWeakIsNotRaised() {
        for share in [0.05, 0.2, 0.35, 0.45, 0.5, 0.7, 1, 2] {
            let (shown, gains) = (
                Self.pyramid.shown(pixelsPerMetre: Self.pixelsPerMetre(share)),
                Self.pyramid.gains(pixelsPerMetre: Self.pixelsPerMetre(share))
            )
            #expect(shown[0] == (share > 0.4) && (shown[1] || !shown[0]))
            #expect(gains.allSatisfy { $0 >= 1 && $0 <= 1.7 } && (shown[0] || gains[0] == 1))
        }
    }
}
