internal import CFFmpeg
internal import Foundation

/// Standard input or a named pipe, read so that waiting for its writer can be ended: FFmpeg's own pipe reader blocks
/// without asking anybody. A redirected file stays seekable.
final class PipeInput {
    private(set) var context: UnsafeMutablePointer<AVIOContext>?
    private let descriptor: Int32
    private let closes: Bool
    private let watchdog: Watchdog

    /// - Parameter path: A named pipe; `nil` is standard input.
    init(path: String?, watchdog: Watchdog) throws(VideoError) {
        self.watchdog = watchdog
        closes = path != nil
        // Without O_NONBLOCK, opening would wait for a writer.
        descriptor = path.map { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) } ?? STDIN_FILENO
        let name = path ?? VideoSource.standardInput.description
        guard descriptor >= 0 else { throw VideoError(.io, source: name, detail: String(cString: strerror(errno))) }
        guard isatty(descriptor) == 0 else {
            throw VideoError(.notAVideo, source: name, detail: "it is a terminal: pipe or redirect a video into it")
        }
        let size = 1 << 16
        let isSeekable = lseek(descriptor, 0, SEEK_CUR) >= 0
        context = avio_alloc_context(
            av_malloc(size)?.assumingMemoryBound(to: UInt8.self), Int32(size), 0,
            Unmanaged.passUnretained(self).toOpaque(),
            { opaque, buffer, count in
                guard let opaque, let buffer else { return CFFmpeg_error(EIO) }
                return Unmanaged<PipeInput>.fromOpaque(opaque).takeUnretainedValue().read(into: buffer, count)
            }, nil,
            isSeekable
                ? { opaque, offset, whence in
                    guard let opaque else { return -1 }
                    return Unmanaged<PipeInput>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
                } : nil)
    }

    deinit {
        if let context { av_free(context.pointee.buffer) }
        avio_context_free(&context)
        if closes { close(descriptor) }
    }

    private func read(into buffer: UnsafeMutablePointer<UInt8>, _ count: Int32) -> Int32 {
        while !watchdog.mustStop {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, 20)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            let got = Glibc.read(descriptor, buffer, Int(count))
            if got > 0 { return Int32(got) }
            if got == 0 { return CFFmpeg_endOfFile }
            if errno != EAGAIN, errno != EINTR { return CFFmpeg_error(errno) }
        }
        return CFFmpeg_exitRequested
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        if whence & AVSEEK_SIZE != 0 {
            var status = stat()
            return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : -1
        }
        return Int64(lseek(descriptor, Int(offset), whence & ~AVSEEK_FORCE))
    }
}
