import Face
import Foundation
import Tensors
import Testing

/// Pictures too small for the map, contrast of what is hidden, and where synthesis starts. Truth: noise of known contrast on a
/// ball, and low-passed copies of it.
@Suite struct DetailRefinementTests {
    private static let model = TextureScene().model

    /// Smoothed noise of a standard deviation on all skin.
    private static func detail(_ contrast: Float, seed: UInt64, pyramid: DetailPyramid) -> DetailMap {
        let size = pyramid.sizes[0]
        var generator = SeededGenerator(seed: seed)
        let noise = (0..<size * size).map { _ in Float(generator.normal()) }
        let skin = pyramid.regions(at: size).skin
        var values = [Float](repeating: 0, count: size * size)
        for i in size + 1..<size * size - size - 1 where skin[i] > 0 {
            values[i] = (noise[i - 1] + noise[i + 1] + noise[i - size] + noise[i + size]) / 2 * contrast
        }
        return DetailMap(size: size, values: values, seen: Array(skin))
    }

    private static func deviation(_ values: [Float], _ texels: [Int]) -> Float {
        (texels.reduce(0) { $0 + values[$1] * values[$1] } / Float(texels.count)).squareRoot()
    }

    /// Without its lower half, below the middle one of the skin's texels.
    private static func upperHalf(_ map: DetailMap, skin: [Float]) -> DetailMap {
        let places = skin.indices.filter { skin[$0] > 0 }
        var half = map
        for i in places where i >= places[places.count / 2] { (half.seen[i], half.values[i]) = (0, 0) }
        return half
    }

