internal import ArgumentParser

@main
struct Likenessd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "likenessd", abstract: "Keeps a 3D avatar of the person in front of a camera.")
}
