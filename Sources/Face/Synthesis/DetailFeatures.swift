package import Tensors

/// What detail is looked at with. Statistics made with one are worth nothing to another, so a database names its own.
package enum DetailFeatures: Sendable {
    /// Ours, whole in the database's file.
    case own(DetailNetwork)
    /// From a file of the user's, of which the database's holds the depth and the weights' SHA-256.
    case vgg(VGG19)

    package func network() -> FeatureNetwork {
        switch self {
        case .own(let network): network.network()
        case .vgg(let vgg): vgg.network()
        }
    }

    /// By region: so many of the taps, from the first, are synthesized towards. Of ours the first tells it all but on the neck:
    /// with the deeper ones too, at their full weight or the second at a fifth, skin comes less near to the truth (see the
    /// model card). They are for telling whose skin it is like. Of VGG-19 all, as Gatys et al. 2015 have it.
    package var synthesizedTaps: [Int] {
        let all = DetailNetwork.channels.count
        return switch self {
        case .own: (0..<DetailRegions.count).map { DetailRegions.necks.contains($0) ? all : 1 }
        case .vgg(let vgg): [Int](repeating: vgg.depth.channels.count, count: DetailRegions.count)
        }
    }

    /// Texels along a side: of octaves that are larger an analysis looks at the first tap only. What is synthesized then comes
    /// as near (54 regions of 16 faces), and an update takes less than half of the time.
    package var largestDeep: Int { if case .own = self { 256 } else { .max } }

    /// What of it stands in the database's file, convolution by convolution.
    package var weights: [[Float]] {
        if case .own(let network) = self { network.weights } else { [] }
    }
    package var biases: [[Float]] {
        if case .own(let network) = self { network.biases } else { [] }
    }
}

/// What a database's file says of its features.
enum StoredFeatures {
    case own(DetailNetwork)
    case vgg(VGG19.Depth, digest: String)

    /// Of each tap.
    var channels: [Int] {
        switch self {
        case .own: DetailNetwork.channels
        case .vgg(let depth, _): depth.channels
        }
    }

    /// UInt32: number of the depth, from 1; 64 bytes: the digest.
    static func put(_ vgg: VGG19, into out: inout LittleEndianWriter) {
        out.put([UInt32(VGG19.Depth.allCases.firstIndex(of: vgg.depth)! + 1)])
        out.bytes += Array(vgg.digest.utf8)
    }

    static func vgg(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> StoredFeatures {
        let number = try input.integer()
        guard (1...VGG19.Depth.allCases.count).contains(number) else { throw .outOfRange }
        let digest = try input.bytes(64)
        guard digest.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "f") ~= $0 }) else { throw .outOfRange }
        return .vgg(VGG19.Depth.allCases[number - 1], digest: String(decoding: digest, as: UTF8.self))
    }

    /// - Parameter file: what `texture.features` names; `nil` where it names nothing.
    /// - Throws: when it is not what the database was made with.
    func features(_ file: SafeTensors?) throws(DatabaseFileError) -> DetailFeatures {
        switch (self, file) {
        case (.own(let network), nil): return .own(network)
        case (.own, .some):
            throw DatabaseFileError(
                "has our own network's features, but texture.features names a file of weights",
                remedy: "leave the key empty, or build a database with that file (database build --features)")
        case (.vgg(let depth, let digest), nil):
            throw DatabaseFileError(
                "has features of VGG-19 to \(depth.rawValue), SHA-256 \(digest), and texture.features is empty",
                remedy: "let the key name the safetensors file that it was built with")
        case (.vgg(let depth, let digest), .some(let file)):
            let vgg: VGG19
            do { vgg = try VGG19(file, depth: depth) } catch {
                throw DatabaseFileError(
                    "has features of VGG-19 to \(depth.rawValue), and in what texture.features names \(error)",
                    remedy: "let the key name the safetensors file that it was built with")
            }
            let own = vgg.digest
            guard own == digest else {
                throw DatabaseFileError(
                    "has features of VGG-19 of SHA-256 \(digest), but texture.features names weights of \(own)",
                    remedy: "let the key name the file that it was built with, or build it again with this one")
            }
            return .vgg(vgg)
        }
    }
}
