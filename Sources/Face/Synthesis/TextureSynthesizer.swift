internal import Foundation
internal import Tensors

/// Completes a texture's fine structure: analysis of what was seen, synthesis of what was not, and the result put back over the
/// smooth colours. Owned by one thread; what does not depend on the face is made once.
package final class TextureSynthesizer {
    /// Where a synthesis stands: enough to go on from, and to be put over a newer texture of the same person.
    package struct State: Sendable {
        /// Detail of the finest octave done, `detail.size` texels along a side.
        package fileprivate(set) var detail: DetailMap
        /// Texels along one side of the finest octave that the camera resolved.
        package fileprivate(set) var sharpSize: Int
        /// See `DetailAnalysis`.
        package fileprivate(set) var regionWeights: [[Double]]
        /// See `DetailAnalysis`.
        package fileprivate(set) var regionResiduals: [Double]
        /// Mean over the regions.
        package fileprivate(set) var weights: [Double]
        /// See `DetailAnalysis`.
        package fileprivate(set) var residual: Double
        package fileprivate(set) var effectiveFaces: Double
        /// 0...1: how far the camera left the octave of `detail` unresolved, so that seen skin is refined by it.
        package fileprivate(set) var unresolved: Float

        package init(
            detail: DetailMap, sharpSize: Int, regionWeights: [[Double]], regionResiduals: [Double], weights: [Double],
            residual: Double, effectiveFaces: Double, unresolved: Float
        ) {
            self.detail = detail
            self.sharpSize = sharpSize
            self.regionWeights = regionWeights
            self.regionResiduals = regionResiduals
            self.weights = weights
            self.residual = residual
            self.effectiveFaces = effectiveFaces
            self.unresolved = unresolved
        }
    }

    private let atlas: TextureAtlas
    private let pyramid: DetailPyramid
    private let features: DetailFeatures
    private let network: FeatureNetwork
    private let relations: FaceRelations
    private let options: DetailSynthesis.Options
    private var tiles = TiledStatistics()
    private lazy var ownRegions = regions(at: atlas.size)
    /// Of the coarsest octave alone, in few evaluations.
    private let sketcher: TextureSynthesizer?
    private static let sketchSize = 256
    private static let sketchEvaluations = 6

    /// Texels along one side of the finest octave.
    package var size: Int { pyramid.sizes[0] }

    /// - Parameter size: of the finest octave, 256 and more; beyond the database's own its finest octave stands for it.
    package init(
        atlas: TextureAtlas, contents: FaceDatabaseContents, size: Int? = nil,
        options: DetailSynthesis.Options = DetailSynthesis.Options()
    ) {
        self.atlas = atlas
        self.options = options
        pyramid = DetailPyramid(atlas: atlas, largest: size ?? min(atlas.size, contents.size))
        features = contents.network
        network = features.network()
        let octaves = pyramid.sizes[0].trailingZeroBitCount - contents.size.trailingZeroBitCount
        relations = FaceRelations(
            octaves < 0 ? contents.database.dropping(octaves: -octaves) : contents.database.extended(octaves: octaves))
        sketcher =
            pyramid.sizes.count > 1 ? TextureSynthesizer(atlas: atlas, contents: contents, sketching: options) : nil
        sketcher?.ownRegions = ownRegions
    }

    private convenience init(
        atlas: TextureAtlas, contents: FaceDatabaseContents, sketching options: DetailSynthesis.Options
    ) {
        var options = options
        options.evaluations = [Self.sketchEvaluations]
        self.init(atlas: atlas, contents: contents, size: Self.sketchSize, options: options)
    }

    /// What is there in a second: the coarsest octave after a few evaluations, from what that octave alone shows. To be looked
    /// at, and not to go on from.
    /// - Parameters: see `state`.
    /// - Returns: `nil` where it was given up, and of a synthesizer that has no other octave.
    package func sketch(
        of texture: Texture, pixelsPerMetre: Double, goOn: (DetailSynthesis.Step) -> Bool = { _ in true }
    ) -> State? {
        sketcher?.state(of: texture, pixelsPerMetre: pixelsPerMetre, goOn: goOn)
    }

    /// Whether a state is of this database and no finer than this synthesizer makes it.
    package func canGoOn(from state: State) -> Bool {
        let faces = relations.database.faces
        return state.detail.size <= size && state.detail.size >= pyramid.sizes.last!
            && state.regionWeights.count == DetailRegions.count
            && state.regionWeights.allSatisfy { $0.count == faces } && state.weights.count == faces
            && state.regionResiduals.count == DetailRegions.count
    }

    /// 0...1: of its octaves, those that a state has.
    package func shareDone(in state: State) -> Double {
        Double(pyramid.sizes.count { $0 <= state.detail.size }) / Double(pyramid.sizes.count)
    }

    /// - Parameters:
    ///   - pixelsPerMetre: of the best pictures, on the face.
    ///   - earlier: of the same person; saves most of the work.
    ///   - octave: called behind each octave with what is there; false ends the work with that.
    ///   - goOn: asked between evaluations, some hundredths of a second apart; false gives up the octave at hand.
    /// - Returns: the last finished octave's state; `nil` if none was finished.
    package func state(
        of texture: Texture, pixelsPerMetre: Double, from earlier: State? = nil,
        octave: (State) -> Bool = { _ in true },
        goOn: (DetailSynthesis.Step) -> Bool = { _ in true }
    ) -> State? {
        var detail = detail(of: texture)
        let seen = tiles.statistics(
            of: detail, pyramid: pyramid, network: network, largestDeep: features.largestDeep
        )
        .sharpened(pyramid: pyramid, pixelsPerMetre: pixelsPerMetre)
        network.releaseMaps()
        let resolved = pyramid.resolved(pixelsPerMetre: pixelsPerMetre)
        let analysis = DetailAnalysis(
            of: seen, relations: relations, resolved: resolved, start: earlier?.regionWeights)
        let synthesis = DetailSynthesis(
            pyramid: pyramid, network: network, analysis: analysis, database: relations.database,
            shown: pyramid.shown(pixelsPerMetre: pixelsPerMetre), taps: features.synthesizedTaps, options: options)
        detail = detail.sharpened(pyramid: pyramid, pixelsPerMetre: pixelsPerMetre)
        let sharpSize = pyramid.sharpSize(pixelsPerMetre: pixelsPerMetre)
        var found: State?
        _ = synthesis.complete(
            detail, from: earlier?.detail, progress: goOn
        ) { level in
            found = State(
                detail: level, sharpSize: sharpSize, regionWeights: analysis.regionWeights,
                regionResiduals: analysis.regionResiduals, weights: analysis.weights, residual: analysis.residual,
                effectiveFaces: analysis.effectiveFaces,
                unresolved: 1 - resolved[pyramid.sizes.firstIndex(of: level.size)!])
            return octave(found!)
        }
        return found
    }

    private func regions(at size: Int) -> DetailRegions {
        pyramid.sizes.contains(size) ? pyramid.regions(at: size) : DetailRegions(atlas: atlas, size: size)
    }

    private func detail(of texture: Texture) -> DetailMap {
        var detail = DetailMap(texture, seen: texture.evidence, regions: ownRegions)
        while detail.size > size { detail = detail.halved }
        while detail.size < size { detail = detail.doubled }
        return detail
    }

    /// What `texture(_:with:)` puts on skin that was seen.
    package func refinement(with state: State) -> TexelOrigins.Refinement {
        TexelOrigins.Refinement(skin: Array(ownRegions.plain), unresolved: state.unresolved)
    }

    /// `texture` with the state's detail where it was not seen: colours times exp(new − old log luma). As large as the
    /// texture or the state's detail, whichever is larger.
    package func texture(_ texture: Texture, with state: State) -> Texture {
        let seen = texture.evidence
        var (old, side) = (DetailMap(texture, seen: seen, regions: ownRegions).values, ownRegions.size)
        while side > state.detail.size {
            old = DetailMap.halved(old, width: side, height: side)
            side /= 2
        }
        while side < state.detail.size {
            old = DetailMap.enlarged(old, size: side)
            side *= 2
        }
        for i in old.indices { old[i] = state.detail.values[i] - old[i] }
        var (change, size) = (consume old, side)
        var result = texture
        while size < result.albedo.width {
            change = DetailMap.enlarged(change, size: size)
            size *= 2
        }
        while result.albedo.width < size { result = result.doubled }
        result.add(change, regions: regions(at: size), sharpSize: state.sharpSize)
        return result
    }
}
