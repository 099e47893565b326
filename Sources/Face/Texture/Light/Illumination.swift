internal import Foundation
internal import Tensors

/// Distant light on a matte surface: second-order spherical harmonics, nine numbers a channel. The irradiance factors
/// are part of the coefficients, so `colour = albedo · shading(normal)`.
/// Ramamoorthi and Hanrahan, "An Efficient Representation for Irradiance Environment Maps", 2001.
package struct Illumination: Sendable, Equatable {
    /// 9 × (R, G, B, –) for the basis 1, x, y, z, xy, yz, xz, x² − y², 3z² − 1 of the unit normal (camera space).
    package var coefficients: [SIMD4<Float>]
    /// The range of shading that was seen when fitting; extrapolation is clamped to it.
    package var lowest: SIMD4<Float>
    package var highest: SIMD4<Float>

    package init(
        coefficients: [SIMD4<Float>], lowest: SIMD4<Float> = .zero, highest: SIMD4<Float> = .init(repeating: .infinity)
    ) {
        precondition(coefficients.count == 9, "nine coefficients, got \(coefficients.count)")
        self.coefficients = coefficients
        self.lowest = lowest
        self.highest = highest
    }

    /// Light factor of each channel at a unit normal; clamped to what was seen, hence positive after a fit.
    @inline(__always)
    package func shading(_ n: SIMD3<Float>) -> SIMD4<Float> {
        pointwiseMax(pointwiseMin(unclamped(n), highest), lowest)
    }

    @inline(__always)
    func unclamped(_ n: SIMD3<Float>) -> SIMD4<Float> {
        coefficients.withUnsafeBufferPointer { l in
            var sum = l[0] + l[1] * n.x
            sum += l[2] * n.y
            sum += l[3] * n.z
            sum += l[4] * (n.x * n.y)
            sum += l[5] * (n.y * n.z)
            sum += l[6] * (n.x * n.z)
            sum += l[7] * (n.x * n.x - n.y * n.y)
            sum += l[8] * (3 * n.z * n.z - 1)
            return sum
        }
    }

    /// How far each order is held back towards the prior, relative to the data's weight: mostly ambient and first
    /// order, as higher orders on half a sphere of normals would eat the albedo's own variation.
    private static let stiffness: [Double] = [0, 0.004, 0.004, 0.004, 0.012, 0.012, 0.012, 0.012, 0.012]

    /// The light under which `albedo` looks like `colours`, by robust (Cauchy) least squares of relative errors.
    /// - Parameters:
    ///   - colours: linear RGB as seen, w = weight ≥ 0.
    ///   - albedo: what the surface is taken to be there.
    ///   - normals: camera space.
    ///   - prior: light of the neighbouring views, to which high orders tend; none means ambient.
    /// - Returns: `nil` when fewer than 30 samples carry weight.
    package static func fit(
        colours: [SIMD4<Float>], albedo: [SIMD4<Float>], normals: [SIMD3<Float>], prior: Illumination? = nil
    ) -> Illumination? {
        precondition(colours.count == albedo.count && colours.count == normals.count, "samples must pair up")
        let used = colours.indices.filter { colours[$0].w > 0 && albedo[$0].min3 > 1e-4 }
        guard used.count >= 30 else { return nil }
        var bases = [Double](repeating: 0, count: used.count * 9)
        for (k, i) in used.enumerated() {
            let (x, y, z) = (Double(normals[i].x), Double(normals[i].y), Double(normals[i].z))
            let values = (1.0, x, y, z, x * y, y * z, x * z, x * x - y * y, 3 * z * z - 1)
            withUnsafeBytes(of: values) { raw in
                for r in 0..<9 { bases[9 * k + r] = raw.load(fromByteOffset: 8 * r, as: Double.self) }
            }
        }
        var light = Illumination(coefficients: [SIMD4<Float>](repeating: .zero, count: 9))
        var trust = [Double](repeating: 1, count: used.count)
        for pass in 0..<4 {
            var products = [Double](repeating: 0, count: 81)
            var sums = [Double](repeating: 0, count: 27)
            var total = 0.0
            bases.withUnsafeBufferPointer { bases in
                products.withUnsafeMutableBufferPointer { products in
                    sums.withUnsafeMutableBufferPointer { sums in
                        for (k, i) in used.enumerated() {
                            let w = Double(colours[i].w) * trust[k]
                            let ratio = SIMD4<Double>(colours[i] / albedo[i])
                            total += w
                            for r in 0..<9 {
                                let wb = w * bases[9 * k + r]
                                for c in 0...r { products[9 * r + c] += wb * bases[9 * k + c] }
                                for channel in 0..<3 { sums[3 * r + channel] += wb * ratio[channel] }
                            }
                        }
                    }
                }
            }
            var normal = Matrix(rows: 9, columns: 9, values: products)
            var right = Matrix(rows: 9, columns: 3, values: sums)
            guard total > 0 else { return nil }
            for r in 0..<9 {
                for c in 0..<r { normal[c, r] = normal[r, c] }
                let hold = total * (stiffness[r] + 1e-7)
                normal[r, r] += hold
                if let prior, r > 0 {
                    // Scaled to this view's exposure by its ambient term once that is known.
                    for channel in 0..<3 {
                        let ambient = prior.coefficients[0][channel]
                        let scale = pass == 0 || ambient <= 0 ? 1 : light.coefficients[0][channel] / ambient
                        right[r, channel] += hold * Double(prior.coefficients[r][channel] * scale)
                    }
                }
            }
            guard let solved = normal.choleskySolve(right) else { return nil }
            for r in 0..<9 {
                light.coefficients[r] = SIMD4(
                    Float(solved[r, 0]), Float(solved[r, 1]), Float(solved[r, 2]), 0)
            }
            light.settleColour()
            let errors = used.map { i -> Double in
                let shade = light.unclamped(normals[i])
                let (seen, expected) = (colours[i].luminance, (albedo[i] * shade).luminance)
                return Double((seen - expected) / max(expected, 0.01))
            }
            let scale = max(1.4826 * median(errors.map { Swift.abs($0) }), 0.03)
            // Highlights (too bright) are rejected sooner than shadows.
            trust = errors.map { e in
                let k = e / ((e > 0 ? 1.5 : 2.2) * scale)
                return 1 / (1 + k * k)
            }
        }
        var shades = used.map { light.unclamped(normals[$0]) }
        for channel in 0..<3 {
            let sorted = shades.map { $0[channel] }.sorted()
            let middle = max(sorted[sorted.count / 2], 1e-3)
            light.lowest[channel] = max(sorted[sorted.count / 50] * 0.85, middle * 0.2)
            light.highest[channel] = max(sorted[sorted.count - 1 - sorted.count / 50] * 1.15, middle)
        }
        light.lowest.w = 1
        light.highest.w = 1
        shades.removeAll()
        return light
    }
}

extension Illumination {
    /// Holds the directional terms' colour to the ambient's: brightness varies over a face far more than the light's
    /// colour does, and what a channel finds on its own is mostly blush, make-up and chroma noise.
    fileprivate mutating func settleColour() {
        let own: Float = 0.5
        let ambient = coefficients[0]
        guard ambient.luminance > 1e-6 else { return }
        let tint = ambient / ambient.luminance
        for k in 1..<9 {
            let grey = tint * coefficients[k].luminance
            coefficients[k] = grey + (coefficients[k] - grey) * own
        }
    }
}

func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    return values.sorted()[values.count / 2]
}

extension SIMD4 where Scalar == Float {
    /// Rec. 709 luminance of linear RGB.
    @inline(__always)
    var luminance: Float { 0.2126 * x + 0.7152 * y + 0.0722 * z }
    @inline(__always)
    var min3: Float { Swift.min(x, y, z) }
}
