import Foundation
import Pipeline
import Testing

@Suite struct ConfigurationTests {
    private static let presets = packageRoot + "/Presets"

    /// Each preset is a whole configuration: it names every key.
    @Test(arguments: ["webcam", "rtsp", "photo", "low-power", "quality"]) func presetDecodes(name: String) throws {
        _ = try Configuration(preset: name, directories: [Self.presets])
        let text = try String(contentsOfFile: "\(Self.presets)/\(name).yaml", encoding: .utf8)
        for key in Self.leafKeys(of: Configuration()) {
            #expect(text.contains("\(key):"), "\(name).yaml leaves out \(key)")
        }
    }

    @Test func theWebcamPresetIsTheDefaults() throws {
        #expect(try Configuration(preset: "webcam", directories: [Self.presets]) == Configuration())
    }

    @Test func everyPresetOfTheDirectoryIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.presets).sorted()
        #expect(files == ["low-power.yaml", "photo.yaml", "quality.yaml", "rtsp.yaml", "webcam.yaml"])
    }

    @Test func unknownKeyNamesTheNearest() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(yaml: "texture:\n  siez: 512\n", file: "my.yaml")
        }
        #expect(error?.description == "my.yaml:2: unknown key 'texture.siez'; did you mean 'texture.size'?")
    }

    @Test(arguments: [
        ("texture:\n  size: 1000\n", "texture.size is 1000"), ("video:\n  rtspTransport: pigeon\n", "give tcp or udp"),
        ("texture:\n  size: big\n", "my.yaml:2: texture.size is 'big': give 256, 512, 1024 or 2048"),
        ("texture: 5\n", "must hold keys"), ("- a\n- b\n", "must hold keys"),
        ("{", "not YAML"), ("publication:\n  keep: -1\n", "publication.keep"),
    ])
    func nonsenseIsRefusedInOneLine(yaml: String, part: String) {
        let error = #expect(throws: ConfigurationError.self) { try Configuration(yaml: yaml, file: "my.yaml") }
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        #expect(error?.description.contains("\n") == false)
    }

    @Test func anEmptyFileIsTheDefaults() throws {
        #expect(try Configuration(yaml: "", file: "my.yaml") == Configuration())
        #expect(try Configuration(yaml: "# nothing\n", file: "my.yaml") == Configuration())
    }

    @Test func unknownPresetNamesTheKnownOnes() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(preset: "webcma", directories: [Self.presets])
        }
        #expect(error?.description.contains("low-power, photo, quality, rtsp, webcam") == true)
    }

    private static func leafKeys(of value: Any) -> [String] {
        let children = Mirror(reflecting: value).children
        return children.flatMap { child -> [String] in
            let inner = Mirror(reflecting: child.value)
            return inner.displayStyle == .struct && !inner.children.isEmpty && !(child.value is String)
                ? leafKeys(of: child.value) : [child.label ?? ""]
        }
    }
}
