internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// Hidden regions of faces that the database does not have, synthesized and compared with what was hidden.
struct SynthesisBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "synthesis")
    @Option(help: "Directory of photographs NNN_03.jpg; numbers ending in 0 or 5 are held out.") var faces: String
    @Option var models: String?
    @Option var size = 1024
    @Option(help: "So many of the held-out faces.") var count = 6
    @Option var tests = 3
    @Flag var predict = false
    @Flag var onlyIdeal = false
    @Option var cache: String?
    @Option var smallest = 256
    @Option(parsing: .upToNextOption) var evaluations = [60, 40, 30]
    @Option(help: "Directory for sheets.") var sheets: String?
    @Option(help: "Seed of the network's weights.") var seed: UInt64 = 1

    private static let hidden: [(name: String, regions: [String])] = [
        ("cheeks", ["left cheek", "right cheek"]),
        ("jaw", ["left jaw", "right jaw", "left chin", "right chin"]),
        ("forehead sides", ["left forehead", "right forehead"]),
    ]

    func run() throws {
        let directory = Places.models(option: models)
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: size)
        let pyramid = DetailPyramid(atlas: atlas, smallest: smallest)
        let regions = pyramid.regions(at: size)
        let all = try FileManager.default.contentsOfDirectory(atPath: faces).filter { $0.hasSuffix(".jpg") }.sorted()
        let held = all.filter { ["0", "5"].contains($0.prefix(3).suffix(1)) }
        var clock = ContinuousClock.now
        let contents: FaceDatabaseContents
        if let file = FileManager.default.contents(atPath: cache ?? "") {
            contents = try FaceDatabaseContents(encoded: [UInt8](file))
        } else {
            let statistics = try FaceDatabaseFile.build(
                photos: all.filter { !held.contains($0) }.map { faces + "/" + $0 }, atlas: atlas, pyramid: pyramid,
                network: DetailNetwork(seed: seed), models: directory
            ) { _, name, rejection in if let rejection { print("\(name): \(rejection)") } }
            contents = FaceDatabaseContents(
                network: DetailNetwork(seed: seed), database: FaceDatabase(statistics), size: size)
            if let cache { try Data(contents.encoded()).write(to: URL(fileURLWithPath: cache)) }
        }
        let (network, database) = (contents.network, contents.database)
        print("database of \(database.faces) faces in \(ContinuousClock.now - clock)")
        let features = network.network()
        let distance = DetailDistance(size: size)
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        var sums: [String: [Double]] = [:]
        for name in held.prefix(count) {
            let photo = try maker.texture(of: faces + "/" + name)
            let truth = DetailMap(photo, seen: photo.evidence, regions: regions)
            let evidence = truth.evidence(reach: DetailPyramid.reach)
            for test in Self.hidden.prefix(tests) {
                let numbers = Set(test.regions.map { DetailRegions.names.firstIndex(of: $0)! })
                let hide = (0..<size * size).map { i -> Bool in
                    regions.skin[i] > 0 && numbers.contains(Int(regions.first[i]))
                }
                var masked = truth
                for i in hide.indices where hide[i] {
                    masked.seen[i] = 0
                    masked.values[i] = 0
                }
                let texels = hide.indices.filter { hide[$0] && evidence[$0] > 0 }
                let seen = DetailStatistics(of: masked, pyramid: pyramid, network: features)
                let analysis = DetailAnalysis(of: seen, database: database)
                if predict {
                    let all = DetailStatistics(of: truth, pyramid: pyramid, network: features)
                    let uniform = [Double](repeating: 1, count: database.faces)
                    func miss(_ a: DetailAnalysis) -> Double {
                        var (sum, n) = (0.0, 0.0)
                        for (i, block) in database.blocks.enumerated()
                        where numbers.contains(i % DetailRegions.count) && all.correlations[i].weight > 200 {
                            let t = zip(a.targets[i], all.correlations[i].means).reduce(0.0) {
                                $0 + pow(Double($1.0) - $1.1, 2)
                            }
                            sum += (t / block.spread).squareRoot()
                            n += 1
                        }
                        return sum / max(n, 1)
                    }
                    for ridge in [0.02, 0.1, 0.3, 1, 3, 10] {
                        let a = DetailAnalysis(of: seen, database: database, ridge: ridge)
                        sums["\(test.name) ridge \(ridge)", default: [0, 0]][0] += miss(a)
                        sums["\(test.name) ridge \(ridge)"]![1] += a.effectiveFaces
                    }
                    sums["\(test.name) mean", default: [0]][0] += miss(analysis.with(weights: uniform, database))
                    let best = analysis.weights.indices.max { analysis.weights[$0] < analysis.weights[$1] }!
                    sums["\(test.name) nearest", default: [0]][0] += miss(
                        analysis.with(weights: analysis.weights.indices.map { $0 == best ? 1 : 0 }, database))
                    continue
                }
                clock = .now
                func made(_ analysis: DetailAnalysis) -> DetailMap {
                    var options = DetailSynthesis.Options()
                    options.evaluations = evaluations
                    return DetailSynthesis(
                        pyramid: pyramid, network: features, analysis: analysis, database: database, options: options
                    )
                    .complete(masked) { step in
                        if ProcessInfo.processInfo.environment["DBG"] != nil, step.evaluation % 10 == 1 {
                            print(step.size, step.evaluation, step.loss)
                        }
                        return true
                    }!
                }
                let ideal = made(
                    DetailAnalysis(
                        ideal: DetailStatistics(of: truth, pyramid: pyramid, network: features), database: database))
                if onlyIdeal {
                    sums[test.name, default: [0, 0]][0] += distance.distance(
                        masked.values, truth: truth.values, at: texels)
                    sums[test.name]![1] += distance.distance(ideal.values, truth: truth.values, at: texels)
                    let each = [1, 2, 4, 8].map { s in
                        String(
                            format: "%.3f",
                            DetailDistance(size: size, scales: [Float(s)]).distance(
                                ideal.values, truth: truth.values, at: texels))
                    }
                    print(name, each, test.name, sums[test.name]!, (ContinuousClock.now - clock) / .seconds(1))
                    continue
                }
                let ours = made(analysis)
                let seconds = (ContinuousClock.now - clock) / .seconds(1)
                let mean = made(analysis.with(weights: [Double](repeating: 1, count: database.faces), database))
                let best = analysis.weights.indices.max { analysis.weights[$0] < analysis.weights[$1] }!
                let nearest = made(
                    analysis.with(weights: analysis.weights.indices.map { $0 == best ? 1 : 0 }, database))
                let figures = [masked, ours, mean, nearest, ideal].map {
                    distance.distance($0.values, truth: truth.values, at: texels)
                }
                sums[test.name, default: [0, 0, 0, 0, 0]] = zip(sums[test.name, default: [0, 0, 0, 0, 0]], figures).map
                {
                    $0 + $1
                }
                print(
                    name, test.name, texels.count, figures.map { String(format: "%.3f", $0) },
                    String(
                        format: "%.1f s, residual %.2f, %.0f faces", seconds, analysis.residual, analysis.effectiveFaces
                    ))
                if let sheets {
                    try sheet([truth, masked, ours, mean]).write(
                        to: URL(fileURLWithPath: "\(sheets)/\(name.prefix(3))-\(test.name).png"))
                }
            }
        }
        if predict || onlyIdeal {
            return sums.sorted { $0.key < $1.key }.forEach {
                print($0.key, $0.value.map { $0 / Double(min(count, held.count)) })
            }
        }
        print("smooth | ours | mean | nearest | ideal")
        for (name, sum) in sums {
            print(
                name, sum.map { String(format: "%.3f", $0 / Double(min(count, held.count))) },
                String(
                    format: "ours: %.2f of smooth, %.2f of mean, %.2f of nearest", sum[1] / sum[0], sum[1] / sum[2],
                    sum[1] / sum[3]))
        }
    }

    private func sheet(_ maps: [DetailMap]) throws -> Data {
        var picture = Image(width: size * maps.count, height: size, channels: 1)
        for (k, map) in maps.enumerated() {
            for y in 0..<size {
                for x in 0..<size {
                    picture.bytes[(y * maps.count + k) * size + x] = UInt8(
                        min(max(128 + 400 * map.values[y * size + x], 0), 255))
                }
            }
        }
        return Data(try picture.png())
    }
}
