internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// What an analysis costs: the first of a face, one where nothing changed, and one after new frames changed a part of it; and
/// how soon there is a first synthesis.
struct AnalysisBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "analysis")
    @Argument(help: "A photograph of a face.") var photo: String
    @Option var models: String?
    @Option(help: "Rows of the atlas in which something changes, of 1024.") var rows = 64
    @Option(help: "Changes to look at; the median is told.") var changes = 9

    @Option(help: "Texels along a side of the texture that is sketched first.") var size = 2048

    func validate() throws {
        let sizes = [512, 1024, 2048]
        if !sizes.contains(size) { throw ValidationError("--size is one of \(sizes)") }
    }

    func run() throws {
        let directory = Places.models(option: models)
        guard let contents = try FaceDatabaseFile.load(from: directory) else {
            throw Failure(.configuration, "\(directory) has no face database: run ./set-up")
        }
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: contents.size)
        let pyramid = DetailPyramid(atlas: atlas)
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        let photo = try maker.texture(of: photo)
        let texture = photo.texture
        var detail = DetailMap(texture, seen: texture.evidence, regions: pyramid.regions(at: atlas.size))
        let (network, relations) = (contents.network.network(), FaceRelations(contents.database))
        var tiles = TiledStatistics()
        var start: [[Double]]?
        func analyse() -> (sums: Double, fit: Double) {
            let began = ContinuousClock.now
            let seen = tiles.statistics(
                of: detail, pyramid: pyramid, network: network, largestDeep: contents.network.largestDeep)
            let counted = ContinuousClock.now
            let analysis = DetailAnalysis(of: seen, relations: relations, start: start)
            start = analysis.regionWeights
            return ((counted - began) / .milliseconds(1), (ContinuousClock.now - counted) / .milliseconds(1))
        }
        func tell(_ what: String, _ times: [(sums: Double, fit: Double)]) {
            let time = times.sorted { $0.sums + $0.fit < $1.sums + $1.fit }[times.count / 2]
            print(
                String(
                    format:
                        "\(what): %.0f ms (sums %.0f, fit %.0f), \(tiles.renewed) of \(tiles.total) tiles looked at",
                    time.sums + time.fit, time.sums, time.fit))
        }
        tell("first", [analyse()])
        tell("the same again", (0..<changes).map { _ in analyse() })
        let middle = atlas.size / 2
        let times = (0..<changes).map { round in
            for y in middle..<min(middle + rows, atlas.size) {
                for x in 0..<atlas.size where detail.seen[y * atlas.size + x] > 0 {
                    detail.values[y * atlas.size + x] *= round % 2 == 0 ? 0.8 : 1.25
                }
            }
            return analyse()
        }
        tell("after a change in \(rows) rows", times)
        let first = (0..<3).map { _ in
            let synthesizer = TextureSynthesizer(atlas: atlas, contents: contents, size: size)
            let began = ContinuousClock.now
            let sketch = synthesizer.sketch(of: texture, pixelsPerMetre: photo.pixelsPerMetre)
            precondition(sketch != nil, "no sketch of \(size)²")
            return (ContinuousClock.now - began) / .seconds(1)
        }
        print(String(format: "first synthesis, the sketch: %.2f s", first.sorted()[1]))
    }
}
