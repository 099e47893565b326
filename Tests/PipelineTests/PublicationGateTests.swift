import Pipeline
import Testing

@Suite struct PublicationGateTests {
    private func quality(_ confidence: Double) -> AvatarQuality {
        AvatarQuality(coverage: 0.5, confidence: confidence, deviation: 1)
    }

    private func expect(
        _ gate: inout PublicationGate, _ quality: AvatarQuality, time: Double, final: Bool = false,
        _ decision: PublicationGate.Decision, _ why: Comment? = nil
    ) {
        let made = gate.consider(quality, time: time, final: final)
        #expect(made == decision, why)
    }

    @Test func firstIsPublishedAtOnceAndOnlyBetterOnesAfterTheInterval() {
        var gate = PublicationGate(minimumInterval: 2, minimumGain: 0.01)
        expect(&gate, quality(0.2), time: 0.1, .publish)
        expect(&gate, quality(0.4), time: 1.0, .tooSoon)
        expect(&gate, quality(0.4), time: 2.2, .publish)
        expect(&gate, quality(0.4), time: 9, .noGain)
        expect(&gate, quality(0.41), time: 9, .noGain, "half of 0.01 is below the minimum gain")
        expect(&gate, quality(0.41), time: 9, final: true, .publish)
        expect(&gate, quality(0.3), time: 20, final: true, .noGain, "never a worse one")
    }

    @Test func aRestartPublishesNothingWorse() {
        var gate = PublicationGate(minimumInterval: 2, minimumGain: 0.01, lastScore: quality(0.4).score)
        expect(&gate, quality(0.3), time: 0, final: true, .noGain)
        expect(&gate, quality(0.5), time: 0, .publish)
    }

    @Test func moreEvidenceIsABetterScore() {
        let base = AvatarQuality(coverage: 0.5, confidence: 0.5, deviation: 1)
        #expect(AvatarQuality(coverage: 0.6, confidence: 0.5, deviation: 1).score > base.score)
        #expect(AvatarQuality(coverage: 0.5, confidence: 0.6, deviation: 1).score > base.score)
        #expect(AvatarQuality(coverage: 0.5, confidence: 0.5, deviation: 0.5).score > base.score)
    }
}
