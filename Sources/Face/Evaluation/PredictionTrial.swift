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
        /// Root mean square of ‖target − own‖² in units of the block's spread; not a number of what lies below the octaves.
        package var miss = 0.0
        /// Natural logarithm of the band's contrast beside the face's own: mean and root mean square.
        package var bias = 0.0
        package var error = 0.0
    }

    private let database: FaceDatabase

    package init(_ database: FaceDatabase) { self.database = database }

    /// - Parameters:
    ///   - hidden: names of regions.
    ///   - octaves: how many of the finest are hidden as well, everywhere: of a small picture. Then all regions are judged.
    /// - Returns: by band (see `BandEnergy`).
    package func scores(hidden names: Set<String>, octaves unresolved: Int = 0) -> [[Way: Score]] {
        let regions = DetailRegions.count
        let hidden = Set(names.map { DetailRegions.names.firstIndex(of: $0)! })
        let resolved = (0..<database.octaves).map { Float($0 < unresolved ? 0 : 1) }
        var sums = [[Way: Sums]](repeating: [:], count: database.octaves + 1)
        for face in 0..<database.faces {
            let rest = database.without(face: face)
            var seen = DetailStatistics(of: face, in: database)
            for i in seen.correlations.indices {
                let (octave, region) = (i / (database.taps * regions), i % regions)
                if octave < unresolved || hidden.contains(region) {
                    seen.correlations[i] = Correlations(channels: database.blocks[i].channels)
                }
            }
            for i in seen.bands.indices where i / regions < unresolved || hidden.contains(i % regions) {
                seen.bands[i] = BandEnergy()
            }
            let relations = FaceRelations(rest)
            let ours = DetailAnalysis(of: seen, relations: relations, resolved: unresolved > 0 ? resolved : nil)
            let best = ours.weights.indices.max { ours.weights[$0] < ours.weights[$1] }!
            let analyses: [Way: DetailAnalysis] = [
                .ours: ours,
                .mean: DetailAnalysis(weights: ours.weights.map { _ in 1 }, database: rest),
                .nearest: DetailAnalysis(weights: ours.weights.indices.map { $0 == best ? 1 : 0 }, database: rest),
            ]
            func isJudged(_ octave: Int, _ region: Int) -> Bool {
                hidden.isEmpty ? octave < unresolved : hidden.contains(region)
            }
            for (way, analysis) in analyses {
                for (i, block) in database.blocks.enumerated()
                where block.weights[face] > 0 && rest.spreads[i] > 0 {
                    let octave = i / (database.taps * regions)
                    guard isJudged(octave, i % regions) else { continue }
                    sums[octave][way, default: Sums()].add(
                        miss: zip(analysis.targets[i], block.square(ofFace: face)).reduce(0) {
                            $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
                        } / rest.spreads[i])
                }
                for (k, faces) in database.energies.enumerated() where faces[face] > 0 {
                    guard isJudged(k / regions, k % regions) else { continue }
                    sums[k / regions][way, default: Sums()].add(
                        departure: (analysis.energies[k] - log(Double(faces[face]))) / 2)
                }
            }
        }
        return sums.map { $0.mapValues(\.score) }
    }

    private struct Sums {
        private var (miss, misses) = (0.0, 0.0)
        private var (departure, squares, departures) = (0.0, 0.0, 0.0)

        mutating func add(miss: Double) {
            self.miss += miss
            misses += 1
        }

        mutating func add(departure: Double) {
            self.departure += departure
            squares += departure * departure
            departures += 1
        }

        var score: Score {
            Score(
                miss: (miss / misses).squareRoot(), bias: departure / departures,
                error: (squares / departures).squareRoot())
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
        FaceDatabase(
            octaves: octaves, taps: taps, faces: faces - 1, blocks: blocks.map { $0.without(face: face) },
            energies: energies.map { row in row.indices.compactMap { $0 == face ? nil : row[$0] } })
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
            },
            bands: database.energies.map { BandEnergy(mean: Double($0[face]), weight: $0[face] > 0 ? 2000 : 0) })
    }
}
