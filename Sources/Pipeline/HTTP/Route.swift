internal import Foundation

/// What a path asks for. Pure; a path that is none of these does not exist.
package enum Route: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case avatar
        case manifest
        case confidence
        case edition(Int)
        case events
        case motion
        case pause
        case resume
    }

    /// `/` and what belongs to it, by name.
    case page(String)
    case health
    case readiness
    case metrics
    case status
    case subject(String, Part)

    package init?(path: String) {
        switch path {
        case "/": self = .page("index.html")
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        case "/metrics": self = .metrics
        case "/api/status": self = .status
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
                .map { String($0).removingPercentEncoding ?? "" }
            if parts.count == 1 || (parts.count == 2 && parts[0] == "three"), !parts.contains("") {
                self = .page(parts.joined(separator: "/"))
            } else if parts.first == "subjects", parts.count == 2 || parts.count == 3 {
                guard let route = Self.subject(Array(parts.dropFirst())) else { return nil }
                self = route
            } else {
                return nil
            }
        }
    }

    package var isControl: Bool {
        switch self {
        case .subject(_, .pause), .subject(_, .resume): true
        default: false
        }
    }

    private static func subject(_ parts: [String]) -> Route? {
        let name: String
        let part: Part
        if parts.count == 2 {
            name = parts[0]
            switch parts[1] {
            case "events": part = .events
            case "motion": part = .motion
            case "pause": part = .pause
            case "resume": part = .resume
            default: return nil
            }
        } else {
            // A subject's name has no dots.
            let pieces = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            name = pieces[0]
            switch Array(pieces.dropFirst()) {
            case ["glb"]: part = .avatar
            case ["json"]: part = .manifest
            case ["confidence", "png"]: part = .confidence
            case let numbered where numbered.count == 2 && numbered[1] == "glb":
                let digits = numbered[0]
                guard digits.utf8.allSatisfy({ (48...57).contains($0) }), (6...18).contains(digits.utf8.count),
                    let edition = Int(digits)
                else { return nil }
                part = .edition(edition)
            default: return nil
            }
        }
        do { try Publishing.checkSubject(name) } catch { return nil }
        return .subject(name, part)
    }
}
