internal import Tensors

/// Texture statistics of many faces: no picture, no texel. Mean correlations per octave, tap and region of each face, stored
/// as the mean over faces and each face's difference from it in eight bits.
package struct FaceDatabase: Sendable {
    /// What each face's statistics are over: (octave, tap, region) in `DetailStatistics`' order.
    package struct Block: Sendable {
        package var channels: Int
        /// Lower triangle of the mean correlations over faces, (channels + 1)(channels + 2) / 2.
        package var mean: [Float]
        /// Of the differences' eight-bit codes.
        package var scale: Float
        /// faces × triangle.
        package var differences: [Int8]
        /// Per face: seen texels behind it; 0 where the face had too few.
        package var weights: [Float]
    }

    package let octaves: Int
    package let taps: Int
    package let faces: Int
    package let blocks: [Block]
    /// By block: mean over faces of ‖difference‖²: what a unit of error is.
    package let spreads: [Double]
    /// By band (see `BandEnergy`), then region: each face's energy; 0 where too little of it was seen.
    package var energies: [[Float]]

    package init(octaves: Int, taps: Int, faces: Int, blocks: [Block], energies: [[Float]]) {
        precondition(blocks.count == octaves * taps * DetailRegions.count)
        precondition(
            energies.count == (octaves + 1) * DetailRegions.count && energies.allSatisfy { $0.count == faces })
        (self.octaves, self.taps, self.faces, self.blocks, self.energies) = (octaves, taps, faces, blocks, energies)
        spreads = blocks.mapConcurrently(\.spread)
    }

    /// A region that fewer texels of were seen says nothing.
    package static let fewest = 60.0
    /// An octave that is resolved less (`DetailPyramid.resolved`) looks smoother than the person is, and says nothing either.
    static let clear = 0.4

    package init(_ faces: [DetailStatistics]) {
        precondition(!faces.isEmpty, "a database of no faces")
        octaves = faces[0].octaves
        taps = faces[0].taps
        self.faces = faces.count
        let own = faces[0].correlations.indices.map { i in Block(faces.map { $0.correlations[i] }) }
        blocks = own.indices.map { i in
            own[Self.shown(i, of: faces.count) { own[$0].weights.count { $0 > 0 } }]
        }
        spreads = blocks.mapConcurrently(\.spread)
        let bands = faces[0].bands.indices.map { i -> [Double] in
            let band = faces.map { $0.bands[i].mean ?? 0 }
            // A beard tells of beards elsewhere.
            return DetailRegions.bearded.contains(i % DetailRegions.count) ? band : Self.ordinary(band)
        }
        energies = bands.indices.map { i in
            bands[Self.shown(i, of: faces.count) { bands[$0].count { $0 > 0 } }].map { Float($0) }
        }
    }

    /// A region that few faces show is like the next one that many do: its index beside `i`'s; `i` where there is none.
    private static func shown(_ i: Int, of faces: Int, showing: (Int) -> Int) -> Int {
        var region = i % DetailRegions.count
        for _ in 0..<DetailRegions.count {
            let other = i - i % DetailRegions.count + region
            if showing(other) * 3 >= faces { return other }
            region = DetailRegions.names.firstIndex(of: DetailRegions.like[DetailRegions.names[region]]!)!
        }
        return i
    }

    /// Strands of hair, glasses and beards of one day make a few faces far too contrasty: they say nothing about skin. What is
    /// more than four times the median becomes 0, unknown.
    fileprivate static func ordinary(_ energies: [Double]) -> [Double] {
        let known = energies.filter { $0 > 0 }.sorted()
        let most = known.isEmpty ? 0 : 4 * known[known.count / 2]
        return energies.map { $0 <= most ? $0 : 0 }
    }

    /// Without its finest octaves: for a smaller atlas.
    package func dropping(octaves count: Int) -> FaceDatabase {
        precondition(count < octaves, "no octave of \(octaves) is left without \(count)")
        return FaceDatabase(
            octaves: octaves - count, taps: taps, faces: faces,
            blocks: Array(blocks.dropFirst(count * taps * DetailRegions.count)),
            energies: Array(energies.dropFirst(count * DetailRegions.count)))
    }

    /// With `count` finer octaves than any face was seen in: skin is taken as alike from octave to octave, each as much
    /// weaker than the one before as the finest known is than the next coarser (photographs blur their last octave a little,
    /// so this errs on the smooth side). ReLU features without bias grow with the contrast, correlations with its square.
    package func extended(octaves count: Int) -> FaceDatabase {
        guard count > 0 else { return self }
        precondition(octaves > 1, "no octave to go by")
        let perOctave = taps * DetailRegions.count
        let added = (0..<perOctave).map { i -> Block in
            let (fine, coarse) = (blocks[i], blocks[perOctave + i])
            let ratio = fine.energy > 0 && coarse.energy > 0 ? min(fine.energy / coarse.energy, 1) : 1
            return fine.scaled(by: Float(ratio.squareRoot()))
        }
        let weaker = (0..<DetailRegions.count).map { k -> [Float] in
            let (fine, coarse) = (energies[k], energies[DetailRegions.count + k])
            let both = fine.indices.filter { fine[$0] > 0 && coarse[$0] > 0 }
            let sums = both.reduce(SIMD2<Float>()) { $0 + SIMD2(fine[$1], coarse[$1]) }
            return fine.map { $0 * (sums.y > 0 ? min(sums.x / sums.y, 1) : 1) }
        }
        let more = FaceDatabase(
            octaves: octaves + 1, taps: taps, faces: faces, blocks: added + blocks, energies: weaker + energies)
        return more.extended(octaves: count - 1)
    }

    static func triangle(_ square: [Float], side: Int) -> [Float] {
        (0..<side).flatMap { r in (0...r).map { square[r * side + $0] } }
    }

    static func square(_ triangle: [Float], side: Int) -> [Float] {
        var result = [Float](repeating: 0, count: side * side)
        var at = 0
        for r in 0..<side {
            for c in 0...r {
                result[r * side + c] = triangle[at]
                result[c * side + r] = triangle[at]
                at += 1
            }
        }
        return result
    }
}

