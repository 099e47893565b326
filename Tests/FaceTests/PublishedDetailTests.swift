import Face
import Foundation
import Tensors
import Testing

/// Detail that was put on a texture, looked at again. Truth: waves, which three box means weaken by a closed form.
@Suite struct PublishedDetailTests {
    private static let model = TextureScene().model

    /// What the local mean shows of a wave, 0...1.
    private static func mean(ofWave length: Double, radius: Int) -> Double {
        let side = Double(2 * radius + 1)
        return pow(sin(.pi * side / length) / (side * sin(.pi / length)), 3)
    }

    /// Looked at less its mean L, what is put on would be there 1 − L times; with L of it on top, 1 − L².
    @Test(arguments: [(size: 256, length: 24.0), (256, 12), (1024, 96)])
    func detailOnSmoothColoursIsFoundAsItWasPutOn(size: Int, length: Double) {
        let atlas = TextureAtlas(model: Self.model, size: size, regions: .plain(pointCount: Self.model.mean.count))
        let network = DetailNetwork(seed: 3)
        let pyramid = DetailPyramid(atlas: atlas, smallest: 256)
        let wave = (0..<size * size).map { 0.02 * Float(sin(2 * .pi * Double($0 % size) / length)) }
        let skin = pyramid.regions(at: size).skin
        let detail = DetailMap(
            size: size, values: zip(wave, skin).map { $0 * $1 }, seen: [Float](repeating: 0, count: size * size))
        let database = FaceDatabase([DetailStatistics(of: detail, pyramid: pyramid, network: network.network())])
        let synthesizer = TextureSynthesizer(
            atlas: atlas, contents: FaceDatabaseContents(network: .own(network), database: database, size: size))
        let smooth = Texture(
            albedo: FloatImage(
                width: size, height: size, channels: 3, values: [Float](repeating: 0.4, count: 3 * size * size)),
            confidence: FloatImage(
                width: size, height: size, channels: 1, values: [Float](repeating: 0, count: size * size)))
        let state = TextureSynthesizer.State(
            detail: detail, sharpSize: size, regionWeights: [], regionResiduals: [], weights: [], residual: 0,
            effectiveFaces: 1, unresolved: 0)
        let found = DetailMap(
            synthesizer.texture(smooth, with: state), seen: detail.seen, regions: pyramid.regions(at: size))
        // Far from the skin's borders.
        let middle = (size * 7 / 16..<size * 9 / 16).flatMap { y in (size / 4..<size * 3 / 4).map { y * size + $0 } }
        let along = middle.reduce(0.0) { $0 + Double(found.values[$1] * wave[$1]) }
        let share = along / middle.reduce(0.0) { $0 + Double(wave[$1] * wave[$1]) }
        let lost = Self.mean(ofWave: length, radius: Int(Double(size) * 0.014))
        #expect(lost > 0.1 && abs(share - (1 - lost * lost)) < 0.03, "\(share), the mean shows \(lost)")
    }

    /// Colours that go on evenly have no detail where skin ends either, or the seams between the atlas' charts would be seen.
    @Test(arguments: [256, 1024]) func aGradientIsNoDetailUpToTheSkinsBorders(size: Int) {
        let atlas = TextureAtlas(model: Self.model, size: size, regions: .plain(pointCount: Self.model.mean.count))
        let regions = DetailRegions(atlas: atlas, size: size)
        // Of log luma over the reach of the local level.
        let steep = SIMD2<Float>(0.06, -0.04)
        let reach = Float(size) * 0.014
        var albedo = [Float](repeating: 0, count: 3 * size * size)
        for i in 0..<size * size {
            let place = SIMD2(Float(i % size), Float(i / size)) - Float(size) / 2
            for c in 0..<3 { albedo[3 * i + c] = 0.2 * exp((steep * place / reach).sum()) }
        }
        let texture = Texture(
            albedo: FloatImage(width: size, height: size, channels: 3, values: albedo),
            confidence: FloatImage(
                width: size, height: size, channels: 1, values: [Float](repeating: 0, count: size * size)))
        let found = DetailMap(texture, seen: [Float](repeating: 0, count: size * size), regions: regions)
        let skin = regions.skin.indices.filter { regions.skin[$0] > 0 }
        let border = skin.filter { i in [-1, 1, -size, size].contains { regions.skin[i + $0] == 0 } }
        #expect(skin.count > size * size / 10 && border.count > size / 2)
        let most = skin.map { abs(found.values[$0]) }.max()!
        print(
            "a gradient of \(steep) leaves \(most) at most, on the borders \(border.map { abs(found.values[$0]) }.max()!)"
        )
        #expect(most < 0.01)
    }
}
