import Pipeline
import Tensors
import Testing
import Video

/// Truth: the rule as the README has it.
@Suite struct ReopeningTests {
    private static func service() -> Reopening { Reopening(isLive: true, untilEnd: false, waitsAtFirst: true) }

    private static func seconds(_ decision: Reopening.Decision) -> Double? {
        if case .wait(let seconds) = decision { seconds } else { nil }
    }

    @Test func aServiceWaitsForItsCamera() {
        var reopening = Self.service()
        let waits = (0..<22).map { _ in Self.seconds(reopening.failed(.refused, goodSeconds: 0)) }
        #expect(
            waits == Array(repeating: 1, count: 5) + Array(repeating: 5, count: 5) + Array(repeating: 10, count: 10)
                + [60, 60])
        reopening.running()
        #expect(reopening.failed(.timedOut, goodSeconds: 9) == .wait(seconds: 60), "nine seconds are not good yet")
        #expect(reopening.ended(goodSeconds: 11) == .wait(seconds: 1))
    }

    @Test func whoeverStartsItByHandIsTold() {
        for kind in VideoError.Kind.allCases {
            var reopening = Reopening(isLive: true, untilEnd: false, waitsAtFirst: false)
            #expect(reopening.failed(kind, goodSeconds: 0) == .fail, "\(kind)")
        }
        var film = Reopening(isLive: false, untilEnd: false, waitsAtFirst: true)
        #expect(film.failed(.io, goodSeconds: 0) == .fail)
        #expect(film.ended(goodSeconds: 5) == .end)
        var watched = Reopening(isLive: true, untilEnd: true, waitsAtFirst: true)
        watched.running()
        #expect(watched.ended(goodSeconds: 5) == .end)
    }

    @Test(arguments: [VideoError.Kind.unknownScheme, .unauthorized, .notAVideo, .noVideoStream])
    func whatWaitingCannotMendEndsAtFirst(kind: VideoError.Kind) {
        var reopening = Self.service()
        #expect(reopening.failed(kind, goodSeconds: 0) == .fail)
    }

    @Test func aCameraThatKnewThePasswordIsAskedTwiceMore() {
        var reopening = Self.service()
        reopening.running()
        #expect(reopening.failed(.unauthorized, goodSeconds: 100) == .wait(seconds: 60))
        #expect(reopening.failed(.unauthorized, goodSeconds: 0) == .wait(seconds: 300))
        #expect(reopening.failed(.unauthorized, goodSeconds: 0) == .fail)
        reopening.running()
        #expect(reopening.failed(.unauthorized, goodSeconds: 100) == .wait(seconds: 60))
    }

    @Test func permissionsComeAMomentAfterTheDevice() {
        var reopening = Self.service()
        for _ in 0..<Reopening.forgivenPermissions {
            #expect(Self.seconds(reopening.failed(.permissionDenied, goodSeconds: 0)) != nil)
        }
        #expect(reopening.failed(.permissionDenied, goodSeconds: 0) == .fail)
    }
}

/// Truth: sizes and times chosen here.
@Suite struct StreamJointTests {
    private static func frame(_ number: Int, _ width: Int, _ height: Int) -> Frame {
        Frame(
            image: YUVImage(
                width: width, height: height, chromaShiftX: 1, chromaShiftY: 1, coefficients: .bt709, fullRange: false,
                luma: [UInt8](repeating: 90, count: width * height),
                cb: [UInt8](repeating: 100, count: (width + 1) / 2 * ((height + 1) / 2)),
                cr: [UInt8](repeating: 140, count: (width + 1) / 2 * ((height + 1) / 2))),
            time: Double(number) / 30, number: number)
    }

    private static func used(_ verdict: StreamJoint.Verdict) -> Frame? {
        if case .use(let frame) = verdict { frame } else { nil }
    }

    @Test func numbersAndTimesGoOnOverOpenings() throws {
        var joint = StreamJoint(isLive: true)
        for number in 0..<5 { _ = joint.join(Self.frame(number, 64, 36)) }
        joint.reopened(after: 7)
        let next = try #require(Self.used(joint.join(Self.frame(0, 64, 36))))
        #expect(next.number == 5 && abs(next.time - (4.0 / 30 + 7)) < 1e-9 && next.opening == 1)
        let later = try #require(Self.used(joint.join(Self.frame(1, 64, 36))))
        #expect(later.number == 6 && later.time > next.time && later.opening == 1)
    }

    @Test func anOpeningThatGaveNothingCountsNothing() throws {
        var joint = StreamJoint(isLive: true)
        joint.reopened(after: 3)
        joint.reopened(after: 3)
        let first = try #require(Self.used(joint.join(Self.frame(0, 64, 36))))
        #expect(first.number == 0 && first.time == 0)
    }

    @Test func aSmallerStreamIsEnlarged() throws {
        var joint = StreamJoint(isLive: true)
        _ = joint.join(Self.frame(0, 128, 72))
        let small = try #require(Self.used(joint.join(Self.frame(1, 66, 37))))
        #expect(small.image.width == 128 && small.image.height == 72)
        #expect(small.image.luma.allSatisfy { $0 == 90 } && small.image.cr.allSatisfy { $0 == 140 })
    }

    @Test(arguments: [(256, 144), (72, 128)]) func aLargerOrTurnedOneIsAnotherCameraAfterASecond(size: (Int, Int)) {
        var joint = StreamJoint(isLive: true)
        _ = joint.join(Self.frame(0, 128, 72))
        for number in 1..<StreamJoint.patience {
            #expect(joint.join(Self.frame(number, size.0, size.1)) == .leaveOut)
        }
        #expect(joint.join(Self.frame(StreamJoint.patience, size.0, size.1)) == .anotherCamera)
    }

    @Test func aFilmHasOneSize() throws {
        var joint = StreamJoint(isLive: false)
        _ = joint.join(Self.frame(0, 128, 72))
        for number in 1..<50 { #expect(joint.join(Self.frame(number, 72, 128)) == .leaveOut) }
        let large = try #require(Self.used(joint.join(Self.frame(50, 256, 144))))
        #expect(large.image.width == 128)
    }
}
