internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// Parts of a face hidden, their smooth colours told from the rest, and compared with the truth; or all its colours taken away.
struct AlbedoBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "albedo")
    @Argument(help: "Photographs of faces that the database does not have.") var photos: [String]
    @Option var models: String?
    @Option(help: "A database; the models' one when not given.") var database: String?
    @Option(help: "Judge each of so many parts of the photographs by a model of the others instead.") var folds = 0
    @Flag(help: "Take the photographs' colours away and give them back, instead of hiding anything.") var grey = false
    @Option(help: "Modes of those models at most.") var modes = 16
    @Option(
        help: ArgumentHelp(
            "Directory for pictures NAME-PLACE.png: truth, filled from around, filled by the model; faces of the first fold."
        )) var sheets: String?

    func validate() throws {
        guard folds == 0 || folds > 1 else { throw ValidationError("--folds is \(folds): give 2 or more") }
        guard !grey || folds == 0 else { throw ValidationError("give one of --grey and --folds") }
    }

    func run() throws {
        let directory = Places.models(option: models)
        let file = database ?? directory + "/" + FaceDatabaseFile.name
        let contents = try SynthesisBench.contents(file)
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: contents.size)
        if let sheets { try FileManager.default.createDirectory(atPath: sheets, withIntermediateDirectories: true) }
        if grey { return try runGrey(atlas: atlas, albedo: contents.albedo, models: directory) }
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        var faces: [(name: String, photo: PhotoTexture)] = []
        for path in photos {
            faces.append(
                (((path as NSString).lastPathComponent as NSString).deletingPathExtension, try maker.texture(of: path)))
        }
        let trial = AlbedoTrial(atlas: atlas)
        var sums: [AlbedoTrial.Place: (count: Int, around: Double, model: Double, better: Int)] = [:]
        for fold in 0..<max(folds, 1) {
            func isJudged(_ k: Int) -> Bool { folds == 0 || k % folds == fold }
            let others = faces.indices.filter { !isJudged($0) }.map { faces[$0].photo.colours }
            let model = folds == 0 ? contents.albedo : AlbedoModel(faces: others, atlas: atlas, modes: modes)
            guard let model else { throw Failure(.configuration, "\(file) has no albedo model: build it again") }
            for k in faces.indices where isJudged(k) {
                for place in AlbedoTrial.Place.allCases {
                    guard let around = trial.result(of: faces[k].photo.fused, hidden: place, albedo: nil),
                        let told = trial.result(of: faces[k].photo.fused, hidden: place, albedo: model)
                    else { continue }
                    var sum = sums[place] ?? (0, 0, 0, 0)
                    sum.count += 1
                    sum.around += around.difference
                    sum.model += told.difference
                    sum.better += told.difference < around.difference ? 1 : 0
                    sums[place] = sum
                    guard let sheets, fold == 0 else { continue }
                    let sheet = Self.sheet([faces[k].photo.texture, around.texture, told.texture])
                    try Data(sheet.png()).write(
                        to: URL(fileURLWithPath: "\(sheets)/\(faces[k].name)-\(place.rawValue).png"))
                }
            }
        }
        print("mean ΔE (CIE 1976) of what was hidden: filled from around, told by the model")
        for place in AlbedoTrial.Place.allCases {
            guard let sum = sums[place] else { continue }
            print(
                String(
                    format: "%@, %d faces: %.2f, %.2f (%.2f ×); better for %d", place.rawValue, sum.count,
                    sum.around / Double(sum.count), sum.model / Double(sum.count), sum.model / sum.around, sum.better))
        }
    }

    private func runGrey(atlas: TextureAtlas, albedo: AlbedoModel?, models: String) throws {
        let trial = AlbedoTrial(atlas: atlas)
        var plain = try PhotoTexture.Maker(atlas: atlas, models: models)
        var coloured = try PhotoTexture.Maker(atlas: atlas, models: models, albedo: albedo)
        var sums = (skin: 0.0, model: 0.0)
        for path in photos {
            let truth = try plain.texture(of: path)
            let (skin, told) = (
                try plain.texture(of: path, isGrey: true), try coloured.texture(of: path, isGrey: true)
            )
            let differences = [skin, told].map { trial.difference(of: $0.colours, from: truth.colours) }
            sums = (sums.skin + differences[0], sums.model + differences[1])
            let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            print(String(format: "%@: %.2f, %.2f", name, differences[0], differences[1]))
            guard let sheets else { continue }
            try Data(Self.sheet([truth.texture, skin.texture, told.texture]).png()).write(
                to: URL(fileURLWithPath: "\(sheets)/\(name)-grey.png"))
        }
        print(
            String(
                format: "mean ΔE (CIE 1976) of %d faces: one chromaticity for all skin %.2f, told by the model %.2f",
                photos.count, sums.skin / Double(photos.count), sums.model / Double(photos.count)))
    }

    /// Where the face is.
    private static func sheet(_ textures: [Texture]) -> Image {
        let (left, top, width, height) = SynthesisBench.middle(textures[0].albedo.width)
        var sheet = Image(width: width * textures.count, height: height, channels: 3)
        for (k, texture) in textures.enumerated() {
            let colours = texture.baseColor()
            for y in 0..<height {
                for x in 0..<3 * width {
                    sheet.bytes[3 * (y * textures.count + k) * width + x] =
                        colours.bytes[3 * ((top + y) * colours.width + left) + x]
                }
            }
        }
        return sheet
    }
}
