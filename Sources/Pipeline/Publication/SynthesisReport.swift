package import Face
internal import Foundation

/// What a synthesis went by: the convex combination of the database's faces.
package struct SynthesisReport: Codable, Sendable, Equatable {
    /// Texels along one side of the finest octave done.
    package var size: Int
    /// One per face of the database, mean over the regions; they sum to 1.
    package var weights: [Double]
    /// Of the weights, bits: 0 is one face alone.
    package var entropy: Double
    /// ‖seen − combination‖ over ‖seen − database mean‖, mean over the regions: 0 is a perfect fit.
    package var residual: Double
    /// The same by region of the face.
    package var regionResiduals: [String: Double]

    package init(_ state: TextureSynthesizer.State) {
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        size = state.detail.size
        weights = state.weights.map(rounded)
        entropy = rounded(log2(max(state.effectiveFaces, 1)))
        residual = rounded(state.residual)
        regionResiduals = Dictionary(
            uniqueKeysWithValues: zip(DetailRegions.names, state.regionResiduals.map(rounded)))
    }
}
