/// A square of a picture in which the detector looks for faces, in image space.
package struct SearchWindow: Sendable, Equatable {
    package let corner: SIMD2<Float>
    package let side: Float

    /// The smallest square around the whole picture.
    package init(whole width: Int, _ height: Int) {
        side = Float(max(width, height))
        corner = (SIMD2(Float(width), Float(height)) - side) / 2
    }

    private init(corner: SIMD2<Float>, side: Float) {
        self.corner = corner
        self.side = side
    }

    /// Pixels. In a square of this side a usable face (eyes 32 pixels apart) fills a sixth and more, where the detector
    /// is sure of it.
    static let smallest: Float = 480

    /// Squares of a half, then a quarter of the whole that overlap by half, down to `smallest` or less: together they hold
    /// every face that is worth finding and too small for the detector in the whole picture.
    package static func parts(of width: Int, _ height: Int) -> [SearchWindow] {
        var windows: [SearchWindow] = []
        var side = SearchWindow(whole: width, height).side / 2
        while side > smallest / 2 {
            func starts(_ length: Int) -> [Float] {
                let room = max(Float(length) - side, 0)
                let count = Int((room / (side / 2)).rounded(.up)) + 1
                guard count > 1 else { return [(Float(length) - side) / 2] }
                return (0..<count).map { room * Float($0) / Float(count - 1) }
            }
            for y in starts(height) {
                for x in starts(width) { windows.append(.init(corner: SIMD2(x, y), side: side)) }
            }
            if side <= smallest { break }
            side /= 2
        }
        return windows
    }
}
