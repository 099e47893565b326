/// The Prometheus text format, version 0.0.4: families with their HELP and TYPE, then their samples.
struct MetricsText: Sendable {
    enum Kind: String, Sendable {
        case counter
        case gauge
    }

    typealias Labels = [(name: String, value: String)]

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// A family without samples is left out.
    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",")
            text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
        }
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}

extension MetricsText {
    /// Everything that is counted, of all subjects.
    init(subjects: [(name: String, counters: Counters)], process: ProcessFigures, traffic: HTTPServer.Traffic) {
        func each(_ value: (Counters) -> Double?) -> [(labels: Labels, value: Double)] {
            subjects.compactMap { subject in value(subject.counters).map { ([("subject", subject.name)], $0) } }
        }
        func count(_ name: String, _ help: String, _ value: (Counters) -> Int) {
            family("likeness_\(name)_total", .counter, help, each { Double(value($0)) })
        }
        func by(_ label: String, _ values: (Counters) -> [(String, Double)]) -> [(labels: Labels, value: Double)] {
            subjects.flatMap { subject in
                values(subject.counters).map { ([("subject", subject.name), (label, $0.0)], $0.1) }
            }
        }
        family("likeness_build_info", .gauge, "The program's version.", [([("version", Version.number)], 1)])
        count("frames_read", "Frames that left the decoder.") { $0.framesRead }
        count("frames_dropped", "Frames lost because a newer one was there first.") { $0.framesDropped }
        count("frames_observed", "Frames in which a face was looked for.") { $0.framesObserved }
        count("frames_without_face", "Observed frames in which there was no face.") { $0.framesWithoutFace }
        count("frames_used", "Observed frames that became keyframes.") { $0.keyframesKept }
        family(
            "likeness_frames_rejected_total", .counter, "Frames with a face that did not become keyframes, by reason.",
            by("reason") { $0.rejections.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) } })
        count("packets_corrupt", "Damaged packets that the decoder skipped.") { $0.packetsCorrupt }
        count("fits", "Joint fits of the shape.") { $0.fits }
        count("fits_superseded", "Fits that a newer one replaced before a texture was made of them.") {
            $0.fitsSuperseded
        }
        count("textures", "Textures made of fits.") { $0.textures }
        count("syntheses", "Times that unseen skin was synthesized.") { $0.syntheses }
        count("editions_published", "Editions that this run published.") { $0.publications }
        count("editions_withheld", "Avatars that were not better enough to publish.") { $0.withheld }
        count("publications_failed", "Publications that could not be written.") { $0.publicationFailures }
        count("source_losses", "Times that a live source was lost.") { $0.losses }
        count("source_openings_failed", "Times that a source could not be opened.") { $0.openingsFailed }
        count("checkpoints", "Checkpoints written.") { $0.checkpoints }
        count("checkpoints_failed", "Checkpoints that could not be written.") { $0.checkpointFailures }
        count("source_reconnects", "Times that a lost source was opened again.") { $0.reconnects }
        family(
            "likeness_stage_seconds_total", .counter, "Seconds that a stage has worked, waiting left out.",
            by("stage") { $0.stageSeconds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } })
        family(
            "likeness_source_state", .gauge, "1 for what the source does at present.",
            by("state") { c in SourceState.names.map { ($0, $0 == c.source.name ? 1 : 0) } })
        family("likeness_stream_seconds", .gauge, "Seconds of the stream that were read.", each { $0.streamTime })
        family("likeness_keyframes", .gauge, "Keyframes now kept.", each { Double($0.keyframes) })
        family(
            "likeness_keyframes_by_yaw", .gauge,
            "Keyframes now kept by direction of the head, degrees to the person's left.",
            by("yaw") { c in
                c.keyframesPerYawBin.enumerated().map { i, n in
                    (String(10 * (i - c.keyframesPerYawBin.count / 2)), Double(n))
                }
            })
        family("likeness_coverage_ratio", .gauge, "Share of the face that was seen, 0 to 1.", each { $0.coverage })
        family(
            "likeness_fit_deviation_millimetres", .gauge,
            "Standard deviation of the face's surface as the fit knows it.", each { $0.fitDeviation })
        family("likeness_edition", .gauge, "Number of the newest edition.", each { $0.edition.map(Double.init) })
        family("likeness_people", .gauge, "People who are known.", each { Double($0.people) })
        addProcess(process)
        addTraffic(traffic)
    }

    private mutating func addProcess(_ process: ProcessFigures) {
        func one(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
            family("process_\(name)", kind, help, [([], value)])
        }
        one("resident_memory_bytes", .gauge, "Resident memory.", Double(process.residentBytes))
        one("cpu_seconds_total", .counter, "Processor time, user and system.", process.cpuSeconds)
        one("threads", .gauge, "Threads.", Double(process.threads))
        one("open_fds", .gauge, "Open file descriptors.", Double(process.openFiles))
        one("start_time_seconds", .gauge, "Start of the process, Unix time.", process.startSeconds)
    }

    private mutating func addTraffic(_ traffic: HTTPServer.Traffic) {
        family("likeness_http_connections", .gauge, "Clients now.", [([], Double(traffic.connections))])
        family(
            "likeness_http_refused_connections_total", .counter, "Clients closed since there were too many.",
            [([], Double(traffic.refusedConnections))])
        family(
            "likeness_http_dropped_clients_total", .counter, "Clients dropped since they were too slow.",
            [([], Double(traffic.dropped))])
        family(
            "likeness_http_responses_total", .counter, "Answers by status.",
            traffic.responses.sorted { $0.key < $1.key }.map { ([("code", String($0.key))], Double($0.value)) })
    }
}
