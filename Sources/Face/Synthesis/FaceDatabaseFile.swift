package import Tensors

/// A database file that cannot be used; one line with the remedy.
package struct DatabaseFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ reason: String, remedy: String = "take the one that came with this version, or build it again") {
        description = "the face database \(reason): \(remedy)"
    }
}

/// The features and the statistics made with them, which are worth nothing without each other; little-endian:
///
///     "LIKEFACE"  UInt32: version, atlas size, octaves, taps, regions, faces
///     the albedo model: see `AlbedoModel.read`
///     UInt32 convolutions; per convolution: UInt32 outputs, inputs, rows, columns; Float32 weights, biases
///         with none it is VGG-19: UInt32 depth from 1; 64 bytes: SHA-256 of its weights as text (`VGG19.digest`)
///     per octave, tap, region: UInt32 channels, Float32 scale, Float32 mean triangle, Float32 weight per face,
///         Int8 differences (faces × triangle)
///     per band (octaves + 1), region: Float32 energy per face
///     32 bytes: SHA-256 of all before, as text of its first 32 digits
package struct FaceDatabaseContents: Sendable {
    package var network: DetailFeatures
    package var database: FaceDatabase
    /// Texels along one side of the atlas that the finest octave is of.
    package var size: Int
    /// How the same faces' smooth albedo varies; `nil` where they were too few.
    package var albedo: AlbedoModel?

    private static let magic = "LIKEFACE"
    private static let version: UInt32 = 4

    package init(network: DetailFeatures, database: FaceDatabase, size: Int, albedo: AlbedoModel? = nil) {
        (self.network, self.database, self.size, self.albedo) = (network, database, size, albedo)
    }

    package func encoded() -> [UInt8] {
        var out = SealedFile.begin(Self.magic, version: Self.version)
        out.put(
            [size, database.octaves, database.taps, DetailRegions.count, database.faces].map { UInt32($0) })
        AlbedoModel.put(albedo, into: &out)
        out.put([UInt32(network.weights.count)])
        for (shape, (weights, biases)) in zip(DetailNetwork.shapes, zip(network.weights, network.biases)) {
            out.put(shape.map { UInt32($0) })
            out.put(weights)
            out.put(biases)
        }
        if case .vgg(let vgg) = network { StoredFeatures.put(vgg, into: &out) }
        for block in database.blocks {
            out.put([UInt32(block.channels)])
            out.put([block.scale])
            out.put(block.mean)
            out.put(block.weights)
            out.put(block.differences)
        }
        for energies in database.energies { out.put(energies) }
        return SealedFile.sealed(out)
    }

    /// - Parameter weights: what `texture.features` names.
    package init(encoded file: [UInt8], weights: SafeTensors? = nil) throws(DatabaseFileError) {
        var (input, head) = try Self.open(file)
        let stored: StoredFeatures
        do throws(LittleEndianReader.Damage) {
            albedo = try AlbedoModel.read(&input)
            stored = try Self.network(&input)
            let (octaves, taps, faces) = (Int(head[1]), Int(head[2]), Int(head[4]))
            var blocks: [FaceDatabase.Block] = []
            // From the finest octave down to 256, and at least one face.
            guard (1...4).contains(octaves), Int(head[0]) == 128 << octaves, taps == stored.channels.count,
                faces > 0
            else { throw .outOfRange }
            for i in 0..<octaves * taps * DetailRegions.count {
                let channels = try input.integer()
                guard channels == stored.channels[i / DetailRegions.count % taps] else { throw .outOfRange }
                let triangle = (channels + 1) * (channels + 2) / 2
                let scale = try input.finiteFloats(1)[0]
                let mean = try input.finiteFloats(triangle)
                let weights = try input.finiteFloats(faces)
                blocks.append(
                    FaceDatabase.Block(
                        channels: channels, mean: mean, scale: scale, differences: try input.codes(faces * triangle),
                        weights: weights))
            }
            var energies: [[Float]] = []
            for _ in 0..<(octaves + 1) * DetailRegions.count { energies.append(try input.finiteFloats(faces)) }
            database = FaceDatabase(octaves: octaves, taps: taps, faces: faces, blocks: blocks, energies: energies)
            size = Int(head[0])
        } catch {
            throw DatabaseFileError(error == .cutOff ? "is cut off" : "is damaged")
        }
        network = try stored.features(weights)
    }

    /// The albedo model alone, whatever network the statistics are of.
    package static func albedo(encoded file: [UInt8]) throws(DatabaseFileError) -> AlbedoModel? {
        var (input, _) = try open(file)
        do { return try AlbedoModel.read(&input) } catch {
            throw DatabaseFileError(error == .cutOff ? "is cut off" : "is damaged")
        }
    }

    /// - Returns: what stands behind the version: atlas size, octaves, taps, regions, faces; the reader is behind them.
    private static func open(_ file: [UInt8]) throws(DatabaseFileError) -> (LittleEndianReader, head: [UInt32]) {
        var input: LittleEndianReader
        do throws(SealedFile.Fault) {
            input = try SealedFile.open(file, magic: Self.magic, version: Self.version)
        } catch {
            switch error {
            case .foreign: throw DatabaseFileError("is not one")
            case .damaged: throw DatabaseFileError("is damaged")
            case .version(let found): throw DatabaseFileError("has version \(found)")
            }
        }
        guard let head = try? input.integers(5) else { throw DatabaseFileError("is cut off") }
        guard Int(head[3]) == DetailRegions.count else { throw DatabaseFileError("has \(head[3]) regions") }
        return (input, head)
    }

    private static func network(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> StoredFeatures {
        var (weights, biases) = ([[Float]](), [[Float]]())
        let count = try input.integer()
        if count == 0 { return try StoredFeatures.vgg(&input) }
        guard count == DetailNetwork.channels.count else { throw .outOfRange }
        for shape in DetailNetwork.shapes {
            for expected in shape where try input.integer() != expected { throw .outOfRange }
            weights.append(try input.finiteFloats(shape.reduce(1, *)))
            biases.append(try input.finiteFloats(shape[0]))
        }
        return .own(DetailNetwork(weights: weights, biases: biases))
    }
}
