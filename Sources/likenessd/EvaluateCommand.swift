internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors
internal import Video

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Says how good the avatar of a clip is, on frames that it was not made from.",
        discussion: """
            Every tenth frame is held out of fit and texture, then drawn anew: pose, expression and light are fitted to it, \
            shape and texture stay as they were after so many seconds. Writes report.json and sheet.png (held-out frame | \
            drawn anew | difference × 4).
            """)

    @Option(help: "A video file.") var source: String
    @Option(help: "The directory to write report.json and sheet.png into.") var output: String
    @Option(help: "The directory that set-up filled.") var models: String?
    @Option(help: "Texels along the texture's side.") var textureSize = 1024
    @Option(parsing: .upToNextOption, help: "Seconds of the clip after which to judge.") var after: [Double] = [
        2, 5, 10,
    ]

    func validate() throws {
        guard after.allSatisfy({ $0 > 0 }), !after.isEmpty else {
            throw ValidationError("--after takes seconds above 0")
        }
        guard textureSize >= 256, textureSize <= 4096, textureSize % 16 == 0 else {
            throw ValidationError("--texture-size takes a multiple of 16 from 256 to 4096")
        }
    }

    func run() throws {
        let input = VideoSource(parsing: source)
        guard case .file = input else { throw Failure(.usage, "evaluate takes a video file, not \(input)") }
        let directory = Places.models(option: models)
        var options = ClipEvaluation.Options()
        options.after = after
        options.textureSize = textureSize
        let evaluation: ClipEvaluation
        do {
            evaluation = try ClipEvaluation.run(
                input, model: HeadModelFile.load(from: directory), models: directory, options: options
            ) { FileHandle.standardError.write(Data("evaluate: \($0)\n".utf8)) }
        } catch let error as VideoError {
            throw Failure(error)
        }
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(evaluation.report).write(to: URL(fileURLWithPath: "\(output)/report.json"))
            try Data(evaluation.sheet.png()).write(to: URL(fileURLWithPath: "\(output)/sheet.png"))
        } catch {
            throw Failure(.cannotCreate, "cannot write into \(output): \(error.localizedDescription)")
        }
        print(Self.table(evaluation.report))
    }

    private static func table(_ report: ClipEvaluation.Report) -> String {
        var lines = ["\(report.heldOut) held-out frames of \(report.frames), a face in \(report.framesWithFace)"]
        lines.append("after s  keyframes  PSNR dB  worst tenth  SSIM   landmarks  shape ±mm  seen")
        for p in report.points {
            lines.append(
                String(
                    format: "%7.1f %10d %8.2f %12.2f %6.3f %9.2f %% %9.2f %5.0f %%", p.seconds, p.keyframes, p.psnr,
                    p.psnrWorstTenth, p.ssim, p.landmarkError * 100, p.deviation, p.coverage * 100))
        }
        func jitter(_ q: MotionQuality) -> String {
            guard let across = q.acrossMillimetres, let depth = q.depthMillimetres, let degrees = q.degrees else {
                return "never still"
            }
            return String(format: "%.2f mm across, %.2f mm in depth, %.2f°", across, depth, degrees)
        }
        lines.append(
            "jitter of the still head (\(Int(report.jitter.stillShare * 100)) % of the frames): \(jitter(report.jitter))"
        )
        lines.append("filtered: \(jitter(report.jitterFiltered))")
        if let delay = report.filterDelay { lines.append(String(format: "the filter lags %.0f ms", delay)) }
        return lines.joined(separator: "\n")
    }
}
