internal import Foundation
internal import Tensors

/// The hair around a head's outline. The head is fitted without hair, and of its scalp a camera in front sees a strip at
/// most, which often is forehead: what stands up above and beside the outline, and is the person, tells the hair's colour.
struct HairColours: Sendable {
    /// A point of the scalp on the outline, its normal in camera space, and the linear colour there as the camera saw it.
    private let samples: [(point: Int, normal: SIMD3<Float>, colour: SIMD4<Float>)]

    /// Cosine to the view of points that count as the outline.
    private static let outline: ClosedRange<Float> = -0.05...0.35
    /// Metres between looks outwards from the outline, and how many at most: hair stands up by so much.
    private static let step: Float = 0.002
    private static let most = 20
    /// Of the mask: its border is soft, and half of it is background.
    private static let surely: Float = 0.9
    /// Metres above the middle between the ears: outwards from lower points lie ears.
    private static let lowest: Float = 0.045

    /// Natural logarithm of what gloss changes a ratio of two channels by at most.
    private static let sheen: Float = 0.35

    static let none = HairColours(samples: [])

    private init(samples: [(point: Int, normal: SIMD3<Float>, colour: SIMD4<Float>)]) { self.samples = samples }

    /// - Parameters:
    ///   - octaves: of the crop, linear, each half the one before.
    ///   - mask: of the crop.
    ///   - model: the head's.
    ///   - scalp: G, see `HeadRegions.scalp`.
    init(of head: PosedHead, octaves: [Plane], mask: PersonMask, model: MorphableModel, scalp: [Float]) {
        let level = min(max(Int(log2(max(Self.step / head.metresPerPixel, 1))), 0), octaves.count - 1)
        let (plane, scale) = (octaves[level], 1 / Float(1 << level))
        let extent = SIMD2<Float>(Float(octaves[0].width), Float(octaves[0].height))
        samples = scalp.indices.compactMap { g in
            let p = head.points[g]
            guard scalp[g] > 0.5, model.mean[g].y > Self.lowest, Self.outline.contains(p[3]) else { return nil }
            let normal = SIMD2(head.normals[g].x, head.normals[g].y)
            let length = (normal * normal).sum().squareRoot()
            guard length > 0.1 else { return nil }
            let outwards = normal * (Self.step / head.metresPerPixel / length)
            var colours: [SIMD4<Float>] = []
            while colours.count <= Self.most {
                let place = SIMD2(p[0], p[1]) + outwards * Float(colours.count)
                guard place.min() >= 0, place.x < extent.x, place.y < extent.y else { break }
                guard mask[place / extent] > Self.surely else { break }
                let (x, y) = (min(Int(place.x * scale), plane.width - 1), min(Int(place.y * scale), plane.height - 1))
                colours.append(plane.pixels[y * plane.width + x])
            }
            guard !colours.isEmpty else { return nil }
            // The fitted head may be too narrow: the outer half is hair sooner than forehead, and its rim is half background.
            let outer = colours[colours.count / 2..<max(colours.count - 1, 1)].sorted { $0.luminance < $1.luminance }
            let direction = SIMD3(head.normals[g].x, head.normals[g].y, head.normals[g].z)
            return (g, direction, outer.isEmpty ? colours[0] : outer[outer.count / 3])
        }
    }

    /// - Parameters:
    ///   - sums: G; natural logarithms of what is left without the light are added to each sample's point, and 1 to w.
    ///   - light: `nil` where too little skin was seen to tell it.
    func add(to sums: inout [SIMD4<Float>], light: Illumination?) {
        let ambient = light.map { pointwiseMax($0.coefficients[0], .init(repeating: 1e-3)) } ?? .one
        for (g, normal, colour) in samples {
            // The fit knows no shadow beside a face.
            let shade = light.map { pointwiseMax($0.shading(normal), ambient) } ?? .one
            let own = pointwiseMax(colour / shade, .init(repeating: 0.002))
            var logs = SIMD4(log(own.x), log(own.y), log(own.z), 1)
            // No hair is a little bluer than it is green, or greener than red: that is the sky's or a lamp's sheen. Dyed hair
            // is, and much more.
            logs.y = max(min(logs.y, logs.x), logs.y - Self.sheen)
            logs.z = max(min(logs.z, logs.y), logs.z - Self.sheen)
            sums[g] += logs
        }
    }
}
