internal import Foundation

/// Memory that is free goes back to the system. glibc's allocator has an arena for every few threads and keeps in each what
/// was freed between two pieces that are in use: after twenty minutes that was a third of the process, of which half was in use
/// again 20 s later. It does not by itself make memory flat; `Tests/soak` shows what is left.
package enum FreeMemory {
    /// Seconds between two calls of `giveBack`.
    package static let interval = 30.0
    /// Threads share so many arenas.
    private static let arenas: Int32 = 4

    /// Before there are threads.
    package static func prepare() {
        typealias Function = @convention(c) (Int32, Int32) -> Int32
        // M_ARENA_MAX of malloc.h, which Swift's Glibc leaves out.
        if let function = symbol("mallopt") { _ = unsafeBitCast(function, to: Function.self)(-8, arenas) }
    }

    /// Takes some tens of milliseconds, in which other threads may wait for memory.
    package static func giveBack() {
        typealias Function = @convention(c) (Int) -> Int32
        if let function = symbol("malloc_trim") { _ = unsafeBitCast(function, to: Function.self)(0) }
    }

    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }
}
