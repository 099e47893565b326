internal import CFFmpeg
internal import Tensors

/// One of the eight ways in which a camera can have been held: flipped left to right, then turned clockwise.
struct Orientation: Equatable {
    var flipped = false
    var quarterTurns = 0

    init() {}

    /// From FFmpeg's display matrix: nine 16.16 numbers a b u, c d v, x y w; a stored point (x, y) is shown at
    /// (a x + c y, b x + d y), y down. Angles between the quarters go to the nearest.
    init(displayMatrix: UnsafePointer<Int32>) {
        var (a, b) = (Double(displayMatrix[0]), Double(displayMatrix[1]))
        let (c, d) = (Double(displayMatrix[3]), Double(displayMatrix[4]))
        flipped = a * d - b * c < 0
        if flipped { (a, b) = (-a, -b) }
        quarterTurns = abs(a) >= abs(b) ? (a < 0 ? 2 : 0) : (b > 0 ? 1 : 3)
    }

    /// The frame's own (a photograph's Exif), else the stream's (a telephone's clip).
    init(
        of picture: UnsafeMutablePointer<AVFrame>, in stream: UnsafeMutablePointer<AVStream>?
    ) {
        let bytes: UnsafeMutablePointer<UInt8>
        if let side = av_frame_get_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX), side.pointee.size >= 36 {
            bytes = side.pointee.data
        } else if let stream, let matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, nil) {
            bytes = matrix
        } else {
            self.init()
            return
        }
        self = bytes.withMemoryRebound(to: Int32.self, capacity: 9) { Orientation(displayMatrix: $0) }
    }

    func applied(to image: YUVImage) -> YUVImage {
        (flipped ? image.flipped() : image).rotated(quarterTurns: quarterTurns)
    }
}
