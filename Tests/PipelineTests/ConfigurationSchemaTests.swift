import Foundation
import Pipeline
import Testing

/// The schema and our own reading are two judges of the same files. Truth: the `jsonschema` package, which is not ours.
@Suite(.ownThreads) struct ConfigurationSchemaTests {
    private static let python = "/usr/bin/env"

    /// The verdicts of Python's jsonschema on YAML texts; `nil` where it is not installed.
    private static func verdicts(on texts: [String]) throws -> [Bool]? {
        let place = TemporaryDirectory()
        try Data(ConfigurationSchema.json().utf8).write(to: URL(fileURLWithPath: place.path + "/schema.json"))
        try JSONSerialization.data(withJSONObject: texts).write(to: URL(fileURLWithPath: place.path + "/texts.json"))
        let script = """
            import json, sys
            try:
                import jsonschema, yaml
            except ImportError:
                sys.exit(42)
            schema = json.load(open("\(place.path)/schema.json"))
            jsonschema.Draft202012Validator.check_schema(schema)
            judge = jsonschema.Draft202012Validator(schema)
            texts = json.load(open("\(place.path)/texts.json"))
            json.dump([judge.is_valid(yaml.safe_load(t)) for t in texts], open("\(place.path)/verdicts.json", "w"))
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["python3", "-c", script]
        try process.run()
        process.waitUntilExit()
        if [42, 127].contains(process.terminationStatus) {
            print("no Python with jsonschema and PyYAML: the schema was not tried with it")
            return nil
        }
        try #require(process.terminationStatus == 0)
        let data = try Data(contentsOf: URL(fileURLWithPath: place.path + "/verdicts.json"))
        return try #require(JSONSerialization.jsonObject(with: data) as? [Bool])
    }

    @Test func everyFileThatWeShipIsValid() throws {
        let folder = packageRoot + "/Presets"
        var texts = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
        }
        texts.append(try String(contentsOfFile: packageRoot + "/systemd/likenessd.yaml", encoding: .utf8))
        guard let verdicts = try Self.verdicts(on: texts) else { return }
        #expect(verdicts == texts.map { _ in true })
    }

    /// Both judges say the same of good and bad values of every key, at the top and in a source.
    @Test func schemaAndProgramAgree() throws {
        let probes = [
            "0", "1", "2", "5", "0.5", "-1", "256", "1000", "1000.5", "99999999", "true", "text", "tcp", "end", "[]",
            "{}",
        ]
        var texts = [
            "", "video:\n", "videos: {}\n", "sources: []\n", "sources: 5\n", "5\n", "subject: a\n", "preset: webcam\n",
        ]
        for key in ConfigurationKeys.all {
            for probe in probes {
                let line = key.section.map { "\($0): {\(key.name): \(probe)}" } ?? "\(key.name): \(probe)"
                texts.append("\(line)\n")
                texts.append("sources:\n  - {\(line)}\n")
            }
        }
        // A number is text too where text is wanted, says the program; the schema is stricter and asks for quotes.
        let isText = { (text: String) in
            ConfigurationKeys.all.contains { key in
                [.text, .subject, .address, .secret].contains(key.kind) && text.contains("\(key.name): ")
                    && text.contains(/: (-?[0-9.e]+|true)\}?\}?\n/)
            }
        }
        texts.removeAll(where: isText)
        #expect(texts.count > 400)
        guard let verdicts = try Self.verdicts(on: texts) else { return }
        for (text, verdict) in zip(texts, verdicts) {
            let faults = ConfigurationFile(text: text, name: "my.yaml").faults
            #expect(faults.isEmpty == verdict, "\(text): schema \(verdict), program \(faults)")
        }
    }

    @Test func theProgramPrintsIt() throws {
        let result = try Program.run(["config", "schema"])
        #expect(result.status == 0 && result.output == ConfigurationSchema.json() + "\n")
    }
}
