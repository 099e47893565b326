internal import Foundation
package import Tensors

/// A rotated square in image space that a landmark network looks at.
package struct RegionOfInterest: Sendable, Equatable {
    /// Pixels.
    package var centre: SIMD2<Float>
    /// Side length in pixels.
    package var side: Float
    /// Radians, clockwise in the picture (y down).
    package var rotation: Float

    package init(centre: SIMD2<Float>, side: Float, rotation: Float) {
        self.centre = centre
        self.side = side
        self.rotation = rotation
    }

    /// MediaPipe's rule: the axis-aligned box of the points, made square on its longer side, grown by `scale`, turned so
    /// that the line from one eye to the other is level.
    package init(
        box low: SIMD2<Float>, _ high: SIMD2<Float>, from first: SIMD2<Float>, to second: SIMD2<Float>, scale: Float
    ) {
        let size = high - low
        let line = second - first
        self.init(centre: (low + high) / 2, side: max(size.x, size.y) * scale, rotation: atan2(line.y, line.x))
    }

    private var axes: (right: SIMD2<Float>, down: SIMD2<Float>) {
        let (c, s) = (cos(rotation), sin(rotation))
        return (SIMD2(c, s) * side, SIMD2(-s, c) * side)
    }

    /// The grid that samples it at `size × size`. MediaPipe maps the region's corner to the first pixel's centre.
    package func grid(size: Int) -> SamplingGrid {
        let (right, down) = axes
        return SamplingGrid(
            origin: centre - right / 2 - down / 2, right: right / Float(size), down: down / Float(size))
    }

    /// Region coordinates (0...1 right, 0...1 down) → image space.
    package func image(_ point: SIMD2<Float>) -> SIMD2<Float> {
        let (right, down) = axes
        return centre + (point.x - 0.5) * right + (point.y - 0.5) * down
    }
}
