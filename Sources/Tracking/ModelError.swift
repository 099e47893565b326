/// A model or the runtime that cannot be used; one line with the cause and the remedy.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case missing
        case wrongHash(expected: String, found: String)
        /// LiteRT refused: the call and its status.
        case refused(call: String, status: Int32)
    }

    package let kind: Kind
    package let file: String

    package init(_ kind: Kind, file: String) {
        self.kind = kind
        self.file = file
    }

    package var description: String {
        switch kind {
        case .missing: "\(file) is missing: run ./set-up, or name its directory with --models"
        case .wrongHash(let expected, let found):
            "\(file) is not the file this version was made for (SHA-256 \(found.prefix(12))…, not "
                + "\(expected.prefix(12))…): delete it and run ./set-up"
        case .refused(let call, let status): "\(file): \(call) failed with status \(status)"
        }
    }
}
