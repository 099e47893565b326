internal import Foundation
internal import Tensors

/// The files that tracking needs, each pinned by its SHA-256: models are data that runs, and the runtime's symbols do not
/// say which version they are.
package enum PinnedFile: String, Sendable, CaseIterable {
    case runtime = "libLiteRt.so"
    case faceDetector = "face_detection_short_range.tflite"
    case faceMesh = "face_landmark.tflite"
    case iris = "iris_landmark.tflite"
    case personMask = "selfie_segmentation.tflite"

    package var sha256: String {
        switch self {
        case .runtime: "eec47eb35e2924b3166015887e652a58edc9af823ae38e02bf83bef2548300bb"
        case .faceDetector: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
        case .faceMesh: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
        case .iris: "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f"
        case .personMask: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"
        }
    }

    /// Reads the file and checks its hash.
    package func load(from directory: String) throws(ModelError) -> [UInt8] {
        let path = directory + "/" + rawValue
        guard let data = FileManager.default.contents(atPath: path) else { throw ModelError(.missing, file: path) }
        let bytes = [UInt8](data)
        let found = SHA256.hex(of: bytes)
        guard found == sha256 else {
            throw ModelError(.wrongHash(expected: sha256, found: found), file: path)
        }
        return bytes
    }
}
