import Foundation
import Pipeline
import Testing

/// Truth: the format's specification, by a reader that was written from it, and the counters that were set.
@Suite(.ownThreads, .patient(minutes: 3)) struct MetricsTests {
    @Test func everyFigureIsTold() async throws {
        let served = try await Served()
        served.report.update {
            $0.framesRead = 12_345_678
            $0.framesDropped = 3
            $0.keyframesKept = 4
            $0.rejections = ["too \"small\"\\\n": 5, "blurred": 6]
            $0.reconnects = 7
            $0.publications = 8
            $0.edition = 9
            $0.coverage = 0.25
            $0.fitDeviation = .infinity
            $0.stageSeconds = ["fit": 0.125, "observe": 1e-9]
            $0.keyframesPerYawBin = [1, 0, 2]
            $0.source = .running
        }
        let answer = try Wire.ask(served.port, "/metrics")
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let text = try PrometheusText(answer.text)
        func anna(_ name: String, _ more: [String: String] = [:]) -> Double? {
            text.value("likeness_\(name)", more.merging(["subject": "anna"]) { $1 })
        }
        #expect(anna("frames_read_total") == 12_345_678 && anna("frames_dropped_total") == 3)
        #expect(anna("frames_used_total") == 4 && anna("source_reconnects_total") == 7)
        #expect(anna("frames_rejected_total", ["reason": "too \"small\"\\\n"]) == 5)
        #expect(anna("editions_published_total") == 8 && anna("edition") == 9 && anna("coverage_ratio") == 0.25)
        #expect(anna("fit_deviation_millimetres") == .infinity)
        #expect(anna("stage_seconds_total", ["stage": "observe"]) == 1e-9)
        #expect(anna("keyframes_by_yaw", ["yaw": "10"]) == 2 && anna("keyframes_by_yaw", ["yaw": "-10"]) == 1)
        #expect(anna("source_state", ["state": "running"]) == 1 && anna("source_state", ["state": "waiting"]) == 0)
        #expect(text.value("likeness_build_info", ["version": Version.number]) == 1)
        // What this process itself sees of itself.
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        let resident = Double(fields[1])! * Double(sysconf(Int32(_SC_PAGESIZE)))
        let told = try #require(text.value("process_resident_memory_bytes"))
        #expect(abs(told - resident) < 0.3 * resident, "\(told) against \(resident)")
        let start = try #require(text.value("process_start_time_seconds"))
        #expect(abs(Date().timeIntervalSince1970 - start) < 3600)
        #expect(text.value("process_open_fds")! > 3 && text.value("process_threads")! > 1)
        await served.service.stop()
    }

    /// Truth: lines that the specification forbids.
    @Test(arguments: [
        "a_total 1\n", "# HELP a x\n# TYPE a gauge\na 1", "# HELP a x\n# TYPE a gauge\na{b=1} 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n", "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"\\q\"} 1\n", "# HELP 1a x\n# TYPE 1a gauge\n1a 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n", "# TYPE a gauge\n# HELP a x\na 1\n", "# HELP a x\n# TYPE a gauge\n",
    ])
    func theReaderIsStrict(_ text: String) {
        #expect(throws: PrometheusText.Fault.self) { try PrometheusText(text) }
    }
}
