internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// What an analysis costs: the first of a face, one where nothing changed, and one after new frames changed a part of it.
struct AnalysisBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "analysis")
    @Argument(help: "A photograph of a face.") var photo: String
    @Option var models: String?
    @Option(help: "Rows of the atlas in which something changes, of 1024.") var rows = 64

    func run() throws {
        let directory = Places.models(option: models)
        guard let contents = try FaceDatabaseFile.load(from: directory) else {
            throw Failure(.configuration, "\(directory) has no face database: run ./set-up")
        }
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: contents.size)
        let pyramid = DetailPyramid(atlas: atlas)
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        let texture = try maker.texture(of: photo).texture
        var detail = DetailMap(texture, seen: texture.evidence, regions: pyramid.regions(at: atlas.size))
        let (network, relations) = (contents.network.network(), FaceRelations(contents.database))
        var tiles = TiledStatistics()
        var start: [[Double]]?
        func analyse(_ what: String) {
            let began = ContinuousClock.now
            let seen = tiles.statistics(of: detail, pyramid: pyramid, network: network)
            let counted = ContinuousClock.now
            let analysis = DetailAnalysis(of: seen, relations: relations, start: start)
            let (sums, fit) = (counted - began, ContinuousClock.now - counted)
            start = analysis.regionWeights
            print(
                String(
                    format:
                        "\(what): %.0f ms (sums %.0f, fit %.0f), \(tiles.renewed) of \(tiles.total) tiles looked at",
                    1000 * ((sums + fit) / .seconds(1)), 1000 * (sums / .seconds(1)), 1000 * (fit / .seconds(1))))
        }
        analyse("first")
        analyse("the same again")
        let middle = atlas.size / 2
        for y in middle..<min(middle + rows, atlas.size) {
            for x in 0..<atlas.size where detail.seen[y * atlas.size + x] > 0 {
                detail.values[y * atlas.size + x] *= 0.8
            }
        }
        analyse("after a change in \(rows) rows")
    }
}
