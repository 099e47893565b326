internal import Foundation
internal import Tensors

/// Smooth colours of a known face hidden, told from the rest of it, and compared with the truth.
package struct AlbedoTrial {
    /// What is hidden.
    package enum Place: String, CaseIterable, Sendable {
        case cheeks, jaw, forehead, mouth, eyes
        /// As by a mask.
        case belowEyes = "below-eyes"

        /// MediaPipe's landmarks in the middle, and the reach around each in metres.
        fileprivate var spheres: (landmarks: [Int], reach: Float) {
            switch self {
            case .cheeks: ([425, 205], 0.028)
            case .jaw: ([435, 215, 424, 204], 0.022)
            case .forehead: ([333, 104], 0.024)
            case .mouth: ([13], 0.034)
            case .eyes: ([159, 386, 105, 334], 0.028)
            case .belowEyes: ([4, 13, 152, 425, 205, 435, 215], 0.045)
            }
        }
    }

    private let atlas: TextureAtlas

    package init(atlas: TextureAtlas) {
        precondition(atlas.model.landmarks.count >= 468, "a head without landmarks has no such places")
        self.atlas = atlas
    }

    package struct Result {
        /// Mean CIE 1976 ΔE over the hidden points that were well seen.
        package var difference: Double
        /// Complete, as if the place had never been seen.
        package var texture: Texture
    }

    /// - Returns: `nil` where the truth shows too little of the place.
    package func result(of truth: FusedTexture, hidden place: Place, albedo: AlbedoModel?) -> Result? {
        let hidden = points(of: place)
        let seen = PointColours(truth, atlas: atlas)
        let judged = hidden.indices.filter {
            hidden[$0] && seen.seen[$0] > 0.8 && atlas.regions.interior[$0] == .none && atlas.regions.scalp[$0] < 0.2
        }
        guard judged.count >= 50 else { return nil }
        let accumulator = TextureAccumulator(atlas: atlas, albedo: albedo)
        let masked = masked(truth, hidden)
        let told = accumulator.pointColours(masked)
        let sum = judged.reduce(0.0) { sum, g in
            let value = seen.values[g]
            return sum + ColourDifference.cie1976(SIMD4(exp(value.x), exp(value.y), exp(value.z), 1), told[g])
        }
        return Result(difference: sum / Double(judged.count), texture: accumulator.filled(masked))
    }

    /// Mean CIE 1976 ΔE of the face with its lips and brows, where both were well seen.
    package func difference(of texture: PointColours, from truth: PointColours) -> Double {
        let judged = truth.seen.indices.filter {
            min(truth.seen[$0], texture.seen[$0]) > 0.8 && atlas.regions.insideFace[$0] > 0
                && atlas.regions.interior[$0] == .none
        }
        func linear(_ code: SIMD4<Float>) -> SIMD4<Float> { SIMD4(exp(code.x), exp(code.y), exp(code.z), 1) }
        let sum = judged.reduce(0.0) {
            $0 + ColourDifference.cie1976(linear(truth.values[$1]), linear(texture.values[$1]))
        }
        return sum / Double(max(judged.count, 1))
    }

    /// By point of the head.
    private func points(of place: Place) -> [Bool] {
        let model = atlas.model
        let (landmarks, reach) = place.spheres
        let middles = landmarks.map { model.landmarks[$0].place(on: model.mean) }
        return model.mean.map { p in middles.contains { (($0 - p) * ($0 - p)).sum() < reach * reach } }
    }

    private func masked(_ truth: FusedTexture, _ hidden: [Bool]) -> FusedTexture {
        var result = truth
        let map = atlas.coarseMap
        let inside = map.interpolated(hidden.map { SIMD4($0 ? 1 : 0, 0, 0, 0) })
        for (i, texel) in map.texels.enumerated() where inside[i].x > 0.01 {
            result.coarse.pixels[Int(texel)].w = 0
            result.confidence[Int(texel)] = 0
        }
        return result
    }
}
