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

    private struct Term {
        let target: [Float]
        let weight: Double
    }

    /// - Parameter taps: see `DetailSynthesis`.
    ///
    /// All that is by texel is of the window.
    init(
        pyramid: DetailPyramid, network: FeatureNetwork, targets: [[Float]], database: FaceDatabase, octave: Int,
        window: DetailWindow, values: [Float], free: [Float], counted: [Float], size: Int, taps: [Int]?
    ) {
        self.free = free
        self.network = network
        self.values = values
        let shape = MapShape(channels: 1, height: window.height, width: window.width)
        var octaves = [(octave, shape, window, counted, size)]
        if octave + 1 < pyramid.sizes.count {
            let small = DetailMap.halved(counted, width: window.width, height: window.height)
            octaves.append((octave + 1, shape.pooled, window.halved, small, size / 2))
        }
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

    /// - Parameter goOn: after each evaluation; false stops, and nothing is returned.
    func minimize(evaluations: Int, goOn: (Int, Double) -> Bool) -> [Float]? {
        // The unknown is the change, in units of how free a texel is.
        var search = LBFGS(start: [Float](repeating: 0, count: values.count), memory: 8, firstStep: 0.02)
        func changed(_ change: [Float]) -> [Float] {
            values.indices.map { values[$0] + free[$0] * change[$0] }
        }
        while !search.isFinished, search.evaluations < evaluations {
            let value = evaluate(changed(search.point))
            search.take(value: value, gradient: zip(gradients[0].planar, free).map { $0 * $1 })
            guard goOn(search.evaluations, search.value) else { return nil }
        }
        return changed(search.best)
    }
}
