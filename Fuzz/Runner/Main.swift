internal import CFuzzer
internal import Foundation
internal import Harnesses

/// `fuzz seeds DIRECTORY` writes the harnesses' own inputs and dictionaries; `fuzz names` lists them. Otherwise libFuzzer runs the harness that
/// LIKENESS_HARNESS names: in the environment, since libFuzzer starts itself again with its own arguments.
@main struct Main {
    private static let harness: Harness = {
        let name = ProcessInfo.processInfo.environment["LIKENESS_HARNESS"] ?? ""
        guard let harness = Harness.named(name) else { fatalError("there is no harness '\(name)'") }
        return harness
    }()

    static func main() throws {
        switch CommandLine.arguments.dropFirst().first {
        case "names": print(Harness.all.map(\.name).joined(separator: "\n"))
        case "seeds": try writeSeeds(to: CommandLine.arguments[2])
        default:
            var count = CommandLine.argc
            var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
            exit(
                LLVMFuzzerRunDriver(&count, &arguments) { data, size in
                    Main.harness.read(Array(UnsafeBufferPointer(start: data, count: size)))
                    return 0
                })
        }
    }

    private static func writeSeeds(to folder: String) throws {
        for harness in Harness.all {
            let own = URL(fileURLWithPath: folder).appendingPathComponent(harness.name)
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            for seed in harness.seeds() { try Data(seed.bytes).write(to: own.appendingPathComponent(seed.name)) }
            // libFuzzer's and AFL's format: a quoted word a line.
            let words = harness.words.map { word in
                "\""
                    + word.utf8.map { byte in
                        (32..<127).contains(byte) && byte != 34 && byte != 92
                            ? String(UnicodeScalar(byte)) : String(format: "\\x%02X", byte)
                    }.joined() + "\"\n"
            }
            let dictionary = URL(fileURLWithPath: folder).appendingPathComponent("\(harness.name).words")
            try Data(words.joined().utf8).write(to: dictionary)
        }
    }
}
