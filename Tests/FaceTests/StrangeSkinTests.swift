import Face
import Testing

/// What is no skin beside the cheeks. Truth: maps made by hand.
@Suite struct StrangeSkinTests {
    private static let side = 64

    private struct Place {
        var level: Float = 1
        var region = SIMD4<Float>(0, 0, 0, 0)
        var height: Float = 0
        var normal = SIMD4<Float>(1, 0, 0, 0)
    }

    /// Skin all over, but for a square of five texels in the middle.
    private static func found(_ middle: Place) -> [Float] {
        let places = (0..<side * side).map { i in
            abs(i / side - side / 2) <= 2 && abs(i % side - side / 2) <= 2 ? middle : Place()
        }
        let strange = StrangeSkin(
            regions: places.map(\.region), places: places.map { SIMD4(0.06, $0.height, 0, 0) },
            normals: places.map(\.normal), heights: -0.03..<0.03)
        return strange.found(places.map(\.level))
    }

    private static let middle = side / 2 * side + side / 2

    @Test(arguments: [Float(0.3), 0.5, 2.5]) func whatIsFarFromSkinIsFoundWithItsSurroundings(level: Float) {
        let found = Self.found(Place(level: level))
        #expect(found[Self.middle] == 1 && found[Self.middle + 3] > 0.1)
        #expect(found[Self.middle + 10] < 1e-3 && found[0] < 1e-3)
    }

    @Test(arguments: [Float(0.8), 1.25, 0]) func skinAndWhatNobodySawIsNone(level: Float) {
        #expect(Self.found(Place(level: level)).allSatisfy { $0 < 1e-3 })
    }

    @Test func hairBeardsFeaturesAndShadeAreThePersonsOwn() {
        let dark = Place(level: 0.3)
        var (high, low, brow, scalp, below) = (dark, dark, dark, dark, dark)
        high.height = 0.05
        low.height = -0.05
        brow.region.y = 1
        scalp.region.z = 1
        below.normal = SIMD4(0.6, -0.8, 0, 0)
        for own in [high, low, brow, scalp, below] { #expect(Self.found(own).allSatisfy { $0 < 1e-3 }) }
    }
}