extension FaceDatabase.Block {
    /// Of one octave, tap and region, face by face.
    init(_ faces: [Correlations]) {
        let channels = faces[0].channels
        let side = channels + 1
        let energy = faces.map { face -> Double in
            guard face.weight >= FaceDatabase.fewest else { return 0 }
            let means = face.means
            return (0..<channels).reduce(0) { $0 + means[$1 * side + $1] }
        }
        let known = FaceDatabase.ordinary(energy).map { $0 > 0 }
        let rows = faces.map { FaceDatabase.triangle($0.means.map { Float($0) }, side: side) }
        var mean = [Float](repeating: 0, count: rows[0].count)
        let count = Float(max(known.count { $0 }, 1))
        for (row, known) in zip(rows, known) where known { for j in mean.indices { mean[j] += row[j] / count } }
        var largest: Float = 1e-12
        for (row, known) in zip(rows, known) where known {
            for j in mean.indices { largest = max(largest, abs(row[j] - mean[j])) }
        }
        let scale = largest / 127
        var differences: [Int8] = []
        for (row, known) in zip(rows, known) {
            differences += mean.indices.map { known ? Int8(((row[$0] - mean[$0]) / scale).rounded()) : 0 }
        }
        self.init(
            channels: channels, mean: mean, scale: scale, differences: differences,
            weights: zip(faces, known).map { $1 ? Float($0.weight) : 0 })
    }

    /// Lower triangle of Σ w (mean + difference) over the faces that know the region; the mean where none counts.
    package func blend(_ shares: [Double]) -> [Float] {
        var result = mean
        let total = zip(shares, weights).reduce(0.0) { $0 + ($1.1 > 0 ? $1.0 : 0) }
        guard total > 1e-6 else { return result }
        for (f, share) in shares.enumerated() where weights[f] > 0 && share > 0 {
            let factor = Float(share / total) * scale
            add(face: f, times: factor, to: &result)
        }
        return result
    }

    private func add(face: Int, times factor: Float, to sum: inout [Float]) {
        let (length, whole) = (mean.count, mean.count / 16 * 16)
        differences.withUnsafeBufferPointer { differences in
            sum.withUnsafeMutableBufferPointer { sum in
                let row = differences.baseAddress! + face * length
                for j in stride(from: 0, to: whole, by: 16) {
                    let codes = UnsafeRawPointer(row + j).loadUnaligned(as: SIMD16<Int8>.self)
                    let place = UnsafeMutableRawPointer(sum.baseAddress! + j)
                    let value = place.loadUnaligned(as: SIMD16<Float>.self) + factor * SIMD16<Float>(codes)
                    place.storeBytes(of: value, as: SIMD16<Float>.self)
                }
                for j in whole..<length { sum[j] += factor * Float(row[j]) }
            }
        }
    }

    /// Mean over faces of the sum of the maps' mean squares.
    var energy: Double { (0..<channels).reduce(0) { $0 + Double(mean[$1 * ($1 + 3) / 2]) } }

    /// Of pictures whose contrast is so many times as strong; by triangle: products of two maps, maps' means, the constant 1.
    func scaled(by contrast: Float) -> FaceDatabase.Block {
        var result = self
        let products = channels * (channels + 1) / 2
        for j in 0..<mean.count - 1 { result.mean[j] *= j < products ? contrast * contrast : contrast }
        result.scale *= contrast * contrast
        // Differences share one scale: the maps' means are divided by what they have too much of it.
        for f in 0..<weights.count {
            for j in products..<mean.count - 1 {
                let at = f * mean.count + j
                result.differences[at] = Int8(max(min((Float(differences[at]) / contrast).rounded(), 127), -127))
            }
        }
        return result
    }

    fileprivate var spread: Double {
        let known = weights.count { $0 > 0 }
        guard known > 1 else { return 0 }
        let sum = differences.reduce(0) { $0 + Int($1) * Int($1) }
        return Double(sum) * Double(scale) * Double(scale) / Double(known)
    }

    /// By face: its difference from the mean along `direction`, a triangle, in units of `scale`.
    func along(_ direction: [Float]) -> [Double] {
        let length = mean.count
        precondition(direction.count == length, "direction of \(direction.count), triangles of \(length)")
        return differences.withUnsafeBufferPointer { differences in
            direction.withUnsafeBufferPointer { direction in
                weights.indices.map { face in
                    let row = differences.baseAddress! + face * length
                    // Sixteen sums side by side, or each addition would wait for the one before.
                    var sums = SIMD16<Float>()
                    let whole = length / 16 * 16
                    for j in stride(from: 0, to: whole, by: 16) {
                        let codes = UnsafeRawPointer(row + j).loadUnaligned(as: SIMD16<Int8>.self)
                        let along = UnsafeRawPointer(direction.baseAddress! + j).loadUnaligned(as: SIMD16<Float>.self)
                        sums += SIMD16<Float>(codes) * along
                    }
                    return Double(sums.sum())
                        + (whole..<length).reduce(0.0) { $0 + Double(Float(row[$1]) * direction[$1]) }
                }
            }
        }
    }
}