    @Test func aSmallPictureKeepsWhatItShowsAndGetsFinerStructureOnTop() throws {
        let atlas = TextureAtlas(model: Self.model, size: 512, regions: .plain(pointCount: Self.model.mean.count))
        let pyramid = DetailPyramid(atlas: atlas, smallest: 256)
        let network = DetailNetwork(seed: 3).network()
        let faces = [0.015, 0.02, 0.03].enumerated().map { k, contrast in
            DetailStatistics(
                of: Self.detail(Float(contrast), seed: UInt64(20 + k), pyramid: pyramid), pyramid: pyramid,
                network: network)
        }
        let database = FaceDatabase(faces)
        let truth = Self.detail(0.02, seed: 60, pyramid: pyramid)
        // What a picture of half the size shows of it, bilinear.
        let small = truth.halved.values
        var soft = truth
        for (y, x) in (2..<510).flatMap({ y in (2..<510).map { (y, $0) } }) {
            let (row, column) = (y / 2, x / 2)
            let (down, across) = (y % 2 == 0 ? row - 1 : row + 1, x % 2 == 0 ? column - 1 : column + 1)
            let near = 0.75 * small[row * 256 + column] + 0.25 * small[row * 256 + across]
            let far = 0.75 * small[down * 256 + column] + 0.25 * small[down * 256 + across]
            soft.values[y * 512 + x] = 0.75 * near + 0.25 * far
        }
        let statistics = DetailStatistics(of: soft, pyramid: pyramid, network: network)
        let analysis = DetailAnalysis(of: statistics, relations: FaceRelations(database), resolved: [0, 1])
        let done = try #require(
            DetailSynthesis(
                pyramid: pyramid, network: network, analysis: analysis, database: database, shown: [false, true]
            ).complete(soft))
        // An octave below what is shown, so that the low-pass' soft edge does not matter.
        let (before, after) = (soft.halved.halved, done.halved.halved)
        let inside = before.seen.indices.filter { before.seen[$0] > 0.99 }
        let change = zip(before.values, after.values).map { $1 - $0 }
        #expect(Self.deviation(change, inside) < 0.25 * Self.deviation(before.values, inside))
        let texels = soft.seen.indices.filter { soft.seen[$0] > 0.99 }
        // White noise has as much in every octave; skin has less, so what is added is held below the coarser octave.
        #expect(Self.deviation(done.values, texels) > 1.05 * Self.deviation(soft.values, texels))
        #expect(Self.deviation(done.values, texels) < 1.2 * Self.deviation(truth.values, texels))
    }

    /// The right half is not seen and filled with the left one; a spot is on the left.
    @Test func theOtherHalfIsTheOwnSkinAndNotItsMirrorImage() throws {
        let size = 256
        let atlas = TextureAtlas(model: Self.model, size: size, regions: .plain(pointCount: Self.model.mean.count))
        let pyramid = DetailPyramid(atlas: atlas, smallest: size)
        let network = DetailNetwork(seed: 3).network()
        var face = Self.detail(0.02, seed: 80, pyramid: pyramid)
        let database = FaceDatabase(
            (0..<3).map { k in
                DetailStatistics(
                    of: Self.detail(0.04, seed: UInt64(90 + k), pyramid: pyramid), pyramid: pyramid, network: network)
            })
        let right = atlas.map.interpolated(Self.model.mean.map { SIMD4($0.x, $0.y, $0.z, 0) })
        let pairs = atlas.map.texels.indices.compactMap { i -> (here: Int, there: Int)? in
            let m = atlas.map.mirror[i]
            guard right[i].x < -0.01, m.x >= 0, m.y >= 0, m.x < Float(size), m.y < Float(size) else { return nil }
            return (Int(atlas.map.texels[i]), Int(m.y) * size + Int(m.x))
        }
        try #require(pairs.count > 2000)
        func distance(_ texel: Int) -> Int {
            abs(texel / size - size / 2) + abs(abs(texel % size - size / 2) - size / 5)
        }
        let middle = pairs.min { distance($0.here) < distance($1.here) }!
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] { face.values[middle.there + dy * size + dx] = -0.4 }
        for i in atlas.map.texels.indices where right[i].x <= 0 { face.seen[Int(atlas.map.texels[i])] = 0 }
        for pair in pairs { face.values[pair.here] = face.values[pair.there] }
        try #require(face.values[middle.here] < -0.3)

        let analysis = DetailAnalysis(
            of: DetailStatistics(of: face, pyramid: pyramid, network: network), relations: FaceRelations(database))
        let done = try #require(
            DetailSynthesis(pyramid: pyramid, network: network, analysis: analysis, database: database).complete(face))
        #expect(done.values[middle.here] > -0.15, "the spot is there twice")
        #expect(done.values[middle.there] == face.values[middle.there])
        let (here, there) = (pairs.map(\.here), pairs.map(\.there))
        // Twice as contrasty faces in the database do not make it theirs.
        let ratio = Self.deviation(done.values, here) / Self.deviation(face.values, there)
        #expect(ratio > 0.7 && ratio < 1.2, "\(ratio)")
        let product = pairs.reduce(Float(0)) { $0 + done.values[$1.here] * face.values[$1.there] } / Float(pairs.count)
        let likeness = product / (Self.deviation(done.values, here) * Self.deviation(face.values, there))
        #expect(likeness < 0.3, "\(likeness)")
    }

    @Test func contrastIsThatOfWhatWasSeen() {
        let atlas = TextureAtlas(model: Self.model, size: 256, regions: .plain(pointCount: Self.model.mean.count))
        let pyramid = DetailPyramid(atlas: atlas, smallest: 256)
        let network = DetailNetwork(seed: 3).network()
        let database = FaceDatabase(
            (0..<5).map { k in
                DetailStatistics(
                    of: Self.detail(0.01 * expf(0.25 * Float(k)), seed: UInt64(k), pyramid: pyramid), pyramid: pyramid,
                    network: network)
            })
        func energy(_ square: [Double], side: Int) -> Double {
            (0..<side - 1).reduce(0) { $0 + square[$1 * side + $1] }
        }
        for contrast in [Float(0.012), 0.028] {
            let truth = Self.detail(contrast, seed: 70, pyramid: pyramid)
            let all = DetailStatistics(of: truth, pyramid: pyramid, network: network)
            let some = DetailStatistics(
                of: Self.upperHalf(truth, skin: Array(pyramid.regions(at: 256).skin)), pyramid: pyramid,
                network: network)
            let targets = DetailAnalysis(of: some, relations: FaceRelations(database), own: true).targets
            var judged = 0
            for i in targets.indices where some.correlations[i].weight > 0 && all.correlations[i].weight > 500 {
                let side = all.correlations[i].side
                let ratio =
                    energy(targets[i].map(Double.init), side: side) / energy(all.correlations[i].means, side: side)
                #expect(abs(log(ratio)) < 0.3, "contrast \(contrast), block \(i): \(ratio)")
                judged += 1
            }
            #expect(judged > 0)
        }
    }

    @Test func theFillingIsTakenFromBesideItsPlace() throws {
        let atlas = TextureAtlas(model: Self.model, size: 256, regions: .plain(pointCount: Self.model.mean.count))
        let pyramid = DetailPyramid(atlas: atlas, smallest: 256)
        let network = DetailNetwork(seed: 3).network()
        let database = FaceDatabase(
            (0..<3).map { k in
                DetailStatistics(
                    of: Self.detail(0.02, seed: UInt64(k), pyramid: pyramid), pyramid: pyramid, network: network)
            })
        let filled = Self.detail(0.02, seed: 80, pyramid: pyramid)
        let skin = pyramid.regions(at: 256).skin
        // The mirrored side was seen and fills what was not.
        var half = filled
        let right = atlas.map.interpolated(Self.model.mean.map { SIMD4($0.x, $0.y, $0.z, 0) })
        for i in atlas.map.texels.indices where right[i].x <= 0 { half.seen[Int(atlas.map.texels[i])] = 0 }
        let analysis = DetailAnalysis(
            of: DetailStatistics(of: half, pyramid: pyramid, network: network), relations: FaceRelations(database))
        let done = try #require(
            DetailSynthesis(pyramid: pyramid, network: network, analysis: analysis, database: database).complete(half))
        let unseen = skin.indices.filter { skin[$0] > 0 && half.seen[$0] == 0 && $0 % 256 < 240 && $0 / 256 < 240 }
        func likeness(_ shift: Int) -> Float {
            let product =
                unseen.reduce(Float(0)) { $0 + done.values[$1] * filled.values[$1 + shift] } / Float(unseen.count)
            return product / (Self.deviation(done.values, unseen) * Self.deviation(filled.values, unseen))
        }
        #expect(abs(likeness(0)) < 0.2)
        let best = (2..<8).flatMap { y in (2..<9).map { y * 256 + $0 } }.map(likeness).max()!
        #expect(best > 0.15, "\(best)")
    }

    @Test func aSmallFaceIsEvidenceAsALargeOneIs() {
        let confidence = (0..<64 * 64).map { Float($0 % 64) / 64 }
        func evidence(_ scale: Float) -> [Float] {
            Texture(
                albedo: FloatImage(
                    width: 64, height: 64, channels: 3, values: [Float](repeating: 0.5, count: 3 * 64 * 64)),
                confidence: FloatImage(width: 64, height: 64, channels: 1, values: confidence.map { $0 * scale })
            ).evidence
        }
        let (large, small) = (evidence(1), evidence(0.2))
        #expect(zip(large, small).allSatisfy { abs($0 - $1) < 0.1 })
        #expect(small.max()! == 1 && small.min()! == 0)
    }

    /// Nine tenths of even confidence 0.01...1 are 0.901.
    @Test(arguments: [256, 2048]) func evidenceIsMeasuredByWhatIsSeenBest(size: Int) {
        let confidence = (0..<size * size).map { Float($0 % size) / Float(size) }
        let found = Texture(
            albedo: FloatImage(
                width: size, height: size, channels: 3, values: [Float](repeating: 0.5, count: 3 * size * size)),
            confidence: FloatImage(width: size, height: size, channels: 1, values: confidence)
        ).evidence
        #expect(zip(found, confidence).allSatisfy { abs($0 - min(max(($1 / 0.901 - 0.15) / 0.3, 0), 1)) < 0.03 })
    }
}
