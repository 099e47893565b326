import Foundation
import Testing

/// The rules of the house that no compiler checks. Truth: the README's and Package.swift's own words.
@Suite struct ArchitectureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static func sources(_ folder: String) -> [(path: String, text: String)] {
        let base = root + "/" + folder
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().map {
            ("\(folder)/\($0)", (try? String(contentsOfFile: "\(base)/\($0)", encoding: .utf8)) ?? "")
        }
    }

    @Test(arguments: [
        ("CFFmpeg", "Video"), ("CJPEG", "Tensors"), ("COneDNN", "Tensors"), ("COpenBLAS", "Tensors"),
        ("CPNG", "Tensors"), ("CLiteRT", "Tracking"),
    ])
    func eachCLibraryHasOneImporterAndNoTypeAboveIt(library: String, importer: String) {
        let importers = Self.sources("Sources").filter { $0.text.contains("import \(library)") }
        #expect(!importers.isEmpty)
        for (path, text) in importers {
            #expect(path.hasPrefix("Sources/\(importer)/"), "\(path) imports \(library)")
            let hidden = text.contains("internal import \(library)")
            #expect(hidden, "\(path) lets \(library) into its signatures")
        }
    }

    @Test func faceAndGLTFArePure() {
        let forbidden = [" async ", " actor ", "FileManager", "ContinuousClock", "Logger", "Task {", "Date()", "Mutex"]
        for (path, text) in Self.sources("Sources/Face") + Self.sources("Sources/GLTF") {
            for word in forbidden {
                let used = text.contains(word)
                #expect(!used, "\(path) uses \(word)")
            }
        }
    }

    @Test func layersOnlyLookDown() {
        let allowed: [String: Set<String>] = [
            "WideProducts": [], "Tensors": ["WideProducts", "CJPEG", "COneDNN", "COpenBLAS", "CPNG"],
            "Video": ["CFFmpeg", "Tensors"],
            "Tracking": ["CLiteRT", "Tensors"],
            "Face": ["Tensors"], "GLTF": [],
            "Pipeline": [
                "Tensors", "Video", "Tracking", "Face", "GLTF", "Logging", "Yams", "NIOCore", "NIOPosix", "NIOHTTP1",
            ],
            "likenessd": ["Pipeline", "ArgumentParser", "Logging", "Face", "Tracking", "Video", "Tensors", "GLTF"],
        ]
        let system: Set<String> = ["Foundation", "Glibc", "Dispatch", "Synchronization"]
        for (target, below) in allowed {
            for (path, text) in Self.sources("Sources/\(target)") {
                for line in text.split(separator: "\n")
                where line.contains("import ") && !line.hasPrefix("//") && line.first != " " {
                    let words = line.split(separator: " ")
                    guard let at = words.firstIndex(of: "import"), at <= 1, at + 1 < words.count else { continue }
                    let module = String(words[at + 1])
                    #expect(below.contains(module) || system.contains(module), "\(path) imports \(module)")
                }
            }
        }
    }

    @Test func onlyTheServerKnowsTheNetworkLibrary() {
        for (path, text) in Self.sources("Sources") where text.contains("import NIO") {
            #expect(path.hasPrefix("Sources/Pipeline/HTTP/Server/"), "\(path) imports NIO")
            let isPublic = text.contains("package import NIO") || text.contains("public import NIO")
            #expect(!isPublic, "\(path) lets NIO into its signatures")
        }
    }

    /// A closure inside a mutex stands in a struct's property: the mutex alone, or a tuple in it, wraps the closure once more at
    /// each look, until the stack overflows.
    @Test func noMutexHoldsABareClosure() {
        for (path, text) in Self.sources("Sources") {
            for line in text.split(separator: "\n") where line.contains("Mutex<") {
                let isBare = line.split(separator: "Mutex<").dropFirst().contains { $0.contains("->") }
                #expect(!isBare, "\(path): \(line)")
            }
        }
    }

    @Test func filesStayReadable() {
        for (path, text) in Self.sources("Sources") + Self.sources("Tests") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= 500, "\(path) has \(lines) lines")
        }
    }

    @Test func noRoomForEverything() {
        for (path, _) in Self.sources("Sources") {
            for name in ["Util", "Common", "Core", "Helper"] {
                #expect(!path.contains("/\(name)"), "\(path): name it for what it does")
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func swiftFormatFindsNothing() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["swift", "format", "lint", "-r", "--strict", "Sources", "Tests", "Fuzz", "Package.swift"]
        process.currentDirectoryURL = URL(fileURLWithPath: Self.root)
        let pipe = Pipe()
        process.standardError = pipe
        try process.run()
        let findings = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(findings.prefix(2000))")
    }
}
