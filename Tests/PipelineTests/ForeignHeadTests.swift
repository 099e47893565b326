import Face
import Pipeline
import Testing
import Video

/// Films of heads that do not come from our head model. Truth: their exact shapes, of another family.
@Suite(.enabled(if: Models.present && SharedData.present, SharedData.missing)) struct ForeignHeadTests {
    /// Also says how good it is: errors stay within what it tells.
    @Test(.patient(minutes: 4), arguments: 1...3) func aTurningHeadIsBetterThanTheMeanOne(head: Int) throws {
        let model = try HeadModelFile.load(from: Models.path)
        let truth = try ScannedHead(folder: "\(SharedData.path)/heads/\(head)")
        let trial = try ShapeTrial.run(
            name: "head \(head)", film: .file(path: truth.clip), after: [10], scan: truth.scan, focal: truth.focal,
            model: model, models: Models.path)[0]
        print(ShapeTrial.heading)
        print(trial.line)
        #expect(trial.fitted.free.median < 0.75 * trial.unfitted.free.median)
        #expect(abs(trial.fit.focal / trial.focal - 1) < 0.2)
        #expect(trial.covered(within: 1) > 0.6 && trial.covered(within: 2) > 0.88)
    }
}
