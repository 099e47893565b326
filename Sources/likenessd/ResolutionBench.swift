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
        var found: [(share: Double, loss: Double)] = []
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
                    let losses = (0..<DetailRegions.count).compactMap { region -> Double? in
                        guard let a = small.logEnergy(octave: octave, region: region),
                            let b = whole.logEnergy(octave: octave, region: region)
                        else { return nil }
                        return a - b
                    }
                    guard !losses.isEmpty else { continue }
                    let share = pyramid.share(pixelsPerMetre: density, octave: octave)
                    found.append((share, losses.sorted()[losses.count / 2]))
                }
            }
        }
        print("pixels a texel, log energy beside the large picture's (median, quartiles)")
        for group in Dictionary(grouping: found, by: { ($0.share * 10).rounded() / 10 }).sorted(by: { $0.key < $1.key })
        {
            let losses = group.value.map(\.loss).sorted()
            print(
                String(
                    format: "%.1f  %+.2f  %+.2f %+.2f  %d", group.key, losses[losses.count / 2],
                    losses[losses.count / 4], losses[losses.count * 3 / 4], losses.count))
        }
    }
}
