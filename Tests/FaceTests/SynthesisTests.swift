import Face
import Foundation
import Tensors
import Testing

/// Analysis and synthesis of detail. Truth: noise of known contrast on a ball, conditions of optimality, recorded input.
@Suite struct SynthesisTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 256)

    /// Smoothed noise of a standard deviation; all skin seen, or only the upper half of it.
    private static func detail(_ contrast: Float, seed: UInt64, half: Bool = false) -> DetailMap {
        let size = 256
        var generator = SeededGenerator(seed: seed)
        let noise = (0..<size * size).map { _ in Float(generator.normal()) }
        var values = noise
        for i in size + 1..<size * size - size - 1 {
            values[i] = (noise[i - 1] + noise[i + 1] + noise[i - size] + noise[i + size]) / 2 * contrast
        }
        let skin = pyramid.regions(at: size).skin
        let places = skin.indices.filter { skin[$0] > 0 }
        let middle = places[places.count / 2]
        let seen = skin.indices.map { half && $0 >= middle ? 0 : skin[$0] }
        return DetailMap(size: size, values: values.indices.map { seen[$0] > 0 ? values[$0] : 0 }, seen: seen)
    }

    private static func contents() -> FaceDatabaseContents {
        let network = DetailNetwork(seed: 3)
        let features = network.network()
        let faces = [0.01, 0.02, 0.04].enumerated().map { k, contrast in
            DetailStatistics(of: detail(Float(contrast), seed: UInt64(20 + k)), pyramid: pyramid, network: features)
        }
        return FaceDatabaseContents(network: .own(network), database: FaceDatabase(faces), size: 256)
    }

    private static func synthesis(
        of detail: DetailMap, options: DetailSynthesis.Options = DetailSynthesis.Options()
    ) -> DetailSynthesis {
        let contents = contents()
        let features = contents.network.network()
        let analysis = DetailAnalysis(
            of: DetailStatistics(of: detail, pyramid: pyramid, network: features),
            relations: FaceRelations(contents.database))
        return DetailSynthesis(
            pyramid: pyramid, network: features, analysis: analysis, database: contents.database, options: options)
    }

    private static func deviation(_ map: DetailMap, _ texels: [Int]) -> Float {
        (texels.reduce(0) { $0 + map.values[$1] * map.values[$1] } / Float(texels.count)).squareRoot()
    }

    @Test func unseenSkinGetsTheContrastOfTheSeenAndTheSeenStays() throws {
        let contents = Self.contents()
        let features = contents.network.network()
        for (k, contrast) in [Float(0.01), 0.02, 0.04].enumerated() {
            let half = Self.detail(contrast, seed: 50, half: true)
            let analysis = DetailAnalysis(
                of: DetailStatistics(of: half, pyramid: Self.pyramid, network: features),
                relations: FaceRelations(contents.database), own: false)
            #expect(abs(analysis.weights.reduce(0, +) - 1) < 1e-6 && analysis.weights.allSatisfy { $0 >= 0 })
            #expect(analysis.weights.indices.max { analysis.weights[$0] < analysis.weights[$1] } == k)
            let synthesis = DetailSynthesis(
                pyramid: Self.pyramid, network: features, analysis: analysis, database: contents.database)
            var losses: [Double] = []
            let done = try #require(
                synthesis.complete(half) {
                    if $0.evaluation > 0 { losses.append($0.loss) }
                    return true
                })
            #expect(losses.last! < 0.5 * losses[0])
            let skin = Self.pyramid.regions(at: 256).skin
            let unseen = skin.indices.filter { skin[$0] > 0 && half.seen[$0] == 0 }
            let found = Self.deviation(done, unseen)
            #expect(abs(found / contrast - 1) < 0.3, "\(found) beside \(contrast)")
            #expect(skin.indices.allSatisfy { half.seen[$0] < 1 || done.values[$0] == half.values[$0] })
            if k == 0 { #expect(synthesis.complete(half)?.values == done.values, "not the same bits") }
        }
    }

    @Test func itStopsWhenTold() {
        let half = Self.detail(0.02, seed: 50, half: true)
        let synthesis = Self.synthesis(of: half)
        var count = 0
        #expect(
            synthesis.complete(half) { _ in
                count += 1
                return count < 3
            } == nil)
        #expect(count == 3)
    }

    /// Truth: one tile after the other.
    @Test func tilesSideBySideGiveTheBitsOfOneAfterTheOther() {
        let half = Self.detail(0.02, seed: 50, half: true)
        var options = DetailSynthesis.Options()
        (options.tile, options.evaluations) = (32, [6])
        /// The result, and the tile of each step.
        func complete(together: Int, steps: Int = .max) -> (values: [Float]?, tiles: [Int]) {
            options.together = together
            var tiles: [Int] = []
            let found = Self.synthesis(of: half, options: options).complete(half) {
                tiles.append($0.window)
                return tiles.count < steps
            }
            return (found?.values, tiles)
        }
        let (slow, fast) = (complete(together: 1), complete(together: 2))
        #expect(slow.values != half.values)
        #expect(fast.values == slow.values)
        #expect(slow.tiles == slow.tiles.sorted() && slow.tiles == fast.tiles.sorted())
        let stop = fast.tiles.count * 3 / 4 + 1
        let stopped = complete(together: 2, steps: stop)
        #expect(stopped.values == nil && stopped.tiles.count == stop)
    }

    /// Truth: the rule itself, for workers who finish in any order.
    @Test(arguments: [1, 2, 3]) func piecesWaitForThoseBeforeThemThatConcernThem(workers: Int) {
        var generator = SeededGenerator(seed: UInt64(workers))
        let size = 1024
        let work = (0..<size * size).map { abs($0 % size - 512) + abs($0 / size - 500) < 480 }
        let pieces = DetailWindows(side: 128).pieces(work, size: size)
        #expect(pieces.count > 30)
        var queue = PieceQueue(pieces)
        var (order, finished, running, most) = ([Int](), Set<Int>(), [Int](), 0)
        while true {
            while running.count < workers, let k = queue.take() {
                for j in pieces.indices where pieces[k].concerns(pieces[j]) && j != k {
                    #expect(j < k ? finished.contains(j) : !order.contains(j), "\(k) beside \(j)")
                }
                order.append(k)
                running.append(k)
            }
            most = max(most, running.count)
            guard !running.isEmpty else { break }
            let done = running.remove(at: Int(generator.next() % UInt64(running.count)))
            finished.insert(done)
            queue.finish(done)
        }
        #expect(order.sorted() == Array(pieces.indices) && most == workers)
    }

    @Test func theConvexFitIsOptimal() {
        var generator = SeededGenerator(seed: 4)
        for n in [2, 7, 30] {
            let rows = (0..<n * 12).map { _ in generator.normal() }
            var a = [Double](repeating: 0, count: n * n)
            for r in 0..<n {
                for c in 0..<n { a[r * n + c] = (0..<12).reduce(0) { $0 + rows[r * 12 + $1] * rows[c * 12 + $1] } }
            }
            let b = (0..<n).map { _ in 3 * generator.normal() }
            let w = ConvexFit.minimize(a, b, steps: 4000)
            #expect(abs(w.reduce(0, +) - 1) < 1e-9 && w.allSatisfy { $0 >= 0 })
            // Karush–Kuhn–Tucker: no weight can be moved to where the slope is lower.
            let slope = (0..<n).map { r in (0..<n).reduce(-b[r]) { $0 + a[r * n + $1] * w[$1] } }
            let used = slope.indices.filter { w[$0] > 1e-6 }.map { slope[$0] }
            #expect(used.max()! - slope.min()! < 0.02, "\(n) weights")
        }
    }

    @Test func aDatabaseComesBackFromItsFileAndDamageIsNoticed() throws {
        let contents = Self.contents()
        let file = contents.encoded()
        let back = try FaceDatabaseContents(encoded: file)
        #expect(back.network.weights == contents.network.weights && back.size == 256)
        #expect(back.database.faces == 3 && back.encoded() == file)
        for at in [3, 20, file.count / 2, file.count - 5] {
            var damaged = file
            damaged[at] ^= 0x40
            #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents(encoded: damaged) }
        }
        #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents(encoded: Array(file.prefix(1000))) }
    }

    @Test func octavesThatACameraResolvesFallWithItsDistance() {
        let near = Self.pyramid.resolved(pixelsPerMetre: 4000)
        let far = Self.pyramid.resolved(pixelsPerMetre: 200)
        #expect(near == [1] && far == [0])
    }

    /// Truth: the neighbours counted one by one.
    @Test func evidenceIsWhereNearlyAllAroundIsSeen() {
        var generator = SeededGenerator(seed: 5)
        for (width, height, reach) in [(40, 30, 1), (33, 50, 4), (20, 5, 8)] {
            var seen = (0..<width * height).map { _ in generator.uniform() < 0.04 ? Float(0.5) : 1 }
            for i in 0..<width { seen[i] = 0 }
            let found = DetailMap.evidence(seen, width: width, height: height, reach: reach)
            for y in 0..<height {
                for x in 0..<width {
                    var (all, known) = (0, 0)
                    for j in max(y - reach, 0)...min(y + reach, height - 1) {
                        for i in max(x - reach, 0)...min(x + reach, width - 1) {
                            all += 1
                            known += seen[j * width + i] > 0.9 ? 1 : 0
                        }
                    }
                    let wanted: Float = seen[y * width + x] > 0.9 && Double(known) >= 0.88 * Double(all) ? 1 : 0
                    #expect(found[y * width + x] == wanted, "(\(x), \(y)), reach \(reach)")
                }
            }
        }
    }

    @Test func statisticsByTilesAreThoseOfTheWholeMapAndOnlyWhatChangedIsLookedAtAgain() throws {
        let features = DetailNetwork(seed: 3).network()
        var map = Self.detail(0.02, seed: 50, half: true)
        var tiles = TiledStatistics()
        let found = tiles.statistics(of: map, pyramid: Self.pyramid, network: features)
        #expect(tiles.renewed == tiles.total && tiles.total > 1)
        // The whole map at once, by the call that knows nothing of regions.
        let picture = FeatureMap(MapShape(channels: 1, height: 256, width: 256))
        picture.assign(map.values.span)
        let regions = Self.pyramid.regions(at: 256)
        let tap = features.forward(picture)[0]
        let evidence = map.evidence(reach: features.reaches[0])
        for k in [0, 3, 7] {
            let mask = evidence.indices.map { i -> Float in
                guard evidence[i] > 0, regions.covered[i] > 0 else { return 0 }
                let share = regions.share[i]
                return (Int(regions.first[i]) == k ? share : 0) + (Int(regions.second[i]) == k ? 1 - share : 0)
            }
            let whole = Correlations(of: tap, at: Places(mask: mask.span))
            let own = found.correlations[found.index(octave: 0, tap: 0, region: k)]
            guard whole.weight > 100 else { continue }
            #expect(abs(own.weight / whole.weight - 1) < 0.01, "region \(k): \(own.weight) of \(whole.weight)")
            #expect(zip(own.means, whole.means).allSatisfy { abs($0 - $1) < 0.01 * (1 + abs($1)) })
        }
        _ = tiles.statistics(of: map, pyramid: Self.pyramid, network: features)
        #expect(tiles.renewed == 0)
        let seen = try #require(map.seen.firstIndex { $0 == 1 })
        for i in seen..<seen + 400 { map.values[i] += 0.1 }
        _ = tiles.statistics(of: map, pyramid: Self.pyramid, network: features)
        #expect(tiles.renewed > 0 && tiles.renewed < tiles.total)
    }

    @Test func contrastScalesCorrelationsAsADatabaseIsExtended() {
        let features = DetailNetwork(seed: 3).network()
        func statistics(_ contrast: Float) -> DetailStatistics {
            DetailStatistics(of: Self.detail(contrast, seed: 20), pyramid: Self.pyramid, network: features)
        }
        // Two octaves of which the finer has half the contrast: the one to come has a quarter.
        let (fine, coarse, finest) = (statistics(0.02), statistics(0.04), statistics(0.01))
        let both = DetailStatistics(
            octaves: 2, taps: 4, correlations: fine.correlations + coarse.correlations,
            bands: fine.bands.prefix(DetailRegions.count) + coarse.bands)
        let extended = FaceDatabase([both, both]).extended(octaves: 1)
        #expect(extended.octaves == 3)
        let region = (0..<DetailRegions.count).max { finest.correlations[$0].weight < finest.correlations[$1].weight }!
        let (block, truth) = (extended.blocks[region], finest.correlations[region].means)
        let means = block.blend([0.5, 0.5])
        var (at, miss) = (0, 0.0)
        for r in 0...block.channels {
            for c in 0...r {
                miss = max(miss, abs(Double(means[at]) - truth[r * (block.channels + 1) + c]))
                at += 1
            }
        }
        #expect(miss < 0.02 * truth.max()!, "off by \(miss) of \(truth.max()!)")
    }

    @Test func whatWasSeenOfARegionGoesIntoItsTargetAndItsCounterparts() throws {
        let contents = Self.contents()
        let features = contents.network.network()
        let relations = FaceRelations(contents.database)
        // A contrast that no face of the database has.
        let seen = DetailStatistics(of: Self.detail(0.048, seed: 60), pyramid: Self.pyramid, network: features)
        let combined = DetailAnalysis(of: seen, relations: relations, own: false)
        var oneSide = seen
        // The best seen of those that have a counterpart.
        let right = try #require(
            (0..<DetailRegions.count).filter { DetailRegions.mirrored[$0] != $0 }.max {
                seen.correlations[$0].weight < seen.correlations[$1].weight
            })
        let left = DetailRegions.mirrored[right]
        #expect(DetailRegions.mirrored[left] == right)
        for tap in 0..<seen.taps {
            let i = seen.index(octave: 0, tap: tap, region: left)
            oneSide.correlations[i] = Correlations(channels: seen.correlations[i].channels)
        }
        let analysis = DetailAnalysis(of: oneSide, relations: relations)
        for region in [left, right] {
            func miss(_ target: [Float], _ i: Int) -> Double {
                let truth = seen.correlations[seen.index(octave: 0, tap: 1, region: right)].means
                return zip(target, truth).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }.squareRoot()
            }
            let i = seen.index(octave: 0, tap: 1, region: region)
            #expect(miss(analysis.targets[i], i) < 0.5 * miss(combined.targets[i], i))
        }
    }

    /// Skin of one colour with detail of a standard deviation of 0.03, seen wholly or in its upper half.
    private static func texture(half: Bool = false) -> Texture {
        let size = 256
        var albedo = [Float](repeating: 0.4, count: 3 * size * size)
        let skin = pyramid.regions(at: size).skin
        let detail = detail(0.03, seed: 70, half: half)
        for i in 0..<size * size {
            for c in 0..<3 { albedo[3 * i + c] *= exp(skin[i] * detail.values[i]) * [1, 0.8, 0.7][c] }
        }
        return Texture(
            albedo: FloatImage(width: size, height: size, channels: 3, values: albedo),
            confidence: FloatImage(
                width: size, height: size, channels: 1, values: detail.seen.map { $0 > 0 ? 1 : 0 }))
    }

    /// Of 512², whose two octaves have the same statistics.
    private static func largerSynthesizer() -> TextureSynthesizer {
        let contents = contents()
        var two = contents.database.blocks
        two += contents.database.blocks
        let bands = contents.database.energies
        let database = FaceDatabase(
            octaves: 2, taps: 4, faces: 3, blocks: two, energies: bands.prefix(DetailRegions.count) + bands)
        return TextureSynthesizer(
            atlas: atlas, contents: FaceDatabaseContents(network: contents.network, database: database, size: 512),
            size: 512)
    }

    /// Truth: the contrast of the seen half, and a synthesis that was not sketched.
    @Test func aSketchIsTheCoarsestOctaveInAFewStepsAndChangesNothing() throws {
        let (texture, synthesizer) = (Self.texture(half: true), Self.largerSynthesizer())
        var most = 0
        let sketch = try #require(
            synthesizer.sketch(of: texture, pixelsPerMetre: 3000) {
                most = max(most, $0.evaluation)
                return true
            })
        #expect(sketch.detail.size == 256 && synthesizer.shareDone(in: sketch) == 0.5 && (1...10).contains(most))
        let skin = Self.pyramid.regions(at: 256).skin
        let unseen = skin.indices.filter { skin[$0] > 0 && sketch.detail.seen[$0] == 0 }
        let found = Self.deviation(sketch.detail, unseen)
        #expect(unseen.count > 5000 && abs(found / 0.03 - 1) < 0.3, "\(found) beside 0.03")
        #expect(synthesizer.sketch(of: texture, pixelsPerMetre: 3000) { _ in false } == nil)
        let (after, without) = (
            try #require(synthesizer.state(of: texture, pixelsPerMetre: 3000)),
            try #require(Self.largerSynthesizer().state(of: texture, pixelsPerMetre: 3000))
        )
        #expect(after.detail.values == without.detail.values && synthesizer.shareDone(in: after) == 1)
        let small = TextureSynthesizer(atlas: Self.atlas, contents: Self.contents())
        #expect(small.sketch(of: texture, pixelsPerMetre: 3000) == nil)
    }

    @Test func aLargerTextureKeepsTheColoursThatWereSeen() throws {
        let size = 256
        let (texture, synthesizer) = (Self.texture(), Self.largerSynthesizer())
        let (albedo, skin) = (texture.albedo.values, Self.pyramid.regions(at: size).skin)
        // Sharp enough for the texture's own size, not for twice as much.
        let state = try #require(synthesizer.state(of: texture, pixelsPerMetre: 1000))
        let larger = synthesizer.texture(texture, with: state)
        #expect(larger.albedo.width == 512)
        var (error, count, rough) = (Float.zero, Float.zero, Float.zero)
        for y in 8..<size - 8 {
            for x in 8..<size - 8 where skin[y * size + x] > 0 {
                let block = [0, 1, 512, 513].map { larger.albedo.values[3 * (2 * y * 512 + 2 * x + $0) + 1] }
                let mean = block.reduce(0, +) / 4
                error += abs(mean / albedo[3 * (y * size + x) + 1] - 1)
                rough += (block.max()! - block.min()!) / mean
                count += 1
            }
        }
        try #require(count > 1000)
        #expect(error / count < 0.05, "seen colours are off by \(error / count)")
        #expect(rough / count > 0.01, "nothing finer was synthesized")
    }
}
