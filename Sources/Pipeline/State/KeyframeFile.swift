package import Face
internal import Tensors

/// One keyframe as a file, which never changes; little-endian:
///
///     "LIKEKEYF"  UInt32 version  UInt64 frame  Float64 time, sharpness, score
///     UInt32 picture width, height, crop x, y, width, height  UInt32 n, n × 2 Float32 landmarks
///     crop: height × width × 3 bytes
///     32 bytes: see `SealedFile`
package enum KeyframeFile {
    package static let magic = "LIKEKEYF"
    package static let version: UInt32 = 1
    /// Sides of pictures that are believed, pixels.
    private static let longest = 16384

    package static func encoded(_ keyframe: Keyframe) -> [UInt8] {
        var out = SealedFile.begin(magic, version: version)
        out.bytes.reserveCapacity(keyframe.crop.bytes.count + 8 * keyframe.landmarks.count + 256)
        out.put([UInt64(keyframe.frame)])
        out.put([keyframe.time, keyframe.sharpness, keyframe.score])
        out.put(
            [
                keyframe.imageWidth, keyframe.imageHeight, keyframe.cropOrigin.x, keyframe.cropOrigin.y,
                keyframe.crop.width, keyframe.crop.height, keyframe.landmarks.count,
            ].map { UInt32($0) })
        out.put(keyframe.landmarks.flatMap { [$0.x, $0.y] })
        out.bytes += keyframe.crop.bytes
        return SealedFile.sealed(out)
    }

    /// Pure, and made for bytes that anybody could have written.
    package static func keyframe(bytes: [UInt8]) throws(StateFault) -> Keyframe {
        var input: LittleEndianReader
        do throws(SealedFile.Fault) { input = try SealedFile.open(bytes, magic: magic, version: version) } catch {
            throw StateFault(error)
        }
        do throws(LittleEndianReader.Damage) {
            let keyframe = try read(&input)
            guard input.isAtEnd else { throw .outOfRange }
            return keyframe
        } catch {
            throw .damaged
        }
    }

    private static func read(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> Keyframe {
        let frame = try input.frame()
        let values = try input.finite(3)
        let sizes = try input.integers(6).map { Int($0) }
        let (width, height) = (sizes[4], sizes[5])
        guard sizes.allSatisfy({ $0 <= longest }), width > 0, height > 0, sizes[2] + width <= sizes[0],
            sizes[3] + height <= sizes[1]
        else { throw .outOfRange }
        let points = try input.floats(2 * (try input.count(atMost: 4096)))
        guard points.allSatisfy({ $0.magnitude <= Float(4 * longest) }) else { throw .outOfRange }
        let crop = try input.bytes(3 * width * height)
        return Keyframe(
            frame: frame, time: values[0], imageWidth: sizes[0], imageHeight: sizes[1],
            landmarks: (0..<points.count / 2).map { SIMD2(points[2 * $0], points[2 * $0 + 1]) },
            crop: Image(width: width, height: height, channels: 3, bytes: Array(crop)),
            cropOrigin: SIMD2(sizes[2], sizes[3]), sharpness: values[1], score: values[2])
    }
}

/// How far a person's unseen skin was synthesized, as a file. Detail is kept to 1/8192 of a log unit, which is the eightieth
/// part of what a screen can show; little-endian:
///
///     "LIKESYNT"  UInt32 version  UInt32 size, sharp size  Float64 residual, effective faces  Float32 unresolved
///     UInt32 regions, UInt32 faces; regions × Float64 residuals; regions × faces × Float64; faces × Float64 mean weights
///     size² × Int16 detail
///     32 bytes: see `SealedFile`
package enum SynthesisFile {
    package static let magic = "LIKESYNT"
    package static let version: UInt32 = 1
    private static let scale: Float = 8192

    package static func encoded(_ state: TextureSynthesizer.State) -> [UInt8] {
        var out = SealedFile.begin(magic, version: version)
        out.put([UInt32(state.detail.size), UInt32(state.sharpSize)])
        out.put([state.residual, state.effectiveFaces])
        out.put([state.unresolved])
        out.put([UInt32(state.regionWeights.count), UInt32(state.weights.count)])
        out.put(state.regionResiduals)
        for weights in state.regionWeights { out.put(weights) }
        out.put(state.weights)
        out.put(
            state.detail.values.map { value -> Int16 in
                Int16(min(max((value * scale).rounded(), -32767), 32767))
            })
        return SealedFile.sealed(out)
    }

    /// Pure, and made for bytes that anybody could have written.
    package static func state(bytes: [UInt8]) throws(StateFault) -> TextureSynthesizer.State {
        var input: LittleEndianReader
        do throws(SealedFile.Fault) { input = try SealedFile.open(bytes, magic: magic, version: version) } catch {
            throw StateFault(error)
        }
        do throws(LittleEndianReader.Damage) {
            let state = try read(&input)
            guard input.isAtEnd else { throw .outOfRange }
            return state
        } catch {
            throw .damaged
        }
    }

    private static func read(
        _ input: inout LittleEndianReader
    ) throws(LittleEndianReader.Damage) -> TextureSynthesizer.State {
        let (size, sharp) = (try input.integer(), try input.integer())
        func isSide(_ side: Int) -> Bool { side.nonzeroBitCount == 1 && (64...4096).contains(side) }
        guard isSide(size), isSide(sharp) else { throw .outOfRange }
        let values = try input.finite(2)
        let unresolved = try input.floats(1)[0]
        guard (0...1).contains(unresolved) else { throw .outOfRange }
        let (regions, faces) = (try input.count(atMost: 256), try input.count(atMost: 1 << 16))
        let residuals = try input.finite(regions)
        var regionWeights: [[Double]] = []
        for _ in 0..<regions { regionWeights.append(try input.finite(faces)) }
        let weights = try input.finite(faces)
        let detail = try input.shorts(size * size).map { Float($0) / scale }
        return TextureSynthesizer.State(
            detail: DetailMap(size: size, values: detail, seen: [Float](repeating: 0, count: size * size)),
            sharpSize: sharp, regionWeights: regionWeights, regionResiduals: residuals, weights: weights,
            residual: values[0], effectiveFaces: values[1], unresolved: unresolved)
    }
}
