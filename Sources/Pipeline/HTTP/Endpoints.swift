internal import Foundation
internal import Synchronization

/// Answers requests that the access rules let pass, from counters and from the published directories.
struct Endpoints: Sendable {
    let subjects: [PublishedSubject]
    let page: PageFiles
    let editions: EditionFeed
    let moments: Moments
    let controls: Bool

    /// On every answer: nothing is guessed, framed, embedded elsewhere or told onward.
    static let always: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ]
    /// Figures of the moment, and refusals.
    static let noStore = (name: "Cache-Control", value: "no-store")
    /// A browser may keep a face, but must ask each time whether it still may show it.
    static let askFirst = (name: "Cache-Control", value: "private, no-cache")

    func answer(_ request: HTTPRequest, traffic: HTTPServer.Traffic) async -> HTTPResponse {
        var response = await answer(request, route: Route(path: request.path), traffic)
        if !response.headers.contains(where: { $0.name == "Cache-Control" }) { response.headers.append(Self.noStore) }
        response.headers += Self.always + [("Content-Security-Policy", page.contentSecurityPolicy)]
        return response
    }

    private func answer(_ request: HTTPRequest, route: Route?, _ traffic: HTTPServer.Traffic) async -> HTTPResponse {
        switch route {
        case nil: .text(404, "there is no \(request.path.prefix(200)) here")
        case .page(let name): page.response(name, request) ?? .text(404, "there is no such page")
        case .health: health
        case .readiness: readiness
        case .metrics:
            HTTPResponse(
                200, headers: [("Content-Type", MetricsText.contentType)],
                body: .bytes(
                    Array(
                        MetricsText(
                            subjects: subjects.map { ($0.name, $0.report.now) }, process: .now(), traffic: traffic
                        ).text.utf8)))
        case .status:
            HTTPResponse(
                200, headers: [("Content-Type", "application/json; charset=utf-8")], body: .bytes(status.json()))
        case .subject(let name, let part): await answer(request, subject: name, part)
        }
    }

    private var health: HTTPResponse {
        let stuck = subjects.indices.compactMap { i -> String? in
            guard let problem = moments.problem(i) else { return nil }
            return "\(subjects[i].name): \(problem.what) has stood still for \(problem.for.components.seconds) s"
        }
        return stuck.isEmpty ? .text(200, "ok") : .text(503, stuck.joined(separator: "\n"))
    }

    private var readiness: HTTPResponse {
        let missing = subjects.compactMap { subject in
            subject.report.now.reasonNotReady.map { "\(subject.name): \($0)" }
        }
        return missing.isEmpty ? .text(200, "ready") : .text(503, "waiting for " + missing.joined(separator: ", "))
    }

    private var status: StatusDocument {
        StatusDocument(
            subjects: subjects.indices.flatMap { i in
                subjects[i].people.map { name in
                    StatusDocument.Subject(
                        name: name, of: subjects[i], now: subjects[i].report.now, before: moments.before(i),
                        published: manifest(subjects[i], name)?.manifest, hasControls: controls)
                }
            })
    }

    // MARK: One subject

    private func answer(_ request: HTTPRequest, subject name: String, _ part: Route.Part) async -> HTTPResponse {
        guard let subject = subjects.first(where: { $0.people.contains(name) }),
            let person = subject.people.firstIndex(of: name)
        else { return .text(404, "there is no subject \(name)") }
        switch part {
        case .avatar, .confidence: return current(part, subject, name, request)
        case .manifest:
            guard let (file, _) = manifest(subject, name) else { return Self.nothingYet(name) }
            return Self.tagged(
                "\"\(file.mark)\"", type: "application/json; charset=utf-8", body: .file(file), request)
        case .edition(let number):
            let digits = String(number)
            let file = "\(name).\(String(repeating: "0", count: max(6 - digits.count, 0)))\(digits).glb"
            guard let file = ServedFile(path: "\(subject.output)/\(file)") else {
                return .text(404, "edition \(number) of \(name) is not kept")
            }
            return Self.tagged("\"\(file.mark)\"", type: "model/gltf-binary", body: .file(file), request)
        case .events:
            let last = request.value("Last-Event-ID").flatMap { Int($0) }
            let queue = editions.subscribe(manifest: "\(subject.output)/\(name).json", after: last)
            editions.poll()
            return Self.events(queue)
        case .motion:
            guard let motion = subject.motion else { return .text(404, "the motion of \(name) is not followed") }
            return Self.events(motion.subscribe(person: person))
        case .pause, .resume:
            guard let control = subject.control else { return .text(404, "\(name) cannot be paused") }
            let done = await control(part == .pause ? .pause : .resume)
            return done ? .text(200, part == .pause ? "paused" : "resumed") : .text(409, "that cannot be done now")
        }
    }

    /// The file that the manifest names: tag and content belong together also while a newer edition is on its way.
    private func current(
        _ part: Route.Part, _ subject: PublishedSubject, _ name: String, _ request: HTTPRequest
    ) -> HTTPResponse {
        // An edition may be replaced and, where few are kept, removed between the two steps.
        for _ in 0..<3 {
            guard let manifest = manifest(subject, name)?.manifest else { return Self.nothingYet(name) }
            var (file, digest, type) = (manifest.file, manifest.sha256, "model/gltf-binary")
            if part == .confidence {
                guard let map = manifest.confidence else { return .text(404, "\(name) has no map of confidence") }
                (file, digest, type) = (map.file, map.sha256, "image/png")
            }
            guard !file.contains("/") else { break }
            if let served = ServedFile(path: "\(subject.output)/\(file)") {
                var response = Self.tagged("\"\(digest)\"", type: type, body: .file(served), request)
                response.headers.append(("X-Edition", "\(manifest.edition)"))
                return response
            }
        }
        return .text(404, "the newest edition of \(name) has gone")
    }

    private func manifest(_ subject: PublishedSubject, _ name: String) -> (file: ServedFile, manifest: Manifest)? {
        guard let file = ServedFile(path: "\(subject.output)/\(name).json"), file.size < 1 << 20,
            let manifest = Manifest(json: file.read(at: 0, atMost: file.size))
        else { return nil }
        return (file, manifest)
    }

    private static func nothingYet(_ name: String) -> HTTPResponse { .text(404, "there is no edition of \(name) yet") }

    private static func events(_ queue: EventQueue) -> HTTPResponse {
        HTTPResponse(
            200, headers: [("Content-Type", "text/event-stream; charset=utf-8"), ("X-Accel-Buffering", "no")],
            body: .events(queue))
    }

    /// With its tag; without its body where the client has it already.
    static func tagged(_ tag: String, type: String, body: HTTPResponse.Body, _ request: HTTPRequest) -> HTTPResponse {
        let known = request.values("If-None-Match").flatMap { $0.split(separator: ",") }.map {
            let tag = $0.trimmingCharacters(in: .whitespaces)
            return tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
        }
        let headers = [("ETag", tag), Self.askFirst]
        if known.contains(tag) || known.contains("*") { return HTTPResponse(304, headers: headers) }
        return HTTPResponse(200, headers: headers + [("Content-Type", type)], body: body)
    }
}

