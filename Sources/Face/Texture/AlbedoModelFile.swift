internal import Tensors

/// The albedo model's part of the database file, little-endian:
///
///     UInt32 points G, modes K; no more where both are 0
///     Float32 remainder;  G × UInt8 known / 255
///     of the mean and each mode: Float32 scale, 3 Int16 codes for each point that is known at all
extension AlbedoModel {
    private static let most: Float = 32767

    static func put(_ model: AlbedoModel?, into out: inout LittleEndianWriter) {
        guard let model else { return out.put([UInt32](arrayLiteral: 0, 0)) }
        out.put([UInt32(model.pointCount), UInt32(model.modes.count)])
        out.put([model.remainder])
        let known = model.known.map { UInt8((min(max($0, 0), 1) * 255).rounded()) }
        out.bytes += known
        for map in [model.mean] + model.modes {
            let places = known.indices.filter { known[$0] > 0 }
            let largest = places.reduce(Float(1e-12)) { max($0, abs(map[$1].x), abs(map[$1].y), abs(map[$1].z)) }
            let scale = largest / Self.most
            out.put([scale])
            out.put(places.flatMap { g in (0..<3).map { Int16((map[g][$0] / scale).rounded()) } })
        }
    }

    /// - Returns: `nil` where the file has none.
    static func read(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> AlbedoModel? {
        let (count, modes) = (try input.integer(), try input.integer())
        guard count > 0 || modes > 0 else { return nil }
        guard modes <= 256 else { throw .outOfRange }
        let remainder = try input.finiteFloats(1)[0]
        guard remainder >= 0 else { throw .outOfRange }
        let known = Array(try input.bytes(count))
        let places = known.indices.filter { known[$0] > 0 }
        var maps: [[SIMD4<Float>]] = []
        for _ in 0...modes {
            let scale = try input.finiteFloats(1)[0]
            let codes = try input.shorts(3 * places.count)
            guard (scale * Self.most).isFinite else { throw .outOfRange }
            var map = [SIMD4<Float>](repeating: .zero, count: count)
            for (i, g) in places.enumerated() {
                for c in 0..<3 { map[g][c] = Float(codes[3 * i + c]) * scale }
            }
            maps.append(map)
        }
        return AlbedoModel(
            mean: maps[0], modes: Array(maps.dropFirst()), known: known.map { Float($0) / 255 }, remainder: remainder)
    }
}
