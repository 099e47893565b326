internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

struct FeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features", abstract: "The network that skin is looked at with.", subcommands: [Train.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Trains it on photographs: on small patches of skin, on one half of each face.",
            discussion: """
                The same kind of photographs as `database build` wants, one of each person, fifty people and more. The \
                weights go into a safetensors file; `database build --network FILE` makes a database with them.
                """)

        @Argument(help: "JPEG or PNG files, one person each.") var photos: [String]
        @Option(help: "The file to write.") var output: String
        @Option(help: "Directory of the tracking models.") var models: String?
        @Option(help: "Texels along one side of the finest octave: 512 or 1024.") var size = 1024
        @Option(
            help: """
                What it learns: recognition (to tell people apart), surrogates (to tell skin from noise of the same spectrum), \
                denoising (to take noise away) or holes (to tell what is hidden from what is around it).
                """)
        var task = DetailTraining.Task.recognition
        @Option(help: "Steps of the descent, 32 patches each.") var steps = 4000
        @Option(help: "Draw the first weights and the patches by this number.") var seed: UInt64 = 1
        @Flag(help: "Leave the features random and learn only the last layer: what there is to beat.")
        var onlyHead = false

        func validate() throws {
            guard size == 512 || size == 1024 else { throw ValidationError("--size is \(size): give 512 or 1024") }
            guard steps > 0 else { throw ValidationError("--steps is \(steps): give 1 or more") }
        }

        func run() throws {
            let directory = Places.models(option: models)
            let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: size)
            let pyramid = DetailPyramid(atlas: atlas)
            let faces = try FaceDatabaseFile.details(photos: photos, atlas: atlas, pyramid: pyramid, models: directory)
            {
                Self.say("face \($0 + 1) of \(photos.count), \($1): \($2.map { "left out: \($0)" } ?? "taken")")
            }
            guard faces.count > 1 else {
                throw Failure(
                    .noFace, "\(faces.count) usable faces: training needs two, and is good with fifty or more")
            }
            var options = DetailTraining.Options()
            (options.task, options.steps, options.seed, options.trainsFeatures) = (task, steps, seed, !onlyHead)
            var training = DetailTraining(faces: faces, pyramid: pyramid, options: options)
            let done = "of the other halves' patches \(task == .recognition ? "named" : "told")"
            let network = training.train { progress in
                Self.say(
                    "step \(progress.step) of \(steps), loss " + String(format: "%.3f", progress.loss)
                        + (progress.score.map { String(format: ", %.1f %% \(done)", 100 * $0) } ?? ""))
                return true
            }
            try FaceDatabaseFile.write(network.safetensors, to: output)
        }

        private static func say(_ line: String) { FileHandle.standardError.write(Data("features: \(line)\n".utf8)) }
    }
}

extension DetailTraining.Task: ExpressibleByArgument {}
