internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Draws an avatar file as a picture, with likenessd's own renderer.")

    @Argument(help: "The .glb.") var avatar: String
    @Argument(help: "The PNG to write.") var output: String
    @Option(
        parsing: .unconditional,
        help: "Degrees; positive turns the face to the person's left. Several, as -30,0,30, stand side by side.")
    var yaw = "0"
    @Option(parsing: .unconditional, help: "Degrees; positive looks up.") var pitch = 0.0
    @Option(help: "Pixels of one picture's side.") var size = 512
    @Option(parsing: .upToNextOption, help: "Expression weights, e.g. jawOpen=1 mouthSmileLeft=0.5.")
    var expression: [String] = []

    func validate() throws {
        guard (16...4096).contains(size) else { throw ValidationError("--size must be 16 to 4096") }
        guard yaws != nil else { throw ValidationError("--yaw takes degrees, e.g. 30 or -30,0,30, not '\(yaw)'") }
        for entry in expression {
            let parts = entry.split(separator: "=")
            guard parts.count == 2, Double(parts[1]) != nil else {
                throw ValidationError("--expression takes NAME=WEIGHT, not '\(entry)'")
            }
            guard ARKit.names.contains(String(parts[0])) else {
                throw ValidationError("there is no expression '\(parts[0])'; they have Apple's names, e.g. jawOpen")
            }
        }
    }

    private var yaws: [Double]? {
        let numbers = yaw.split(separator: ",").map { Double($0) }
        return numbers.isEmpty || numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    }

    func run() throws {
        let file: Data
        do {
            file = try Data(contentsOf: URL(fileURLWithPath: avatar))
        } catch {
            throw Failure(.noInput, "cannot read \(avatar): \(error.localizedDescription)")
        }
        let loaded: Avatar
        do { loaded = try Avatar(glb: [UInt8](file)) } catch {
            throw Failure(.badData, "\(avatar) is not an avatar of likenessd: \(error)")
        }
        var weights: [String: Double] = [:]
        for entry in expression {
            let parts = entry.split(separator: "=")
            weights[String(parts[0])] = Double(parts[1])
        }
        let renderer = AvatarRenderer(avatar: loaded)
        let pictures = (yaws ?? [0]).map {
            renderer.portrait(yaw: $0 * .pi / 180, pitch: pitch * .pi / 180, expression: weights, size: size)
        }
        var sheet = ContactSheet(rowHeight: size)
        sheet.add(row: pictures)
        do {
            try Data((pictures.count == 1 ? pictures[0] : sheet.image()).png()).write(to: URL(fileURLWithPath: output))
        } catch {
            throw Failure(.cannotCreate, "cannot write \(output): \(error.localizedDescription)")
        }
    }
}
