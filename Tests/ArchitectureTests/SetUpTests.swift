import Foundation
import Testing

/// What `./set-up` says where something is missing. The script is the real one, run with a PATH on which one tool is
/// absent or fails. Truth: what was taken away; the remedy must name it.
@Suite struct SetUpTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// Tools that are not there.
        var without: [String] = []
        /// Tools that are scripts of ours, by name.
        var instead: [String: String] = [:]
        var models: String?
        let says: [String]
        var testDescription: String { name }
    }

    private static let swift = "#!/bin/sh\necho 'Swift version 6.3 (swift-6.3-RELEASE)'\n"
    /// A Debian machine on which nothing is installed yet.
    private static let bare = ["dpkg-query": "#!/bin/sh\necho unknown\n", "swift": swift]
    private static let ready = ["dpkg-query": "#!/bin/sh\necho installed\n", "swift": swift]

    private static let cases = [
        Case(name: "no Swift", without: ["swift"], says: ["needs Swift", "https://www.swift.org/install"]),
        Case(
            name: "old Swift", instead: ["swift": "#!/bin/sh\necho 'Swift version 5.9.2 (swift-5.9.2-RELEASE)'\n"],
            says: ["found 5.9", "https://www.swift.org/install"]),
        Case(name: "no Debian", without: ["dpkg-query"], instead: ["swift": swift], says: ["Debian 12"]),
        Case(
            name: "another machine", instead: ["uname": "#!/bin/sh\n[ $1 = -s ] && echo Linux || echo riscv64\n"],
            says: ["x86-64", "riscv64"]),
        Case(
            name: "no apt-get", without: ["apt-get"], instead: bare, says: ["no apt-get", "libopenblas-openmp-dev"]),
        Case(
            name: "neither root nor sudo", without: ["sudo"],
            instead: bare.merging(["id": "#!/bin/sh\necho 1000\n", "apt-get": "#!/bin/sh\nexit 0\n"]) { $1 },
            says: ["is not root", "apt-get install -y", "libavcodec-dev"]),
        Case(
            name: "apt-get fails",
            instead: bare.merging([
                "id": "#!/bin/sh\necho 0\n", "apt-get": "#!/bin/sh\necho 'Err: no route' >&2; exit 100\n",
            ]) { $1 }, says: ["apt-get failed", "check the network"]),
        Case(
            name: "the package index is out of reach",
            instead: ready.merging([
                "python3": "#!/bin/sh\n[ \"$3\" = --version ] && exit 0\necho 'ERROR: no network' >&2\nexit 1\n"
            ]) { $1 }, says: ["pip cannot download", "check the network"]),
        Case(
            name: "another file than the pinned one",
            instead: ready.merging([
                "python3": """
                #!/bin/bash
                [ "$3" = --version ] && exit 0
                while [ "$1" != -d ]; do shift; done
                for w in mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64 anny-0.6.2-py3-none-any \\
                    ai_edge_litert-2.3.0-cp311-cp311-manylinux_2_27_x86_64; do echo changed >"$2/$w.whl"; done

                """
            ]) { $1 }, says: ["mediapipe-0.10.21", "not the pinned file"]),
        Case(
            name: "no place for the models", instead: ready, models: "/proc/models",
            says: ["cannot write /proc/models"]),
    ]

    @Test(arguments: cases) func oneLineSaysWhatToDo(_ machine: Case) throws {
        let files = FileManager.default
        let place = files.temporaryDirectory.path + "/likeness-set-up-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: place) }
        let tools = place + "/bin"
        try files.createDirectory(atPath: tools, withIntermediateDirectories: true)
        let script =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/set-up"
        try files.copyItem(atPath: script, toPath: place + "/set-up")
        for (name, text) in machine.instead {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(tools)/\(name)"))
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(tools)/\(name)")
        }
        let usual = [
            "apt-get", "bash", "cat", "cut", "dirname", "dpkg-query", "env", "find", "grep", "head", "id", "mkdir",
            "mktemp", "mv", "python3", "rm", "sed", "sh", "sha256sum", "sort", "tail", "uname", "unzip", "xargs",
        ]
        for name in usual where machine.instead[name] == nil && !machine.without.contains(name) {
            try? files.createSymbolicLink(atPath: "\(tools)/\(name)", withDestinationPath: "/usr/bin/\(name)")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/bash")
        process.arguments = [place + "/set-up"]
        process.environment = ["PATH": tools, "HOME": place, "LIKENESS_MODELS": machine.models ?? place + "/models"]
        let said = Pipe()
        process.standardError = said
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1, "\(text)")
        let last = text.split(separator: "\n").last.map(String.init) ?? ""
        #expect(last.hasPrefix("set-up: "), "\(text)")
        for word in machine.says { #expect(last.contains(word), "'\(word)' is not in: \(text)") }
        let left = (try? files.contentsOfDirectory(atPath: place + "/models")) ?? []
        #expect(left.isEmpty, "left behind: \(left)")
    }

    /// A database that the user built stays; one that came with an earlier version does not. The script's own function is run.
    @Test func aDatabaseOfOnesOwnStays() throws {
        let files = FileManager.default
        let place = files.temporaryDirectory.path + "/likeness-set-up-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: place) }
        let shipped = place + "/Sources/Pipeline/Database/face.database"
        try files.createDirectory(atPath: place + "/Sources/Pipeline/Database", withIntermediateDirectories: true)
        try files.createDirectory(atPath: place + "/models", withIntermediateDirectories: true)
        let script =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/set-up"
        func install() throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/bash")
            process.arguments = [
                "-euo", "pipefail", "-c",
                """
                root=\(place) models=\(place)/models
                say() { printf '%s\\n' "$*"; }
                eval "$(sed -n '/^install_face_database()/,/^}/p' \(script))"
                install_face_database
                """,
            ]
            let said = Pipe()
            process.standardOutput = said
            try process.run()
            let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return text
        }
        func installed() throws -> String {
            try String(contentsOfFile: place + "/models/face.database", encoding: .utf8)
        }
        try Data("one".utf8).write(to: URL(fileURLWithPath: shipped))
        #expect(try install() == "" && installed() == "one")
        try Data("two".utf8).write(to: URL(fileURLWithPath: shipped))
        #expect(try install() == "" && installed() == "two")
        try Data("own".utf8).write(to: URL(fileURLWithPath: place + "/models/face.database"))
        #expect(try install().contains("keeping") && installed() == "own")
        try Data("three".utf8).write(to: URL(fileURLWithPath: shipped))
        #expect(try install().contains("remove it") && installed() == "own")
        try files.removeItem(atPath: place + "/models/face.database")
        #expect(try install() == "" && installed() == "three")
    }
}
