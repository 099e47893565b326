internal import Foundation
internal import Tensors

/// The page's own files, which are inside this program, and three.js, which set-up fetched beside the models.
struct PageFiles: Sendable {
    private struct Own: Sendable {
        let bytes: [UInt8]
        let type: String
        let tag: String
    }

    private let own: [String: Own]
    /// Holds the modules of three.js.
    private let webDirectory: String
    /// The page has one script in its text, since an import map cannot lie elsewhere: it is allowed by its digest.
    let contentSecurityPolicy: String

    static let modules = ["three.module.js", "GLTFLoader.js", "BufferGeometryUtils.js"]

    init(webDirectory: String) {
        self.webDirectory = webDirectory
        let html = PackageResources.index_html
        let files: [(String, [UInt8], String)] = [
            ("index.html", html, "text/html; charset=utf-8"),
            ("page.css", PackageResources.page_css, "text/css; charset=utf-8"),
            ("page.js", PackageResources.page_js, "text/javascript; charset=utf-8"),
            ("panel.js", PackageResources.panel_js, "text/javascript; charset=utf-8"),
            ("viewer.js", PackageResources.viewer_js, "text/javascript; charset=utf-8"),
        ]
        own = Dictionary(
            uniqueKeysWithValues: files.map { ($0.0, Own(bytes: $0.1, type: $0.2, tag: "\"\(SHA256.hex(of: $0.1))\"")) }
        )
        let text = String(decoding: html, as: UTF8.self)
        var digest = ""
        if let open = text.range(of: "<script type=\"importmap\">"),
            let close = text.range(of: "</script>", range: open.upperBound..<text.endIndex)
        {
            let hex = Array(SHA256.hex(of: Array(text[open.upperBound..<close.lowerBound].utf8)))
            let bytes = stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(String(hex[$0...$0 + 1]), radix: 16) }
            digest = " 'sha256-\(Data(bytes).base64EncodedString())'"
        }
        contentSecurityPolicy =
            "default-src 'none'; script-src 'self'\(digest); style-src 'self'; img-src 'self' blob: data:; "
            + "connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    /// `nil` where there is no such file.
    func response(_ name: String, _ request: HTTPRequest) -> HTTPResponse? {
        if let file = own[name] {
            return Endpoints.tagged(file.tag, type: file.type, body: .bytes(file.bytes), request)
        }
        guard name.hasPrefix("three/") else { return nil }
        let module = String(name.dropFirst("three/".count))
        guard Self.modules.contains(module) else { return nil }
        guard let file = ServedFile(path: "\(webDirectory)/\(module)") else {
            return .text(404, "\(module) of three.js is not in \(webDirectory): run ./set-up")
        }
        return Endpoints.tagged(
            "\"\(file.mark)\"", type: "text/javascript; charset=utf-8", body: .file(file), request)
    }
}
