internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// How much of each octave's contrast smaller pictures of the same faces show.
struct ResolutionBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resolution")
    @Argument(help: "Photographs of faces, as large as there are.") var photos: [String]
    @Option var models: String?

    func run() throws {
        let directory = Places.models(option: models)
        guard let contents = try FaceDatabaseFile.load(from: directory) else {
            throw Failure(.configuration, "\(directory) has no face database: run ./set-up")
        }
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: contents.size)
        let (pyramid, network) = (DetailPyramid(atlas: atlas), contents.network.network())
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        var found: [(size: Int, factor: Int, share: Double, band: Double, features: Double)] = []
        for photo in photos {
            func statistics(_ factor: Int) throws -> (DetailStatistics, Double)? {
                guard let picture = try? maker.texture(of: photo, shrunkBy: factor) else { return nil }
                let detail = DetailMap(
                    picture.texture, seen: picture.texture.evidence, regions: pyramid.regions(at: atlas.size))
                return (DetailStatistics(of: detail, pyramid: pyramid, network: network), picture.pixelsPerMetre)
            }
            guard let (whole, _) = try statistics(1) else { continue }
            for factor in 2...7 {
                guard let (small, density) = try statistics(factor) else { continue }
                for octave in pyramid.sizes.indices {
                    func loss(_ energy: (DetailStatistics, Int) -> Double?) -> Double? {
                        let losses = (0..<DetailRegions.count).compactMap { region in
                            energy(small, region).flatMap { a in energy(whole, region).map { a - $0 } }
                        }
                        return losses.isEmpty ? nil : losses.sorted()[losses.count / 2]
                    }
                    guard let band = loss({ $0.logEnergy(band: octave, region: $1) }),
                        let features = loss({ $0.logFeatureEnergy(octave: octave, region: $1) })
                    else { continue }
                    let share = pyramid.share(pixelsPerMetre: density, octave: octave)
                    found.append((pyramid.sizes[octave], factor, share, band, features))
                }
            }
        }
        print(
            "octave, shrunk by: pixels a texel (mean) | log energy of a band | of features, beside the large picture's (median, quartiles)"
        )
        let groups = Dictionary(grouping: found) { [-$0.size, $0.factor] }
        for (key, group) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let words = [group.map(\.band), group.map(\.features)].map { losses in
                let sorted = losses.sorted()
                return [2, 1, 3].map { String(format: "%+.2f", sorted[sorted.count * $0 / 4]) }.joined(separator: " ")
            }
            let share = group.reduce(0) { $0 + $1.share } / Double(group.count)
            print(String(format: "%4d, %d: %.2f | ", -key[0], key[1], share) + words.joined(separator: " | "))
        }
    }
}
