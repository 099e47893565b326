internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// Regions of faces that the database does not have, hidden on both sides, synthesized, and compared with what was hidden:
/// beside leaving them smooth, the database's mean, its nearest face, and the hidden region's own statistics.
struct SynthesisBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "synthesis")
    @Option(help: "Directory of photographs NNN_03.jpg; numbers ending in 0 or 5 are held out.") var faces: String
    @Option var models: String?
    @Option(help: "A database of the other faces; the models' one when not given.") var database: String?
    @Option(help: "The safetensors file that the database was built with, if it was.") var features: String?
    @Option(help: "So many of the held-out faces.") var count = 3
    @Option(help: "Directory for pictures: truth, hidden, ours, mean, side by side.") var sheets: String?

    private static let hidden: [(name: String, regions: [String])] = [
        ("cheeks", ["left cheek", "right cheek"]),
        ("jaw", ["left jaw", "right jaw", "left chin", "right chin"]),
        ("forehead sides", ["left forehead", "right forehead"]),
    ]
    private static let columns = ["smooth", "ours", "mean", "nearest", "ideal"]

    /// What one hidden region came to.
    private struct Trial {
        var maps: [DetailMap]
        /// By `columns`.
        var distances: [Double]
        var line: String
    }

    func run() throws {
        let directory = Places.models(option: models)
        let file = database ?? directory + "/" + FaceDatabaseFile.name
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw Failure(.configuration, "\(file) is missing: run ./set-up, or name a database with --database")
        }
        let contents = try FaceDatabaseContents(
            encoded: [UInt8](bytes),
            weights: self.features.map { try FaceDatabaseFile.weights(of: $0, key: "--features") })
        let size = contents.size
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: size)
        let pyramid = DetailPyramid(atlas: atlas)
        let features = contents.network.network()
        let distance = DetailDistance(size: size)
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        let held = try FileManager.default.contentsOfDirectory(atPath: faces).sorted().filter {
            $0.hasSuffix(".jpg") && ["0", "5"].contains($0.prefix(3).suffix(1))
        }.prefix(count)
        print("distance to the truth: " + Self.columns.joined(separator: ", "))
        var sums: [String: [Double]] = [:]
        for name in held {
            let photo = try maker.texture(of: faces + "/" + name)
            let truth = DetailMap(photo, seen: photo.evidence, regions: pyramid.regions(at: size))
            for test in Self.hidden {
                guard
                    let trial = trial(
                        truth, hiding: test.regions, contents.database, pyramid, features, distance)
                else { continue }
                print("\(name.prefix(3)) \(test.name): \(trial.line)")
                sums[test.name] = zip(
                    sums[test.name] ?? Self.columns.map { _ in 0 } + [0], trial.distances + [1]
                ).map { $0 + $1 }
                if let sheets {
                    try Data(sheet(trial.maps).png()).write(
                        to: URL(fileURLWithPath: "\(sheets)/\(name.prefix(3))-\(test.name).png"))
                }
            }
        }
        for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
            let means = sum.dropLast().map { $0 / sum[sum.count - 1] }
            print(
                "\(name), \(Int(sum[sum.count - 1])) faces: \(Self.text(means)); ours is "
                    + String(
                        format: "%.2f of smooth, %.2f of mean, %.2f of nearest", means[1] / means[0],
                        means[1] / means[2],
                        means[1] / means[3]))
        }
    }

    /// `nil` where too little of the regions was seen to compare.
    private func trial(
        _ truth: DetailMap, hiding names: [String], _ database: FaceDatabase, _ pyramid: DetailPyramid,
        _ features: FeatureNetwork, _ distance: DetailDistance
    ) -> Trial? {
        let regions = pyramid.regions(at: truth.size)
        let numbers = Set(names.map { DetailRegions.names.firstIndex(of: $0)! })
        let evidence = truth.evidence(reach: DetailPyramid.reach)
        var masked = truth
        var texels: [Int] = []
        for i in truth.values.indices where regions.skin[i] > 0 && numbers.contains(Int(regions.first[i])) {
            (masked.seen[i], masked.values[i]) = (0, 0)
            if evidence[i] > 0 { texels.append(i) }
        }
        guard texels.count > 2000 else { return nil }
        let start = ContinuousClock.now
        let seen = DetailStatistics(of: masked, pyramid: pyramid, network: features)
        let ours = DetailAnalysis(of: seen, database: database)
        func complete(_ analysis: DetailAnalysis) -> DetailMap {
            DetailSynthesis(pyramid: pyramid, network: features, analysis: analysis, database: database)
                .complete(masked)!
        }
        let own = complete(ours)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let nearest = ours.weights.indices.max { ours.weights[$0] < ours.weights[$1] }!
        let maps =
            [masked, own]
            + [
                ours.with(weights: ours.weights.map { _ in 1 }, database),
                ours.with(weights: ours.weights.indices.map { $0 == nearest ? 1 : 0 }, database),
                DetailAnalysis(
                    ideal: DetailStatistics(of: truth, pyramid: pyramid, network: features), database: database),
            ].map(complete)
        let distances = maps.map { distance.distance($0.values, truth: truth.values, at: texels) }
        return Trial(
            maps: [truth, masked, own, maps[2]], distances: distances,
            line: Self.text(distances)
                + String(
                    format: "; %.0f s, %.0f faces take part, residual %.2f", seconds, ours.effectiveFaces, ours.residual
                ))
    }

    private static func text(_ values: [Double]) -> String {
        values.map { String(format: "%.3f", $0) }.joined(separator: " ")
    }

    private func sheet(_ maps: [DetailMap]) -> Image {
        let size = maps[0].size
        var picture = Image(width: size * maps.count, height: size, channels: 1)
        for (k, map) in maps.enumerated() {
            for at in map.values.indices {
                let to = (at / size * maps.count + k) * size + at % size
                picture.bytes[to] = UInt8(min(max(128 + 400 * map.values[at], 0), 255))
            }
        }
        return picture
    }
}
