/// Why bytes are no glTF asset that can be read here.
package enum GLTFError: Error, Equatable, CustomStringConvertible {
    /// The container's header or chunks contradict the bytes.
    case container(String)
    /// The JSON does not parse or lacks what the schema requires.
    case json(String)
    /// An index, range or count in the document leads nowhere; `pointer` is a JSON pointer.
    case reference(pointer: String, String)
    /// Valid glTF that this reader does not take.
    case unsupported(String)

    package var description: String {
        switch self {
        case .container(let reason): "GLB: \(reason)"
        case .json(let reason): "glTF JSON: \(reason)"
        case .reference(let pointer, let reason): "glTF \(pointer): \(reason)"
        case .unsupported(let reason): "glTF: \(reason) is not supported"
        }
    }
}
