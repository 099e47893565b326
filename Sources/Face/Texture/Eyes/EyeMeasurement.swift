internal import Foundation
internal import Tensors

/// One open eye in one keyframe: where its iris is, and its colours as the camera saw them.
package struct EyeMeasurement: Sendable {
    package enum Side: Sendable, CaseIterable {
        /// The person's.
        case left, right
    }

    package var side: Side
    /// `Keyframe.frame`.
    package var frame: Int
    /// The iris' centre and the distance between the eye's corners, pixels of the crop.
    package var irisCentre: SIMD2<Float>
    package var width: Float
    /// The lids' contour, pixels of the crop.
    package var contour: [SIMD2<Float>]
    /// Lid distance over `width`.
    package var openness: Float
    /// Linear, light and all.
    package var iris: SIMD3<Float>
    package var white: SIMD3<Float>

    /// Smaller eyes are not measured, pixels.
    private static let minimumWidth: Float = 14
    /// Visible iris: 11.8 mm across in nearly everybody, of an eye 29 mm wide.
    private static let irisRadiusPerWidth: Float = 0.2
    /// Nearly closed eyes show lashes: the deepest place inside the lids, as a share of the width.
    private static let minimumDepth: Float = 0.12
    /// Lashes along the lids are as dark as irises: what lies so near to a lid does not count, as a share of the width.
    private static let lashes: Float = 0.04

    private struct Pixel {
        var place: SIMD2<Float>
        var colour: SIMD3<Float>
        var luminance: Float
        /// Inside the lids, pixels.
        var depth: Float
    }

    /// - Returns: `nil` where the eye is small, nearly closed or cut off.
    package init?(_ keyframe: Keyframe, side: Side) {
        guard keyframe.landmarks.count >= 468 else { return nil }
        let (ring, corners) =
            side == .left ? (HeadRegions.leftEye, (362, 263)) : (HeadRegions.rightEye, (33, 133))
        let origin = SIMD2<Float>(Float(keyframe.cropOrigin.x), Float(keyframe.cropOrigin.y))
        let polygon = ring.map { keyframe.landmarks[$0] - origin }
        let (a, b) = (keyframe.landmarks[corners.0] - origin, keyframe.landmarks[corners.1] - origin)
        let width = ((b - a) * (b - a)).sum().squareRoot()
        guard width >= Self.minimumWidth, let pixels = Self.pixels(of: keyframe.crop, inside: polygon) else {
            return nil
        }
        let deepest = pixels.map(\.depth).max() ?? 0
        guard deepest > width * Self.minimumDepth, pixels.count > 40 else { return nil }
        let radius = width * Self.irisRadiusPerWidth
        guard let centre = Self.darkestDisc(pixels, radius: radius, width: width, from: a, to: b) else { return nil }

        func distance(_ p: SIMD2<Float>) -> Float { ((p - centre) * (p - centre)).sum().squareRoot() / radius }
        func mean(_ pixels: ArraySlice<Pixel>) -> SIMD3<Float> {
            pixels.reduce(SIMD3<Float>.zero) { $0 + $1.colour } / Float(max(pixels.count, 1))
        }
        let ringPixels = pixels.filter {
            (0.45...0.85).contains(distance($0.place)) && $0.depth > width * Self.lashes
        }.sorted { $0.luminance < $1.luminance }
        let beside = pixels.filter { distance($0.place) > 1.2 && $0.depth > width * Self.lashes }
            .sorted { $0.luminance < $1.luminance }
        guard ringPixels.count >= 12, beside.count >= 8 else { return nil }
        // Off lashes below and highlights above.
        iris = mean(ringPixels[ringPixels.count * 2 / 10..<ringPixels.count * 6 / 10])
        white = mean(beside[beside.count * 6 / 10..<beside.count * 9 / 10])
        (self.side, frame, irisCentre) = (side, keyframe.frame, centre)
        (self.width, contour, openness) = (width, polygon, 2 * deepest / width)
    }

    /// `nil` where the contour leaves the crop.
    private static func pixels(of crop: Image, inside polygon: [SIMD2<Float>]) -> [Pixel]? {
        let low = polygon.reduce(polygon[0]) { pointwiseMin($0, $1) }
        let high = polygon.reduce(polygon[0]) { pointwiseMax($0, $1) }
        guard low.x > 0, low.y > 0, high.x < Float(crop.width - 1), high.y < Float(crop.height - 1) else { return nil }
        var pixels: [Pixel] = []
        for y in Int(low.y)...Int(high.y) {
            for x in Int(low.x)...Int(high.x) {
                let place = SIMD2(Float(x) + 0.5, Float(y) + 0.5)
                let depth = HeadRegions.signedDistance(place, polygon)
                guard depth > 0.5 else { continue }
                let at = 3 * (y * crop.width + x)
                let colour = SIMD3(
                    SRGB.linear[Int(crop.bytes[at])], SRGB.linear[Int(crop.bytes[at + 1])],
                    SRGB.linear[Int(crop.bytes[at + 2])])
                pixels.append(
                    Pixel(place: place, colour: colour, luminance: SIMD4(colour, 0).luminance, depth: depth))
            }
        }
        return pixels
    }

    /// The centre of the darkest disc of an iris' size; irises lie on the line between the corners `a`, `b` or little above.
    private static func darkestDisc(
        _ pixels: [Pixel], radius: Float, width: Float, from a: SIMD2<Float>, to b: SIMD2<Float>
    ) -> SIMD2<Float>? {
        // Highlights must not push the disc away.
        let cap = pixels.map(\.luminance).sorted()[pixels.count * 6 / 10]
        let normal = SIMD2(a.y - b.y, b.x - a.x) / width
        let inside = pixels.filter { $0.depth > width * lashes }
        var best: (level: Float, place: SIMD2<Float>)?
        for candidate in pixels where candidate.depth > width * 0.07 {
            var (sum, count) = (Float(0), Float(0))
            for p in inside
            where ((p.place - candidate.place) * (p.place - candidate.place)).sum() < radius * radius {
                sum += min(p.luminance, cap)
                count += 1
            }
            let off = ((candidate.place - a) * normal).sum() / radius
            let level = sum / max(count, 1) * (1 + off * off)
            if count > 0, level < best?.level ?? .infinity { best = (level, candidate.place) }
        }
        return best?.place
    }
}

