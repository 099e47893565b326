/// One source and the subject that is made of it, as the HTTP server shows it. Several stand side by side.
package struct PublishedSubject: Sendable {
    package enum Control: Sendable, Equatable {
        case pause
        case resume
    }

    /// Name of the published files; people who are kept apart get NAME-2, NAME-3 …
    package var name: String
    /// The directory that is published into.
    package var output: String
    /// Redacted.
    package var source: String
    package var report: Report
    /// Not a film: it has deadlines to keep.
    package var isLive: Bool
    /// `nil` where motion is not followed.
    package var motion: MotionFeed?
    /// Pauses or goes on; false where that cannot be done now. `nil` where nobody can do it at all.
    package var control: (@Sendable (Control) async -> Bool)?

    package init(
        name: String, output: String, source: String, report: Report, isLive: Bool = true, motion: MotionFeed? = nil,
        control: (@Sendable (Control) async -> Bool)? = nil
    ) {
        self.name = name
        self.output = output
        self.source = source
        self.report = report
        self.isLive = isLive
        self.motion = motion
        self.control = control
    }

    /// Names of the people who are known, the first one's always.
    package var people: [String] {
        (0..<max(report.now.people, 1)).map { $0 == 0 ? name : "\(name)-\($0 + 1)" }
    }
}
