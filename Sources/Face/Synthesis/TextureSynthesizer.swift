internal import Foundation
internal import Tensors

/// Completes a texture's fine structure: analysis of what was seen, synthesis of what was not, and the result put back over the
/// smooth colours. Owned by one thread; what does not depend on the face is made once.
package final class TextureSynthesizer {
    /// Where a synthesis stands: enough to go on from, and to be put over a newer texture of the same person.
    package struct State: Sendable {
        /// Detail of the finest octave done, `detail.size` texels along a side.
        package fileprivate(set) var detail: DetailMap
        package fileprivate(set) var weights: [Double]
        /// See `DetailAnalysis`.
        package fileprivate(set) var residual: Double
        package fileprivate(set) var effectiveFaces: Double
        /// 0...1: how far the camera left the octave of `detail` unresolved, so that seen skin is refined by it.
        package fileprivate(set) var unresolved: Float
    }

    private let atlas: TextureAtlas
    private let pyramid: DetailPyramid
    private let network: FeatureNetwork
    private let database: FaceDatabase

    /// Texels along one side of the finest octave: the database's, or the atlas' where that is smaller.
    package var size: Int { pyramid.sizes[0] }

    package init(atlas: TextureAtlas, contents: FaceDatabaseContents) {
        self.atlas = atlas
        pyramid = DetailPyramid(atlas: atlas, largest: contents.size)
        network = contents.network.network()
        var octaves = 0
        while contents.size >> octaves > pyramid.sizes[0] { octaves += 1 }
        database = contents.database.dropping(octaves: octaves)
    }

    /// - Parameters:
    ///   - pixelsPerMetre: of the best pictures, on the face.
    ///   - earlier: of the same person; saves most of the work.
    ///   - octave: called behind each octave with what is there; false ends the work with that.
    ///   - goOn: asked between evaluations, some tenths of a second apart; false gives up the octave at hand.
    /// - Returns: the last finished octave's state; `nil` if none was finished.
    package func state(
        of texture: Texture, pixelsPerMetre: Double, from earlier: State? = nil,
        octave: (State) -> Bool = { _ in true },
        goOn: (DetailSynthesis.Step) -> Bool = { _ in true }
    ) -> State? {
        let detail = detail(of: texture)
        let seen = DetailStatistics(of: detail, pyramid: pyramid, network: network)
        let resolved = pyramid.resolved(pixelsPerMetre: pixelsPerMetre)
        let analysis = DetailAnalysis(of: seen, database: database, resolved: resolved, start: earlier?.weights)
        let synthesis = DetailSynthesis(
            pyramid: pyramid, network: network, analysis: analysis, database: database, resolved: resolved)
        var found: State?
        _ = synthesis.complete(detail, from: earlier?.detail) { step in
            goOn(step)
        } octave: { level in
            let state = State(
                detail: level, weights: analysis.weights, residual: analysis.residual,
                effectiveFaces: analysis.effectiveFaces,
                unresolved: 1 - resolved[pyramid.sizes.firstIndex(of: level.size)!])
            found = state
            return octave(state)
        }
        return found
    }

    private func detail(of texture: Texture) -> DetailMap {
        let own = texture.albedo.width
        var detail = DetailMap(texture, seen: texture.evidence, regions: ownRegions)
        for _ in 0..<max(own.trailingZeroBitCount - size.trailingZeroBitCount, 0) { detail = detail.halved }
        return detail
    }

    private lazy var ownRegions =
        atlas.size == size
        ? pyramid.regions(at: size) : DetailRegions(atlas: atlas, size: atlas.size)

    /// What `texture(_:with:)` puts on skin that was seen.
    package func refinement(with state: State) -> TexelOrigins.Refinement {
        TexelOrigins.Refinement(skin: ownRegions.plain, unresolved: state.unresolved)
    }

    /// `texture` with the state's detail where it was not seen: colours times exp(new − old log luma).
    package func texture(_ texture: Texture, with state: State) -> Texture {
        let own = texture.albedo.width
        let seen = texture.evidence
        var (old, size) = (DetailMap(texture, seen: seen, regions: ownRegions), state.detail.size)
        while old.size > size { old = old.halved }
        var change = zip(state.detail.values, old.values).map { $0 - $1 }
        while size < own {
            change = DetailSynthesis.enlarged(change, size: size)
            size *= 2
        }
        // Where it was seen there is a change only in octaves that the camera did not resolve.
        let fine = zip(change, Self.smoothed(change, size: own, by: own / state.detail.size)).map { $0 - $1 }
        var result = texture
        for i in change.indices where ownRegions.skin[i] > 0 {
            let factor = expf(ownRegions.plain[i] * ((1 - seen[i]) * change[i] + seen[i] * fine[i]))
            for c in 3 * i..<3 * i + 3 {
                result.albedo.values[c] = min(max(result.albedo.values[c] * factor, 0), 1)
            }
        }
        return result
    }

    /// What the next coarser octave than `size / step` shows of it.
    private static func smoothed(_ values: [Float], size: Int, by step: Int) -> [Float] {
        var (level, side) = (values, size)
        while side > size / (2 * step) {
            level = DetailMap.halved(level, width: side, height: side)
            side /= 2
        }
        while side < size {
            level = DetailSynthesis.enlarged(level, size: side)
            side *= 2
        }
        return level
    }
}

extension Texture {
    /// `size × size`, 0...1: confidence as evidence; what is barely seen is none.
    package var evidence: [Float] {
        confidence.values.map { min(max(($0 - 0.15) / 0.3, 0), 1) }
    }
}
