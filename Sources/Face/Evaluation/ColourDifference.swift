internal import Foundation

/// Distances of colours as people see them.
package enum ColourDifference {
    /// ΔE*ab of two linear sRGB colours: their distance in CIE 1976 L*a*b*, white D65. About 2 is just seen side by side.
    package static func cie1976(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Double {
        let d = lab(a) - lab(b)
        return (d * d).sum().squareRoot()
    }

    /// L*, a*, b* of linear sRGB (IEC 61966-2-1 primaries).
    package static func lab(_ colour: SIMD4<Float>) -> SIMD3<Double> {
        let (r, g, b) = (Double(colour.x), Double(colour.y), Double(colour.z))
        func f(_ t: Double) -> Double { t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116 }
        let x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
        let y = f(0.2126729 * r + 0.7151522 * g + 0.0721750 * b)
        let z = f((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883)
        return SIMD3(116 * y - 16, 500 * (x - y), 200 * (y - z))
    }
}
