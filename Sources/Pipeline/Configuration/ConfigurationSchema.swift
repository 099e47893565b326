internal import Foundation

/// A JSON Schema (draft 2020-12) of the configuration file, for editors and checkers, made from the same table as everything
/// else.
package enum ConfigurationSchema {
    package static func json() -> String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // A tree of strings, numbers and lists always encodes.
        let data = (try? JSONSerialization.data(withJSONObject: schema, options: options)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    private static var schema: [String: Any] {
        var top = properties(of: [.anywhere, .top])
        top["sources"] = [
            "description":
                "The sources of this daemon, each with its own subject. Their keys win over those at the top.",
            "type": "array", "minItems": 1,
            "items": [
                "type": "object", "additionalProperties": false, "properties": properties(of: [.anywhere, .source]),
            ],
        ]
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Likeness",
            "description": "Configuration or preset of likenessd.",
            // A file with nothing in it is the defaults.
            "type": ["object", "null"], "additionalProperties": false, "properties": top,
        ]
    }

    private static func properties(of places: [ConfigurationKey.Place]) -> [String: Any] {
        var properties: [String: Any] = [:]
        for key in ConfigurationKeys.ofSources where places.contains(key.place) {
            properties[key.name] = schema(of: key)
        }
        for section in ConfigurationKeys.sections {
            let keys = ConfigurationKeys.ofSections.filter { $0.section == section.name && places.contains($0.place) }
            if keys.isEmpty { continue }
            properties[section.name] = [
                "description": section.sentence, "type": ["object", "null"], "additionalProperties": false,
                "properties": Dictionary(uniqueKeysWithValues: keys.map { ($0.name, schema(of: $0) as Any) }),
            ]
        }
        return properties
    }

    private static func schema(of key: ConfigurationKey) -> [String: Any] {
        var schema: [String: Any] = ["description": key.sentence]
        switch key.kind {
        case .flag: schema["type"] = "boolean"
        case .whole(let range):
            schema["type"] = "integer"
            schema["minimum"] = range.lowerBound
            schema["maximum"] = range.upperBound
        case .oneOf(let numbers): schema["enum"] = numbers
        case .number(let range):
            schema["type"] = "number"
            schema["minimum"] = range.lowerBound
            schema["maximum"] = range.upperBound
        case .texts:
            schema["type"] = "array"
            schema["items"] = ["type": "string", "minLength": 1] as [String: Any]
        case .choice(let words): schema["enum"] = words
        case .subject:
            schema["type"] = "string"
            schema["pattern"] = #"^[\w-]+$|\$\{[^}]*\}"#
        case .address:
            schema["type"] = "string"
            schema["minLength"] = 1
        case .text, .secret: schema["type"] = "string"
        }
        switch key.standard {
        case .flag(let flag): schema["default"] = flag
        case .whole(let number): schema["default"] = number
        case .number(let number): schema["default"] = number
        case .text(let text): schema["default"] = text
        case .texts(let texts): schema["default"] = texts
        case nil: break
        }
        return schema
    }
}
