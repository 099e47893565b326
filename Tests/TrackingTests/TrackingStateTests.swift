import Testing
import Tracking

@Suite struct TrackingStateTests {
    /// A face whose landmarks fill a square.
    private static func face(at centre: SIMD2<Float>, side: Float, presence: Float = 1) -> FaceLandmarks {
        let points = (0..<FaceLandmarks.count).map { i -> SIMD2<Float> in
            let unit = SIMD2<Float>(Float(i % 21), Float(i / 21 % 21)) / 20
            return centre + (unit - 0.5) * side
        }
        return FaceLandmarks(
            points: points, depth: [Float](repeating: 0, count: FaceLandmarks.count), presence: presence,
            region: RegionOfInterest(centre: centre, side: side * 1.5, rotation: 0))
    }

    private static func detection(at centre: SIMD2<Float>, side: Float, score: Float = 0.9) -> Detection {
        Detection(
            low: centre - side / 2, high: centre + side / 2,
            keypoints: [SIMD2<Float>](repeating: centre, count: 6), score: score)
    }

    @Test func aNewFaceIsTheLargest() {
        let state = TrackingState()
        #expect(state.region == nil)
        let small = Self.detection(at: [100, 100], side: 50, score: 0.99)
        let large = Self.detection(at: [400, 100], side: 80, score: 0.6)
        #expect(state.choose([small, large], at: 0) == large)
        #expect(state.choose([large, small], at: 0) == large)
        #expect(state.choose([], at: 0) == nil)
    }

    @Test func theContinuedFaceWinsOverALargerOneUntilItIsForgotten() {
        var state = TrackingState()
        let taken1 = state.update(Self.face(at: [100, 100], side: 50), at: 1)
        #expect(taken1)
        #expect(state.region?.centre == [100, 100] && state.region?.side == 75)
        // Lost for a moment.
        let taken2 = state.update(Self.face(at: [100, 100], side: 50, presence: 0.49), at: 1.1)
        #expect(!taken2)
        #expect(state.region == nil)
        let mine = Self.detection(at: [110, 105], side: 52)
        let larger = Self.detection(at: [400, 100], side: 200)
        #expect(state.choose([larger, mine], at: 1.2) == mine)
        // It went away: the other one is taken.
        #expect(state.choose([larger], at: 1.2) == larger)
        #expect(state.choose([larger, mine], at: 2.5) == larger)
        state.reset()
        #expect(state.choose([larger, mine], at: 1.2) == larger)
    }

    @Test func landmarksThatAreNoFaceEndTheTrack() {
        var state = TrackingState()
        let taken3 = state.update(Self.face(at: [.nan, 100], side: 50), at: 0)
        #expect(!taken3)
        #expect(state.region == nil)
        let taken4 = state.update(Self.face(at: [100, 100], side: 0.1), at: 0)
        #expect(!taken4)
        let taken5 = state.update(Self.face(at: [100, 100], side: 50, presence: 0.5), at: 0)
        #expect(taken5)
    }

    /// Truth: 10 pixels in a tenth of a second.
    @Test func speedIsThatOfTheLandmarks() throws {
        var state = TrackingState()
        let start = Self.face(at: [100, 100], side: 50)
        #expect(state.speed(to: start, at: 0) == nil)
        let taken6 = state.update(start, at: 0)
        #expect(taken6)
        let speed = try #require(state.speed(to: Self.face(at: [106, 108], side: 50), at: 0.1))
        #expect(abs(speed - 100) < 1e-2)
        #expect(state.speed(to: start, at: 1) == nil)
    }

    /// Truth: every face of the size that matters must lie well inside one of the windows, and not be small there.
    @Test(arguments: [[640, 480], [1280, 720], [1920, 1080], [3840, 2160], [720, 1280]])
    func theWindowsMissNoUsableFace(size: [Int]) {
        var windows = SearchWindow.parts(of: size[0], size[1])
        windows.append(SearchWindow(whole: size[0], size[1]))
        for face in stride(from: Float(90), through: Float(min(size[0], size[1])) * 0.8, by: 45) {
            for x in stride(from: face / 2, through: Float(size[0]) - face / 2, by: 40) {
                for y in stride(from: face / 2, through: Float(size[1]) - face / 2, by: 40) {
                    let (low, high) = (SIMD2(x, y) - face / 2, SIMD2(x, y) + face / 2)
                    let holds = windows.contains { w in
                        all(low .>= w.corner) && all(high .<= w.corner + w.side) && face / w.side > 0.12
                    }
                    #expect(holds, "a face of \(face) pixels at (\(x), \(y)) of \(size)")
                }
            }
        }
    }

    @Test func aSearchGoesThroughAllPartsAndBeginsAnewAfterAFace() {
        var state = TrackingState()
        let parts = SearchWindow.parts(of: 1280, 720)
        let first = (0..<parts.count).map { _ in state.nextPart(of: 1280, 720) }
        #expect(first == parts)
        _ = state.nextPart(of: 1280, 720)
        let taken = state.update(Self.face(at: [100, 100], side: 50), at: 0)
        #expect(taken && state.nextPart(of: 1280, 720) == parts[0])
    }
}