/// What the counters were some seconds ago, and how the pipelines get on.
final class Moments: Sendable {
    /// Looks that are remembered; with one each half second, hints are of the last three seconds.
    private static let remembered = 6

    private struct State {
        var past: [[Counters]]
        var watches: [ProgressWatch]
        var problems: [(what: String, for: Duration)?]
    }

    private let subjects: [PublishedSubject]
    private let state: Mutex<State>

    init(_ subjects: [PublishedSubject]) {
        self.subjects = subjects
        state = Mutex(
            State(
                past: subjects.map { _ in [] }, watches: subjects.map { _ in ProgressWatch() },
                problems: subjects.map { _ in nil }))
    }

    func look() {
        let now = subjects.map(\.report.now)
        state.withLock { state in
            for (i, counters) in now.enumerated() {
                state.past[i].append(counters)
                if state.past[i].count > Self.remembered { state.past[i].removeFirst() }
                let sample = ProgressWatch.Sample(
                    source: counters.source, lastFrame: counters.lastFrame, isLive: subjects[i].isLive,
                    stages: subjects[i].report.stages)
                state.problems[i] = state.watches[i].problem(sample, at: .now)
            }
        }
    }

    func before(_ subject: Int) -> Counters { state.withLock { $0.past[subject].first } ?? Counters() }
    func problem(_ subject: Int) -> (what: String, for: Duration)? { state.withLock { $0.problems[subject] } }
}

extension Counters {
    /// Why the program cannot do its work at present, in one word; `nil` when it can.
    fileprivate var reasonNotReady: String? {
        guard isReady else { return "models" }
        // Waiting is what it is there for: the camera's absence is told by its state.
        if case .opening = source { return "source" }
        return nil
    }
}
