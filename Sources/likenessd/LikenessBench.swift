internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors
internal import Video

/// Writes the variants of `LikenessAblation` for a recognizer to judge: OUTPUT/VARIANT/NAME/avatar.glb.
struct LikenessBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "likeness")
    @Argument(help: "Clips or pictures.") var sources: [String]
    @Option var models: String?
    @Option(help: "Directory to write into.") var output: String

    func run() throws {
        let ablation = try LikenessAblation(models: Places.models(option: models))
        for source in sources {
            let name = ((source as NSString).lastPathComponent as NSString).deletingPathExtension
            let (frame, variants) = try ablation.avatars(of: VideoSource(parsing: source))
            try FileManager.default.createDirectory(atPath: "\(output)/frame", withIntermediateDirectories: true)
            try Data(frame.png()).write(to: URL(fileURLWithPath: "\(output)/frame/\(name).png"))
            for (variant, avatar) in variants {
                let directory = "\(output)/\(variant.rawValue)/\(name)"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try Data(avatar.glb()).write(to: URL(fileURLWithPath: "\(directory)/avatar.glb"))
            }
            print(name)
        }
    }
}
