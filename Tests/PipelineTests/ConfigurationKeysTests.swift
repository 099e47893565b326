import Foundation
import Pipeline
import Testing

/// The table of keys is the single truth, so it must be whole. Truth: the properties of `Configuration` themselves.
@Suite struct ConfigurationKeysTests {
    private static func paths(of value: Any, under path: String = "") -> Set<String> {
        var paths: Set<String> = []
        for child in Mirror(reflecting: value).children {
            let name = path.isEmpty ? child.label ?? "" : "\(path).\(child.label ?? "")"
            let inner = Mirror(reflecting: child.value)
            if inner.displayStyle == .struct, !inner.children.isEmpty, !(child.value is String) {
                paths.formUnion(Self.paths(of: child.value, under: name))
            } else {
                paths.insert(name)
            }
        }
        return paths
    }

    @Test func everyPropertyIsAKeyAndEveryKeyAProperty() {
        #expect(Set(ConfigurationKeys.ofSections.map(\.path)) == Self.paths(of: Configuration()))
    }

    /// Each key changes its own property and no other.
    @Test(arguments: ConfigurationKeys.ofSections.map(\.path)) func aKeySetsItsProperty(path: String) throws {
        let key = try #require(ConfigurationKeys.named(path))
        let text = key.kind == .texts ? "[\(key.other)]" : key.other
        let configuration = try Configuration(yaml: "\(key.section!):\n  \(key.name): \(text)\n", file: "my.yaml")
        let changed = Self.difference(Configuration(), configuration)
        #expect(changed == [path])
    }

    private static func difference(_ a: Any, _ b: Any, under path: String = "") -> [String] {
        zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children).flatMap { a, b -> [String] in
            let name = path.isEmpty ? a.label ?? "" : "\(path).\(a.label ?? "")"
            if Mirror(reflecting: a.value).displayStyle == .struct, !(a.value is String), path.isEmpty {
                return difference(a.value, b.value, under: name)
            }
            return "\(a.value)" == "\(b.value)" ? [] : [name]
        }
    }

    @Test func everyKeyIsDescribedAndItsDefaultIsAllowed() {
        for key in ConfigurationKeys.all {
            #expect(key.sentence.hasSuffix(".") && key.sentence.count > 8, "\(key.path)")
            if let standard = key.standard { #expect(key.takes(standard), "\(key.path)") }
            if let section = key.section {
                #expect(ConfigurationKeys.sections.contains { $0.name == section }, "\(key.path)")
            }
        }
    }

    @Test func environmentNamesAreUpperSnakeCaseAndDifferent() {
        #expect(ConfigurationKeys.environmentName("texture.size") == "LIKENESS_TEXTURE_SIZE")
        #expect(ConfigurationKeys.environmentName("video.rtspTransport") == "LIKENESS_VIDEO_RTSP_TRANSPORT")
        #expect(ConfigurationKeys.environmentName("untilEnd") == "LIKENESS_UNTIL_END")
        #expect(
            ConfigurationKeys.environmentName("sources.the-hall.video.width") == "LIKENESS_SOURCES_THE_HALL_VIDEO_WIDTH"
        )
        let names = ConfigurationKeys.all.map { ConfigurationKeys.environmentName($0.path) }
        #expect(Set(names).count == names.count && !names.contains("LIKENESS_MODELS"))
    }
}

extension ConfigurationKey {
    /// A value that the key takes and that is not its default, as an override writes it.
    var other: String {
        if path == "http.address" { return "127.0.0.1:9000" }
        return switch kind {
        case .flag: standard == .flag(true) ? "false" : "true"
        case .whole(let range): "\(range.upperBound)"
        case .oneOf(let numbers): "\(numbers[0])"
        case .number(let range): "\(range.upperBound)"
        case .choice(let words): words.last!
        case .secret: "${OTHER}"
        case .text, .texts, .subject, .address: "other"
        }
    }
}
