import Face
import Pipeline
import Testing

/// What passes for skin where hair hangs into it. Truth: strokes and specks that are drawn here.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct HairTests {
    /// Shares of plain skin that stay evidence, by region.
    private static func kept(_ isDark: (_ x: Int, _ y: Int) -> Bool) throws -> [String: Double] {
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: Models.path), size: 512)
        let regions = DetailRegions(atlas: atlas, size: 512)
        let values = (0..<512 * 512).map { isDark($0 % 512, $0 / 512) ? Float(-0.4) : 0 }
        let map = DetailMap(size: 512, values: values, seen: Array(regions.skin))
            .withoutFeatures(regions: regions, coarsest: 128)
        var shares: [String: Double] = [:]
        for (k, name) in DetailRegions.names.enumerated() {
            let texels = map.seen.indices.filter { Int(regions.first[$0]) == k && regions.plain[$0] >= 0.8 }
            shares[name] = texels.reduce(0) { $0 + Double(map.seen[$1]) } / Double(max(texels.count, 1))
        }
        return shares
    }

    @Test func strandsOnTheForeheadAreNoSkinAndBeardsAre() throws {
        let shares = try Self.kept { x, _ in x % 12 < 2 }
        for name in ["forehead", "left forehead", "right forehead"] { #expect(shares[name]! < 0.1, "\(shares)") }
        // Squares beside the neck's strands are none either.
        for name in ["chin", "left chin", "right jaw", "left cheek"] {
            #expect(shares[name]! > 0.85, "\(name) \(shares)")
        }
    }

    @Test func poresStay() throws {
        let shares = try Self.kept { x, y in x % 12 == 0 && y % 12 == 0 }
        #expect(shares.values.allSatisfy { $0 > 0.95 }, "\(shares)")
    }
}
