import Testing

import Face

/// Truth: what is drawn here, on a flat face of 2 mm a texel: 10 cm wide at most, scalp above, a brow on each side.
@Suite struct HangingHairTests {
    private static let side = 96
    private static func place(_ i: Int) -> SIMD2<Float> {
        SIMD2(Float(i % side) - 47.5, 47.5 - Float(i / side)) * 0.002
    }
    private static let hair: HangingHair = {
        let places = (0..<side * side).map(place)
        let regions = places.map { p -> SIMD4<Float> in
            let isBrow = abs(p.y - 0.02) < 0.004 && abs(p.x) > 0.015 && abs(p.x) < 0.045
            return SIMD4(0.05 - abs(p.x), isBrow ? 1 : 0, p.y > 0.06 ? 1 : 0, 0)
        }
        return HangingHair(
            regions: regions, places: places.map { SIMD4($0.x, $0.y, 0, 0) }, lowest: -0.02, inmost: 0.025)
    }()

    /// Share of what is dark that is found, and of the rest.
    private static func shares(level: Float = 0.15, _ isDark: (SIMD2<Float>) -> Bool) -> (dark: Double, rest: Double) {
        let dark = (0..<side * side).map { isDark(place($0)) }
        let found = hair.found(dark.map { $0 ? level : 1 })
        func share(_ of: Bool) -> Double {
            let all = dark.indices.filter { dark[$0] == of }
            return Double(all.count { found[$0] }) / Double(max(all.count, 1))
        }
        return (share(true), share(false))
    }

    @Test func hairOverTheTempleIsFollowedFromTheRim() {
        let hair = Self.shares { $0.x > 0.032 && $0.y > 0 && $0.y < 0.058 }
        #expect(hair.dark > 0.95 && hair.rest < 0.05, "\(hair)")
    }

    @Test func aShadowIsNoHair() {
        #expect(Self.shares(level: 0.6) { $0.x > 0.032 && $0.y > 0 }.dark == 0)
    }

    /// Nor is the arm of a pair of glasses, from the ear to the eye, or the brow.
    @Test func glassesStay() {
        #expect(Self.shares { abs($0.y - 0.006) < 0.0042 && abs($0.x) > 0.02 }.dark == 0)
        #expect(Self.shares { abs($0.y - 0.02) < 0.004 && abs($0.x) > 0.015 && abs($0.x) < 0.045 }.dark == 0)
    }

    @Test func whatIsNotJoinedToTheRimStays() {
        #expect(Self.shares { abs($0.x - 0.034) < 0.006 && abs($0.y) < 0.01 }.dark == 0)
    }

    @Test func beardsAndFringesStay() {
        // Below the nose, and in the middle of the forehead, except where they meet what hangs at the side.
        #expect(Self.shares { $0.y < -0.028 }.dark == 0)
        #expect(Self.shares { abs($0.x) < 0.02 && $0.y > 0.03 && $0.y < 0.058 }.dark == 0)
    }
}
