package import Face
internal import Tensors

/// A file of the state that cannot be used.
package enum StateFault: Error, Sendable, Equatable, CustomStringConvertible {
    case foreign, damaged
    case version(UInt32)
    case otherModel
    case otherSource(String)
    case unreadable(FileSystemError)

    package var description: String {
        switch self {
        case .foreign: "is no file of likenessd's"
        case .damaged: "is damaged"
        case .version(let found):
            found > CheckpointIndex.version
                ? "was written by a newer likenessd (version \(found), this one knows \(CheckpointIndex.version))"
                : "was written by an older likenessd (version \(found)) and cannot be carried over"
        case .otherModel: "was made with another head model"
        case .otherSource(let source): "was made from another source (\(source)), whose lens differs"
        case .unreadable(let error): "cannot be read (\(error))"
        }
    }

    init(_ fault: SealedFile.Fault) {
        self =
            switch fault {
            case .foreign: .foreign
            case .damaged: .damaged
            case .version(let found): .version(found)
            }
    }
}

/// The small part of a checkpoint, which names the large parts by their digests; little-endian:
///
///     "LIKESTAT"  UInt32 version  text head, source  Float64 seconds  UInt64 next frame  UInt32 people
///     per person: UInt32 n, n × (UInt64 frame, text digest)
///         UInt32 bins, per bin UInt32 n, n × (UInt64 frame, Float64 time, score); Float64 sharpest
///         UInt32 whether there is a fit: UInt32 dense, UInt32 revision, Float64 focal, UInt32 K, K × Float64 identity,
///             Float64 surface, size, UInt32 n + n × Float64 coefficients, UInt32 n, n × UInt32 points, n × Float64;
///             UInt32 n, n × (UInt64 frame, 12 × Float64 pose, UInt32 e, e × Float64, Float64 residual)
///         UInt32 whether there is a synthesis: text digest, Float64 coverage
///     32 bytes: see `SealedFile`
package struct CheckpointIndex: Sendable {
    package struct Entry: Sendable {
        /// Keyframes are those of the file names.
        package var keyframes: [(frame: Int, digest: String)] = []
        package var selection: KeyframeSelector.State
        package var fit: ShapeFit?
        package var isDense = false
        package var synthesis: (digest: String, coverage: Double)?

        package init(selection: KeyframeSelector.State, fit: ShapeFit? = nil, isDense: Bool = false) {
            (self.selection, self.fit, self.isDense) = (selection, fit, isDense)
        }
    }

    package static let magic = "LIKESTAT"
    package static let version: UInt32 = 1
    /// A file that claims more is damaged.
    private static let most = 1 << 20
    private static let digestLength = 32

    package var head: String
    package var source: String
    package var streamSeconds: Double
    package var nextFrame: Int
    package var people: [Entry]

    /// Files that it names.
    package var digests: Set<String> {
        Set(people.flatMap { $0.keyframes.map(\.digest) + [$0.synthesis?.digest].compactMap { $0 } })
    }

    package func encoded() -> [UInt8] {
        var out = SealedFile.begin(Self.magic, version: Self.version)
        out.put(head)
        out.put(source)
        out.put([streamSeconds])
        out.put([UInt64(max(nextFrame, 0))])
        out.put([UInt32(people.count)])
        for person in people {
            out.put([UInt32(person.keyframes.count)])
            for (frame, digest) in person.keyframes {
                out.put([UInt64(frame)])
                out.put(digest)
            }
            out.put([UInt32(person.selection.bins.count)])
            for bin in person.selection.bins {
                out.put([UInt32(bin.count)])
                for kept in bin {
                    out.put([UInt64(kept.frame)])
                    out.put([kept.time, kept.score])
                }
            }
            out.put([person.selection.sharpest])
            out.put([UInt32(person.fit == nil ? 0 : 1)])
            if let fit = person.fit { Self.put(fit, dense: person.isDense, &out) }
            out.put([UInt32(person.synthesis == nil ? 0 : 1)])
            if let synthesis = person.synthesis {
                out.put(synthesis.digest)
                out.put([synthesis.coverage])
            }
        }
        return SealedFile.sealed(out)
    }

    private static func put(_ fit: ShapeFit, dense: Bool, _ out: inout LittleEndianWriter) {
        func list(_ values: [Double]) {
            out.put([UInt32(values.count)])
            out.put(values)
        }
        out.put([UInt32(dense ? 1 : 0), UInt32(clamping: fit.revision)])
        out.put([fit.focal])
        list(fit.identity)
        out.put([fit.deviation.surface, fit.deviation.size])
        list(fit.deviation.coefficients)
        out.put([UInt32(fit.deviation.points.count)])
        out.put(fit.deviation.points.map { UInt32($0) })
        out.put(fit.deviation.atPoints)
        out.put([UInt32(fit.views.count)])
        for view in fit.views {
            out.put([UInt64(view.frame)])
            let (r, t) = (view.pose.rotation, view.pose.translation)
            for row in [r.row0, r.row1, r.row2, t] { out.put([row.x, row.y, row.z]) }
            list(view.expression)
            out.put([view.residual])
        }
    }

    /// Pure, and made for bytes that anybody could have written.
    package init(bytes: [UInt8]) throws(StateFault) {
        var input: LittleEndianReader
        do throws(SealedFile.Fault) {
            input = try SealedFile.open(bytes, magic: Self.magic, version: Self.version)
        } catch {
            throw StateFault(error)
        }
        do throws(LittleEndianReader.Damage) { self = try Self.read(&input) } catch { throw .damaged }
        guard input.isAtEnd else { throw .damaged }
    }

    package init(head: String, source: String, streamSeconds: Double, nextFrame: Int, people: [Entry]) {
        self.head = head
        self.source = source
        self.streamSeconds = streamSeconds
        self.nextFrame = nextFrame
        self.people = people
    }

    private static func read(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> CheckpointIndex {
        let (head, source) = (try input.text(atMost: 256), try input.text(atMost: 1 << 16))
        let seconds = try input.finite(1)[0]
        let next = try input.frame()
        var people: [Entry] = []
        for _ in 0..<(try input.count(atMost: 16)) {
            var keyframes: [(frame: Int, digest: String)] = []
            for _ in 0..<(try input.count(atMost: 4096)) {
                keyframes.append((try input.frame(), try digest(&input)))
            }
            guard try input.count(atMost: most) == KeyframeSelector.binCount else { throw .outOfRange }
            var bins: [[KeyframeSelector.Kept]] = []
            for _ in 0..<KeyframeSelector.binCount {
                var bin: [KeyframeSelector.Kept] = []
                for _ in 0..<(try input.count(atMost: 4096)) {
                    let frame = try input.frame()
                    let values = try input.finite(2)
                    bin.append(KeyframeSelector.Kept(frame: frame, time: values[0], score: values[1]))
                }
                bins.append(bin)
            }
            var person = Entry(
                selection: KeyframeSelector.State(bins: bins, sharpest: try input.finite(1)[0]))
            person.keyframes = keyframes
            if try input.flag() { (person.fit, person.isDense) = try fit(&input) }
            if try input.flag() { person.synthesis = (try digest(&input), try input.finite(1)[0]) }
            people.append(person)
        }
        return CheckpointIndex(head: head, source: source, streamSeconds: seconds, nextFrame: next, people: people)
    }

    private static func fit(
        _ input: inout LittleEndianReader
    ) throws(LittleEndianReader.Damage) -> (ShapeFit, dense: Bool) {
        let dense = try input.flag()
        let revision = try input.integer()
        let focal = try input.finite(1)[0]
        guard focal > 0 else { throw .outOfRange }
        let identity = try input.finite(try input.count(atMost: most))
        // Both are infinite where nothing is known.
        let sizes = try input.doubles(2)
        let coefficients = try input.doubles(try input.count(atMost: most))
        let points = try input.integers(try input.count(atMost: most)).map { Int($0) }
        let atPoints = try input.doubles(points.count)
        guard (sizes + coefficients + atPoints).allSatisfy({ $0 >= 0 }) else { throw .outOfRange }
        let deviation = ShapeDeviation(
            surface: sizes[0], size: sizes[1], coefficients: coefficients, points: points, atPoints: atPoints)
        var views: [ShapeFit.View] = []
        for _ in 0..<(try input.count(atMost: 4096)) {
            let frame = try input.frame()
            let p = try input.finite(12)
            let pose = Pose(
                rotation: Rotation([p[0], p[1], p[2]], [p[3], p[4], p[5]], [p[6], p[7], p[8]]),
                translation: [p[9], p[10], p[11]])
            let expression = try input.finite(try input.count(atMost: 4096))
            views.append(
                ShapeFit.View(frame: frame, pose: pose, expression: expression, residual: try input.finite(1)[0]))
        }
        return (
            ShapeFit(revision: revision, identity: identity, deviation: deviation, focal: focal, views: views), dense
        )
    }

    private static func digest(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> String {
        let text = try input.text(atMost: digestLength)
        // It becomes part of a file's name.
        guard text.utf8.count == digestLength,
            text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw .outOfRange }
        return text
    }
}

extension LittleEndianReader {
    /// A number of things to come.
    mutating func count(atMost limit: Int) throws(Damage) -> Int {
        let count = try integer()
        guard count <= limit else { throw .outOfRange }
        return count
    }

    mutating func flag() throws(Damage) -> Bool { try count(atMost: 1) == 1 }

    mutating func finite(_ count: Int) throws(Damage) -> [Double] {
        let values = try doubles(count)
        guard values.allSatisfy(\.isFinite) else { throw .outOfRange }
        return values
    }

    /// Numbers of frames are counted on, so that the largest integers would not do.
    mutating func frame() throws(Damage) -> Int {
        let value = try long()
        guard value < 1 << 60 else { throw .outOfRange }
        return Int(value)
    }
}
