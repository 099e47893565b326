internal import Foundation
internal import Tensors

/// The loss of one window of one octave: over this octave and the next coarser one, each tap and region, the squared distance of
/// mean correlations to their target, in units of how far faces differ, weighted by texels.
struct TileObjective {
    let network: FeatureNetwork
    let values: [Float]
    let free: [Float]
    /// This octave's picture and the coarser one's.
    let pictures: [FeatureMap]
    let gradients: [FeatureMap]
    /// [level][tap]: regions' targets and weights, in the order of `regions`' places.
    private var terms: [[[Term]]] = []
    private var regions: [FeatureRegions] = []
    /// 0...1: where only what is finer than `halvings` octaves down may change; `nil` where anything may.
    private let kept: [Float]?
    private let halvings: Int

    private struct Term {
        let target: [Float]
        let weight: Double
    }

    /// - Parameter taps: see `DetailSynthesis`.
    ///
    /// All that is by texel is of the window; `counted` for this octave and, at the same size, for the coarser one.
    init(
        pyramid: DetailPyramid, network: FeatureNetwork, targets: [[Float]], database: FaceDatabase, octave: Int,
        window: DetailWindow, values: [Float], free: [Float], counted: [[Float]], size: Int, kept: [Float]?,
        halvings: Int, taps: [Int]?
    ) {
        self.free = free
        self.network = network
        self.values = values
        let shape = MapShape(channels: 1, height: window.height, width: window.width)
        var octaves = [(octave, shape, window, counted[0], size)]
        if octave + 1 < pyramid.sizes.count {
            let small = DetailMap.halved(counted[1], width: window.width, height: window.height)
            octaves.append((octave + 1, shape.pooled, window.halved, small, size / 2))
        }
        self.kept = kept
        self.halvings = halvings
        pictures = octaves.map { FeatureMap($0.1) }
        gradients = octaves.map { FeatureMap($0.1) }
        for (o, shape, window, mask, size) in octaves {
            let masks = DetailMasks(
                mask, pyramid: pyramid, window: window, size: size, fewest: Self.fewest, halvings: network.halvings)
            var (places, terms) = ([[Places]](), [[Term]]())
            for (t, map) in network.tapShapes(shape).enumerated() {
                let known = masks.places(for: map).enumerated().compactMap { k, places -> (Places, Term)? in
                    let i = (o * database.taps + t) * DetailRegions.count + k
                    let total = Double(places.total)
                    guard total > 4, database.spreads[i] > 0, t < taps?[k] ?? .max else { return nil }
                    let weight = total / Double(map.pixels) / database.spreads[i]
                    return (places, Term(target: targets[i], weight: weight))
                }
                places.append(known.map(\.0))
                terms.append(known.map(\.1))
            }
            regions.append(FeatureRegions(of: network, picture: shape, places: places))
            self.terms.append(terms)
        }
    }

    /// Texels of weight 1 that a region needs for statistics of its own.
    private static let fewest: Float = 600

    /// Value, and ∂/∂values into `gradients[0]`.
    func evaluate(_ point: [Float]) -> Double {
        pictures[0].assign(point.span)
        for l in 1..<max(pictures.count, 1) { LowPassPooling.forward(pictures[l - 1], into: pictures[l]) }
        var value = 0.0
        for l in pictures.indices {
            let found = network.correlations(of: pictures[l], at: regions[l])
            let slopes = zip(terms[l], found).map { terms, found in
                zip(terms, found).map { term, found in
                    let misses = zip(found.means, term.target).map { $0 - Double($1) }
                    value += term.weight * misses.reduce(0) { $0 + $1 * $1 }
                    return misses.map { Float(2 * term.weight * $0 / found.weight) }
                }
            }
            network.backward(into: gradients[l], slopes: slopes, at: regions[l])
        }
        for l in gradients.indices.dropFirst().reversed() {
            LowPassPooling.addBackward(gradients[l], to: gradients[l - 1])
        }
        return value
    }

    /// `change` without what the finest resolved octave shows of it, where that is to be kept: change − w · 4ᵏ (Dᵀ)ᵏ Dᵏ (w · change),
    /// D the pyramid's low-pass; symmetric, so gradients go back through it as they are.
    private func withoutCoarse(_ change: [Float]) -> [Float] {
        guard let kept else { return change }
        let weighted = zip(change, kept).map { $0 * $1 }
        var maps = [FeatureMap(pictures[0].shape)]
        maps[0].assign(weighted.span)
        for _ in 0..<halvings {
            let next = FeatureMap(maps.last!.shape.pooled)
            LowPassPooling.forward(maps.last!, into: next)
            maps.append(next)
        }
        for k in (0..<halvings).reversed() {
            maps[k].clear()
            LowPassPooling.addBackward(maps[k + 1], to: maps[k])
        }
        let (back, gain) = (maps[0].planar, Float(1 << 2 * halvings))
        return change.indices.map { change[$0] - gain * kept[$0] * back[$0] }
    }

    /// - Parameter goOn: after each evaluation; false stops, and nothing is returned.
    func minimize(evaluations: Int, goOn: (Int, Double) -> Bool) -> [Float]? {
        // The unknown is the change, in units of how free a texel is.
        var search = LBFGS(start: [Float](repeating: 0, count: values.count), memory: 8, firstStep: 0.02)
        func changed(_ change: [Float]) -> [Float] {
            let fine = withoutCoarse(change)
            return values.indices.map { values[$0] + free[$0] * fine[$0] }
        }
        while !search.isFinished, search.evaluations < evaluations {
            let value = evaluate(changed(search.point))
            let gradient = withoutCoarse(zip(gradients[0].planar, free).map { $0 * $1 })
            search.take(value: value, gradient: gradient)
            guard goOn(search.evaluations, search.value) else { return nil }
        }
        return changed(search.best)
    }
}
