internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "The texture statistics of faces that unseen skin is synthesized from.",
        subcommands: [Build.self])

    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a database from photographs: about a second each.",
            discussion: """
                Frontal, sharp, evenly lit faces of at least 150 pixels between the eyes are best. No photograph and no \
                part of one is stored, only how fine structure is distributed over it. Photographs that do not serve are \
                left out and named with the reason.
                """)

        @Argument(help: "JPEG or PNG files.") var photos: [String]
        @Option(help: "The file to write; named face.database beside the models it replaces the default one.")
        var output: String
        @Option(help: "Directory of the tracking models.") var models: String?
        @Option(help: "Texels along one side of the finest octave: 512 or 1024.") var size = 1024
        @Option(
            help: "Our own network with the weights of this file (`features train`) in place of those that came along.")
        var network: String?
        @Option(help: "Our own network with random weights, drawn by this number.") var randomFeatures: UInt64?
        @Option(
            help: """
                Look at the photographs with VGG-19 of this safetensors file (torchvision's names) instead of our own \
                network; whoever uses the database names the same file in texture.features.
                """)
        var features: String?
        @Option(
            help: """
                How deep into VGG-19. While it builds, a face takes 30 MB of memory at conv3_1 and 220 MB at conv5_1; in \
                the file, 2 and 14 MB.
                """)
        var depth = VGG19.Depth.conv3

        func validate() throws {
            guard size == 512 || size == 1024 else { throw ValidationError("--size is \(size): give 512 or 1024") }
            guard [features != nil, network != nil, randomFeatures != nil].count(where: { $0 }) <= 1 else {
                throw ValidationError("give one of --features, --network and --random-features")
            }
        }

        func run() throws {
            let directory = Places.models(option: models)
            let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: size)
            let network = try self.features(directory)
            let faces = try FaceDatabaseFile.build(
                photos: photos, atlas: atlas, pyramid: DetailPyramid(atlas: atlas), network: network, models: directory
            ) { number, name, rejection in
                let what = rejection.map { "left out: \($0)" } ?? "taken"
                FileHandle.standardError.write(
                    Data("database: \(number + 1) of \(photos.count), \(name): \(what)\n".utf8))
            }
            try FaceDatabaseFile.write(faces, network: network, atlas: atlas, to: output)
        }

        private func features(_ models: String) throws -> DetailFeatures {
            if let features { return try FaceDatabaseFile.vgg(features, depth: depth) }
            if let network { return .own(try FaceDatabaseFile.network(network)) }
            if let randomFeatures { return .own(DetailNetwork(seed: randomFeatures)) }
            guard case .own(let network) = try FaceDatabaseFile.load(from: models)?.network else {
                throw Failure(
                    .configuration,
                    "\(models) has no database with our own network to take the features from: run ./set-up, or give --network, --features or --random-features"
                )
            }
            return .own(network)
        }
    }
}

extension VGG19.Depth: ExpressibleByArgument {}
