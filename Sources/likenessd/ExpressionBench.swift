internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline

/// Whether lids close and lips hide the teeth: on random heads, with the mean head's shapes and with their own, and on
/// avatar files.
struct ExpressionBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "expressions")
    @Argument(help: "Avatars (.glb).") var avatars: [String] = []
    @Option var models: String?
    @Option(help: "So many random heads.") var count = 20

    func run() throws {
        let model = try HeadModelFile.load(from: Places.models(option: models))
        var columns: [(String, [ExpressionFaults])] = [
            (
                "mean head",
                [
                    ExpressionFaults(
                        SyntheticPerson(model: model, seed: 1, width: 64, height: 64, textureSize: 64, spread: 0).avatar
                    )
                ]
            )
        ]
        let people = (0..<count).map {
            SyntheticPerson(model: model, seed: 3000 + UInt64($0), width: 64, height: 64, textureSize: 64).avatar
        }
        columns.append(("people", people.map { ExpressionFaults($0) }))
        let shapes = PersonalShapes(model: model)
        let clock = ContinuousClock.now
        let own = people.map { person in
            var own = person
            (own.points, own.expressions) = shapes.head(person.points)
            return own
        }
        print("shapes of \(own.count) heads in \(ContinuousClock.now - clock)")
        columns.append(("people, own shapes", own.map { ExpressionFaults($0) }))
        for path in avatars {
            let avatar = try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
            columns.append((path, [ExpressionFaults(avatar)]))
        }
        print("mm² in sight: " + columns.map(\.0).joined(separator: " | "))
        for (i, closure) in ExpressionFaults.closures.enumerated() {
            let cells = columns.map { _, faults in
                let sorted = faults.map { $0.seen[i] }.sorted()
                return String(
                    format: "%6.1f (max %6.1f)", sorted.reduce(0, +) / Double(max(sorted.count, 1)), sorted.last ?? 0)
            }
            print(closure.name.padding(toLength: 24, withPad: " ", startingAt: 0) + cells.joined(separator: " | "))
        }
    }
}
