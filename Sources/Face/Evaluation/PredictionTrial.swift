internal import Foundation
internal import Tensors

/// How well an analysis tells what nobody saw: each face of a database in turn is taken out of it, some of its regions are
/// hidden, and what follows for them from the rest is compared with what the face has there. Nothing is synthesized, so a
/// hundred faces take seconds, and no held-out face is looked at.
package struct PredictionTrial {
    package enum Way: String, CaseIterable, Sendable {
        case ours, mean, nearest
    }

    /// Of one way, over all faces and hidden blocks.
    package struct Score {
        /// Root mean square of ‖target − own‖² in units of the block's spread.
        package var miss = 0.0
        /// Natural logarithm of the target's contrast beside the face's own: mean and root mean square.
        package var bias = 0.0
        package var error = 0.0
    }

    private let database: FaceDatabase

    package init(_ database: FaceDatabase) { self.database = database }

    /// - Parameters:
    ///   - hidden: names of regions.
    ///   - octaves: how many of the finest are hidden as well, everywhere: of a small picture. Then all regions are judged.
    /// - Returns: by octave, finest first.
    package func scores(hidden names: Set<String>, octaves unresolved: Int = 0) -> [[Way: Score]] {
        let regions = DetailRegions.count
        let hidden = Set(names.map { DetailRegions.names.firstIndex(of: $0)! })
        let resolved = (0..<database.octaves).map { Float($0 < unresolved ? 0 : 1) }
        var sums = [[Way: (score: Score, count: Double)]](repeating: [:], count: database.octaves)
        for face in 0..<database.faces {
            let rest = database.without(face: face)
            var seen = DetailStatistics(of: face, in: database)
            for i in seen.correlations.indices {
                let (octave, region) = (i / (database.taps * regions), i % regions)
                if octave < unresolved || hidden.contains(region) {
                    seen.correlations[i] = Correlations(channels: database.blocks[i].channels)
                }
            }
            let relations = FaceRelations(rest)
            let ours = DetailAnalysis(of: seen, relations: relations, resolved: unresolved > 0 ? resolved : nil)
            let best = ours.weights.indices.max { ours.weights[$0] < ours.weights[$1] }!
            let targets: [Way: [[Float]]] = [
                .ours: ours.targets,
                .mean: DetailAnalysis(weights: ours.weights.map { _ in 1 }, database: rest).targets,
                .nearest: DetailAnalysis(weights: ours.weights.indices.map { $0 == best ? 1 : 0 }, database: rest)
                    .targets,
            ]
            for (i, block) in database.blocks.enumerated() where block.weights[face] > 0 && rest.blocks[i].spread > 0 {
                let (octave, region) = (i / (database.taps * regions), i % regions)
                guard hidden.isEmpty ? octave < unresolved : hidden.contains(region) else { continue }
                let own = block.square(ofFace: face)
                for (way, targets) in targets {
                    let energies = [targets[i], own].map { FaceContrast.energy($0, side: block.channels + 1) }
                    guard energies.allSatisfy({ $0 > 0 }) else { continue }
                    let log = log(energies[0] / energies[1]) / 2
                    var (score, count) = sums[octave][way] ?? (Score(), 0)
                    score.miss +=
                        zip(targets[i], own).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                        / rest.blocks[i].spread
                    score.bias += log
                    score.error += log * log
                    count += 1
                    sums[octave][way] = (score, count)
                }
            }
        }
        return sums.map {
            $0.mapValues { score, count in
                Score(
                    miss: (score.miss / count).squareRoot(), bias: score.bias / count,
                    error: (score.error / count).squareRoot())
            }
        }
    }

    /// Faces that show a region, of all.
    package func faces(showing region: String) -> Int {
        let k = DetailRegions.names.firstIndex(of: region)!
        return database.blocks[k].weights.count { $0 > 0 }
    }
}

extension FaceDatabase {
    /// All but one.
    func without(face: Int) -> FaceDatabase {
        FaceDatabase(octaves: octaves, taps: taps, faces: faces - 1, blocks: blocks.map { $0.without(face: face) })
    }
}

extension FaceDatabase.Block {
    /// (channels + 1)², mean correlations of one face.
    func square(ofFace f: Int) -> [Float] {
        FaceDatabase.square(
            mean.indices.map { mean[$0] + scale * Float(differences[f * mean.count + $0]) }, side: channels + 1)
    }

    fileprivate func without(face: Int) -> FaceDatabase.Block {
        var result = self
        let count = mean.count
        result.weights.remove(at: face)
        result.differences.removeSubrange(face * count..<(face + 1) * count)
        let known = result.weights.indices.filter { result.weights[$0] > 0 }
        guard !known.isEmpty, weights[face] > 0 else { return result }
        for j in 0..<count {
            let shift = known.reduce(Float(0)) { $0 + Float(result.differences[$1 * count + j]) } / Float(known.count)
            result.mean[j] += shift * scale
            for f in known {
                let value = (Float(result.differences[f * count + j]) - shift).rounded()
                result.differences[f * count + j] = Int8(max(min(value, 127), -127))
            }
        }
        return result
    }
}

extension DetailStatistics {
    /// Of a face of the database.
    init(of face: Int, in database: FaceDatabase) {
        self.init(
            octaves: database.octaves, taps: database.taps,
            correlations: database.blocks.map { block in
                var own = Correlations(channels: block.channels)
                let weight = Double(block.weights[face])
                if weight > 0 { own.sums = block.square(ofFace: face).map { weight * Double($0) } }
                return own
            })
    }
}
