import Face
import Pipeline
import Testing

/// The real head model's shapes on heads drawn from it.
@Suite struct PersonalHeadTests {
    /// Truth: what is drawn. Behind closed lids no eye is seen, and behind closed lips no tooth; with the mean head's own
    /// shapes it is up to 80 mm².
    @Test(.enabled(if: Models.present, Models.missing), arguments: [UInt64(3001), 3002, 3003])
    func whatIsClosedIsClosed(seed: UInt64) throws {
        let model = try HeadModelFile.load(from: Models.path)
        let shapes = PersonalShapes(model: model)
        let person = SyntheticPerson(model: model, seed: seed, width: 64, height: 64, textureSize: 64).avatar
        var own = person
        (own.points, own.expressions) = shapes.head(person.points)
        let (before, after) = (ExpressionFaults(person), ExpressionFaults(own))
        #expect(before.seen.max()! > 20)
        for (closure, seen) in zip(ExpressionFaults.closures, after.seen) {
            #expect(seen < 1.5, "\(closure.name): \(seen) mm² in sight")
        }
        #expect(own.expressions.map(\.name) == model.expressions.map(\.name))
        // The fit is not undone: lips move by little, and nothing else does.
        let moves = zip(own.points, person.points).map { (($0 - $1) * ($0 - $1)).sum().squareRoot() }
        #expect(moves.max()! < 0.003 && moves.count { $0 > 0 } < model.mean.count / 5)
    }

    /// Truth: the model. Only what has to do with lips is changed on the mean head.
    @Test(.enabled(if: Models.present, Models.missing))
    func theMeanHeadKeepsWhatIsNotTheLips() throws {
        let model = try HeadModelFile.load(from: Models.path)
        let own = PersonalShapes(model: model).head(model.mean)
        for (a, b) in zip(own.expressions, model.expressions) where a.name.hasPrefix("eye") || a.name.hasPrefix("brow")
        {
            var offsets = [SIMD3<Float>](repeating: .zero, count: model.mean.count)
            for (point, offset) in zip(a.points, a.offsets) { offsets[Int(point)] += offset }
            for (point, offset) in zip(b.points, b.offsets) { offsets[Int(point)] -= offset }
            #expect(offsets.allSatisfy { ($0 * $0).sum() < 4e-10 }, "\(a.name)")
        }
    }
}
