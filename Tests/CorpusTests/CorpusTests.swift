import Foundation
import Harnesses
import Testing

/// Under a sanitizer everything takes so many times as long.
private let times = ProcessInfo.processInfo.environment["LIKENESS_SANITIZED"].flatMap { Int($0) } ?? 1

/// Every input that fuzzing kept, and every one that it once found a fault with, through the same readers; no fuzzer is needed.
/// Truth: the harnesses' preconditions and that they come back.
@Suite(.timeLimit(.minutes(5 * times))) struct CorpusTests {
    private static let corpus =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Fuzz/Corpus"

    private static func inputs(_ harness: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = "\(corpus)/\(harness)"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            ($0, [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))))
        }
    }

    /// A trap ends the process: the last line tells with which input.
    @Test(arguments: Harness.all.map(\.name)) func everyKeptInputIsRead(name: String) async throws {
        let harness = try #require(Harness.named(name))
        let inputs = harness.seeds() + (try Self.inputs(name))
        #expect(inputs.count > harness.seeds().count, "no corpus is kept")
        // The harness waits for a socket.
        let slowest = await withCheckedContinuation { done in
            let thread = Thread {
                var slowest = (seconds: 0.0, name: "")
                for (name, bytes) in inputs {
                    if ProcessInfo.processInfo.environment["LIKENESS_TELL_INPUTS"] != nil { print(harness.name, name) }
                    let start = ContinuousClock.now
                    harness.read(bytes)
                    let seconds = (ContinuousClock.now - start) / .seconds(1)
                    if seconds > slowest.seconds { slowest = (seconds, name) }
                }
                done.resume(returning: slowest)
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        #expect(slowest.seconds < 60 * Double(times), "\(slowest.name) takes \(slowest.seconds) s")
    }

    @Test func eachCorpusBelongsToAHarness() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus).sorted()
        #expect(folders == Harness.all.map(\.name).sorted())
    }
}
