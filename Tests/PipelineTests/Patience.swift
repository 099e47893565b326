import Foundation
import Testing

/// Under a sanitizer everything takes so many times as long: limits that guard against what never ends know of it.
enum Patience {
    static let times = ProcessInfo.processInfo.environment["LIKENESS_SANITIZED"].flatMap { Int($0) } ?? 1
}

extension Trait where Self == TimeLimitTrait {
    static func patient(minutes: Int) -> Self { .timeLimit(.minutes(minutes * Patience.times)) }
}
