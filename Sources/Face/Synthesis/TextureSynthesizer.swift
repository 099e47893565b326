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
    ///   - earlier: of the same person; saves most of the work.
    ///   - octave: called behind each octave with what is there; false ends the work with that.
    ///   - goOn: asked between evaluations, some tenths of a second apart; false gives up the octave at hand.
    /// - Returns: the last finished octave's state; `nil` if none was finished.
    package func state(
        of texture: Texture, from earlier: State? = nil, octave: (State) -> Bool = { _ in true },
        goOn: () -> Bool = { true }
    ) -> State? {
        let detail = detail(of: texture)
        let seen = DetailStatistics(of: detail, pyramid: pyramid, network: network)
        let analysis = DetailAnalysis(of: seen, database: database, start: earlier?.weights)
        let synthesis = DetailSynthesis(pyramid: pyramid, network: network, analysis: analysis, database: database)
        var found: State?
        _ = synthesis.complete(detail, from: earlier?.detail) { _ in
            goOn()
        } octave: { level in
            let state = State(
                detail: level, weights: analysis.weights, residual: analysis.residual,
                effectiveFaces: analysis.effectiveFaces)
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

    /// `texture` with the state's detail where it was not seen: colours times exp(new − old log luma).
    package func texture(_ texture: Texture, with state: State) -> Texture {
        let own = texture.albedo.width
        let old = DetailMap(texture, seen: texture.evidence, regions: ownRegions)
        var (new, size) = (state.detail.values, state.detail.size)
        while size < own {
            new = DetailSynthesis.enlarged(new, size: size)
            size *= 2
        }
        var result = texture
        for i in old.values.indices where ownRegions.skin[i] > 0 && old.seen[i] < 1 {
            let change = expf((1 - old.seen[i]) * (new[i] - old.values[i]))
            for c in 3 * i..<3 * i + 3 {
                result.albedo.values[c] = min(max(result.albedo.values[c] * change, 0), 1)
            }
        }
        return result
    }
}

extension Texture {
    /// `size × size`, 0...1: confidence as evidence; what is barely seen is none.
    package var evidence: [Float] {
        confidence.values.map { min(max(($0 - 0.15) / 0.3, 0), 1) }
    }
}