/// The eyes' colours as they are to look beside the person's skin, linear, under the skin's own light.
package struct EyeColours: Sendable, Equatable {
    package var iris: SIMD3<Float>
    package var white: SIMD3<Float>

    package init(iris: SIMD3<Float>, white: SIMD3<Float>) { (self.iris, self.white) = (iris, white) }

    /// Where nothing was measured: brown, and a white as lids' shade lets it look.
    package static let usual = EyeColours(iris: SIMD3(0.09, 0.05, 0.025), white: SIMD3(0.50, 0.445, 0.415))

    /// Luminance of eyes of all people: darker irises and brighter whites are faults of measuring.
    private static let irisRange: ClosedRange<Float> = 0.008...0.16
    private static let whiteRange: ClosedRange<Float> = 0.14...0.55

    /// Median over all measured eyes, each less its view's light.
    /// - Parameters:
    ///   - light: linear RGB factor on skin that faces the camera, by `Keyframe.frame`.
    /// - Returns: `nil` where no eye was measured.
    package init?(_ eyes: [EyeMeasurement], light: [Int: SIMD3<Float>]) {
        let lit = eyes.compactMap { eye in light[eye.frame].map { (iris: eye.iris / $0, white: eye.white / $0) } }
        guard !lit.isEmpty else { return nil }
        func median(_ values: [SIMD3<Float>]) -> SIMD3<Float> {
            var result = SIMD3<Float>.zero
            for c in 0..<3 { result[c] = values.map { $0[c] }.sorted()[values.count / 2] }
            return result
        }
        func limited(_ colour: SIMD3<Float>, _ range: ClosedRange<Float>) -> SIMD3<Float> {
            let luminance = max(SIMD4(colour, 0).luminance, 1e-4)
            return colour * (min(max(luminance, range.lowerBound), range.upperBound) / luminance)
        }
        self.init(
            iris: limited(median(lit.map(\.iris)), Self.irisRange),
            white: limited(median(lit.map(\.white)), Self.whiteRange))
    }
}
