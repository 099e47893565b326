internal import Foundation

/// The sRGB transfer function (IEC 61966-2-1): 8-bit codes to linear light in 0...1 and back.
package enum SRGB {
    /// Linear light of each of the 256 codes.
    package static let linear: [Float] = (0..<256).map { decode(Float($0) / 255) }

    /// Linear light (0...1) of a coded value (0...1).
    package static func decode(_ coded: Float) -> Float {
        coded <= 0.04045 ? coded / 12.92 : Float(pow((Double(coded) + 0.055) / 1.055, 2.4))
    }

    /// Coded value (0...1) of linear light; clamps to 0...1.
    package static func encode(_ light: Float) -> Float {
        let clamped = min(max(light, 0), 1)
        return clamped <= 0.0031308 ? clamped * 12.92 : Float(1.055 * pow(Double(clamped), 1 / 2.4) - 0.055)
    }

    /// The nearest 8-bit code of linear light, by table: exact to one code.
    package static func code(_ light: Float) -> UInt8 {
        codes[Int(min(max(light, 0), 1) * 16383 + 0.5)]
    }

    private static let codes: [UInt8] = (0..<16384).map { UInt8(encode(Float($0) / 16383) * 255 + 0.5) }
}
