// swift-tools-version: 6.2
import PackageDescription

// Measured: a wider baseline makes the Swift loops 1.3–1.6 × as fast. Other architectures keep their own baseline.
#if arch(x86_64)
    let processor: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v3"], .when(configuration: .release))]
    // One target of loops that are called where the processor has AVX-512 only.
    let wideProcessor: [SwiftSetting] = [
        .unsafeFlags(["-Xcc", "-march=x86-64-v4"], .when(configuration: .release))
    ]
#else
    let processor: [SwiftSetting] = []
    let wideProcessor: [SwiftSetting] = []
#endif

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let house = strict + processor

// The sanitizers bring an allocator of their own; see Tests/sanitized.
let allocator: [Target.Dependency] = Context.environment["LIKENESS_SANITIZED"] == nil ? ["CJemalloc"] : []

let package = Package(
    name: "likeness",
    products: [.executable(name: "likenessd", targets: ["likenessd"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C doors: a module map and a shim, no logic; one importer each.
        .systemLibrary(
            name: "CFFmpeg", pkgConfig: "libavdevice libavformat libavcodec libswscale libavutil",
            providers: [
                .apt(["libavdevice-dev", "libavformat-dev", "libavcodec-dev", "libswscale-dev", "libavutil-dev"])
            ]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas lapacke",
            providers: [.apt(["libopenblas-openmp-dev", "liblapacke-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "CJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CLiteRT"),
        // The program's allocator, in the program only.
        .target(name: "CJemalloc", linkerSettings: [.linkedLibrary("jemalloc")]),

        .target(name: "WideProducts", swiftSettings: strict + wideProcessor),
        .target(
            name: "Tensors", dependencies: ["WideProducts", "CJPEG", "COneDNN", "COpenBLAS", "CPNG"],
            swiftSettings: house),
        .target(name: "Video", dependencies: ["CFFmpeg", "Tensors"], swiftSettings: house),
        .target(name: "Tracking", dependencies: ["CLiteRT", "Tensors"], swiftSettings: house),
        .target(name: "Face", dependencies: ["Tensors"], swiftSettings: house),
        .target(name: "GLTF", swiftSettings: house),
        .target(
            name: "Pipeline",
            dependencies: [
                "Tensors", "Video", "Tracking", "Face", "GLTF",
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], exclude: ["Database/face.database", "Database/MODEL-CARD.md", "HTTP/Page/page.png"],
            // Inside the program, so that it finds them wherever it is installed.
            resources: [
                .embedInCode("HTTP/Page/index.html"), .embedInCode("HTTP/Page/page.css"),
                .embedInCode("HTTP/Page/page.js"), .embedInCode("HTTP/Page/panel.js"),
                .embedInCode("HTTP/Page/viewer.js"),
            ], swiftSettings: house),
        .executableTarget(
            name: "likenessd",
            dependencies: [
                "Pipeline", "Face", "Tracking", "Video", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ] + allocator,
            swiftSettings: house),

        // What reads outside data, for the fuzzer and for the test that replays its corpus.
        .target(
            name: "Harnesses",
            dependencies: [
                "Pipeline", "Face", "GLTF", "Video", "Tensors", .product(name: "Logging", package: "swift-log"),
            ], path: "Fuzz/Harnesses", swiftSettings: strict),

        .testTarget(
            name: "TensorsTests", dependencies: ["Tensors"], exclude: ["Reference"], swiftSettings: strict),
        .testTarget(name: "VideoTests", dependencies: ["Video", "Tensors"], swiftSettings: strict),
        .testTarget(
            name: "TrackingTests", dependencies: ["Tracking", "Video", "Tensors"], exclude: ["Reference"],
            swiftSettings: strict),
        .testTarget(name: "FaceTests", dependencies: ["Face", "Tensors"], swiftSettings: strict),
        .testTarget(name: "GLTFTests", dependencies: ["GLTF"], swiftSettings: strict),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "Pipeline", "Face", "GLTF", "Tracking", "Video", "Tensors",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Reference"],
            swiftSettings: strict),
        .testTarget(name: "CorpusTests", dependencies: ["Harnesses"], swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// `Fuzz/run` asks for it: libFuzzer's runtime is linked only then.
if Context.environment["LIKENESS_FUZZER"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", "Harnesses"], path: "Fuzz/Runner", swiftSettings: strict),
    ]
}
