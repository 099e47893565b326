import Face
import Foundation
import Tensors
import Testing

@Suite struct KeyframeSelectorTests {
    private func candidate(
        _ frame: Int, time: Double, yaw: Double = 0, sharpness: Double = 1, size: Double = 100
    ) -> Candidate {
        Candidate(
            frame: frame, time: time, yaw: yaw, pitch: 0, interEyePixels: size, sharpness: sharpness, exposure: 0.5,
            darkShare: 0, brightShare: 0, presence: 1, eyeOpenness: 0.3, mouthOpenness: 0, occlusion: 0)
    }

    private func rejection(_ selector: inout KeyframeSelector, _ c: Candidate) -> Rejection? {
        if case .rejected(let reason) = selector.consider(c) { return reason }
        return nil
    }

    @Test func eachFaultHasItsReason() {
        var cases: [(Candidate, Rejection)] = []
        func add(_ reason: Rejection, _ change: (inout Candidate) -> Void) {
            var c = candidate(1, time: 1)
            change(&c)
            cases.append((c, reason))
        }
        add(.tooSmall) { $0.interEyePixels = 20 }
        add(.blurred) { $0.sharpness = 0.3 }
        add(.badExposure) { $0.exposure = 0.03 }
        add(.badExposure) { $0.brightShare = 0.5 }
        add(.turnedTooFar) { $0.yaw = 1.3 }
        add(.occluded) { $0.occlusion = 0.6 }
        add(.lowPresence) { $0.presence = 0.6 }
        add(.eyesClosed) { $0.eyeOpenness = 0.05 }
        for (bad, reason) in cases {
            var selector = KeyframeSelector()
            let first = rejection(&selector, candidate(0, time: 0))
            #expect(first == nil)
            let found = rejection(&selector, bad)
            #expect(found == reason)
        }
        #expect(Set(cases.map(\.1)).union([.notBetter, .tooSoon]) == Set(Rejection.allCases))
    }

    @Test func aBetterOneReplacesTheWorstOfItsBin() {
        var settings = KeyframeSelector.Settings()
        settings.perBin = 2
        settings.moreInFront = 0
        var selector = KeyframeSelector(settings: settings)
        _ = selector.consider(candidate(0, time: 0, size: 40))
        _ = selector.consider(candidate(1, time: 1, size: 60))
        let worse = rejection(&selector, candidate(2, time: 2, size: 40))
        #expect(worse == .notBetter)
        guard case .kept(_, let replaced) = selector.consider(candidate(3, time: 3, size: 90)) else {
            Issue.record("a larger face was not kept")
            return
        }
        #expect(replaced == [0])
        #expect(selector.count == 2)
    }

    @Test func neighbouringFramesCountOnce() {
        var selector = KeyframeSelector()
        _ = selector.consider(candidate(0, time: 0))
        let near = rejection(&selector, candidate(1, time: 0.03))
        #expect(near == .tooSoon)
        #expect(selector.count == 1)
    }

    /// However long the stream: the set stays bounded, and what is reported as replaced is what is gone.
    @Test func theSetIsBoundedForEver() {
        var generator = SeededGenerator(seed: 4)
        var selector = KeyframeSelector()
        var mine: Set<Int> = []
        for frame in 0..<20_000 {
            var c = candidate(
                frame, time: Double(frame) / 30, yaw: 0.5 * generator.normal(),
                sharpness: 0.7 + 0.3 * generator.uniform(), size: 60 + 50 * generator.uniform())
            c.pitch = 0.2 * generator.normal()
            if case .kept(_, let replaced) = selector.consider(c) {
                mine.subtract(replaced)
                mine.insert(frame)
            }
            #expect(selector.count == mine.count && mine.count <= 24)
        }
        #expect(selector.countsPerYaw.count { $0 > 0 } >= 7)
    }
}

@Suite struct KeyframeTests {
    /// A point of the picture stays the same point: truth is the mean of its block.
    @Test func shrinkingKeepsPlaces() {
        var crop = Image(width: 31, height: 22, channels: 3)
        for y in 0..<22 {
            for x in 0..<31 { for c in 0..<3 { crop.bytes[3 * (y * 31 + x) + c] = UInt8(4 * x + 3 * y + c) } }
        }
        let keyframe = Keyframe(
            frame: 1, time: 0, imageWidth: 300, imageHeight: 240, landmarks: [SIMD2(120, 90)], crop: crop,
            cropOrigin: SIMD2(100, 80), sharpness: 1, score: 1)
        let small = keyframe.shrunk(by: 3)
        #expect(small.imageWidth == 100 && small.imageHeight == 80 && small.landmarks[0] == SIMD2(40, 30))
        #expect(small.cropOrigin == SIMD2(34, 27) && small.crop.width == 9 && small.crop.height == 7)
        // Pixel (35, 28) of the small picture is the block from (105, 84): the mean is its middle, (106, 85).
        let at = 3 * (1 * 9 + 1)
        #expect(small.crop.bytes[at] == UInt8(4 * (106 - 100) + 3 * (85 - 80)))
        #expect(keyframe.shrunk(by: 1).crop == crop)
    }
}
