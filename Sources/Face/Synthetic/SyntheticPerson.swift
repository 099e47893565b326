internal import Foundation
package import Tensors

/// A person who does not exist: a head drawn from the model, painted skin, a script of motion, a light. Everything is
/// known, so it is the tests' truth; and it is what a first run shows where there is no camera.
package struct SyntheticPerson: Sendable {
    /// How the person is at one moment.
    package struct Moment: Sendable {
        package var pose: Pose
        /// Weights by Apple's names.
        package var expression: [String: Double]
        /// Radius of defocus in pixels; 0 is sharp.
        package var blur: Int
    }

    /// How a person looks about: amplitudes in radians, periods in seconds.
    private struct Motion {
        var distance: Double
        var yaw: Double
        var pitch: Double
        var yawPeriod: Double
        var pitchPeriod: Double

        init(distance: Double, _ generator: inout SeededGenerator) {
            self.distance = distance
            yaw = 0.45 + 0.25 * generator.uniform()
            pitch = 0.1 + 0.12 * generator.uniform()
            yawPeriod = 5.5 + 2 * generator.uniform()
            pitchPeriod = 3 + 1.5 * generator.uniform()
        }
    }

    package let avatar: Avatar
    /// Coefficients in standard deviations.
    package let identity: [Double]
    package let light: Light
    package let camera: Camera
    private let seed: UInt64
    private let motion: Motion
    private let ground: Image
    private let renderer: AvatarRenderer

    package init(
        model: MorphableModel, seed: UInt64, width: Int, height: Int, textureSize: Int = 1024, spread: Double = 0.8
    ) {
        var generator = SeededGenerator(seed: seed)
        self.seed = seed
        identity = (0..<model.identityCount).map { _ in spread * generator.normal(limit: 2) }
        let points = model.points(identity: identity)
        let iris = [SIMD3<Float>(0.09, 0.05, 0.025), SIMD3(0.1, 0.14, 0.19), SIMD3(0.09, 0.1, 0.05)]
        avatar = Avatar(
            topology: model.topology, points: points, expressions: model.expressions,
            skin: SyntheticSkin(model: model, generator: &generator).image(size: textureSize),
            eyes: EyeTexture.image(
                model: model, colours: EyeColours(iris: iris[Int(seed % 3)], white: EyeColours.usual.white)),
            lashes: LashTexture.image(model: model),
            teethColour: EyeTexture.teeth, tongueColour: EyeTexture.tongue,
            landmarks7: NoWLandmarks.places(model: model, points: points))
        let (side, above) = (0.25 * generator.normal(limit: 1.5), -0.2 + 0.1 * generator.normal(limit: 1.5))
        let warmth = 0.94 + 0.04 * generator.normal(limit: 1.5)
        light = Light(
            coefficients: [0.78, side, above, -0.3, 0.02, 0.05, 0.04, 0, 0.03].map {
                SIMD3<Float>(Float($0), Float($0) * 0.98, Float($0 * warmth))
            })
        // Fields of view between 40° and 67°, the face about as large in all of them.
        let lens = 0.75 + 0.6 * generator.uniform()
        camera = Camera(width: width, height: height, focal: Double(max(width, height)) * lens)
        motion = Motion(distance: 0.62 * lens / 0.95, &generator)
        ground = Self.room(width: width, height: height, generator: &generator)
        renderer = AvatarRenderer(avatar: avatar)
    }

    /// The script: still and neutral at first, then looking about, blinking, smiling, talking; out of focus now and then.
    package func moment(at time: Double) -> Moment {
        let wake = min(max(time - 0.8, 0), 1)
        let yaw = motion.yaw * wake * sin(2 * .pi * (time - 0.8) / motion.yawPeriod)
        let pitch = motion.pitch * wake * sin(2 * .pi * (time - 0.8) / motion.pitchPeriod) + 0.02
        let roll = 0.06 * wake * sin(2 * .pi * (time - 0.8) / 5.1)
        var expression: [String: Double] = [:]
        func bump(_ from: Double, _ to: Double) -> Double {
            guard time > from, time < to else { return 0 }
            return pow(sin(.pi * (time - from) / (to - from)), 2)
        }
        let blink = stride(from: 1.6, to: time + 1, by: 2.7).map { bump($0, $0 + 0.25) }.max() ?? 0
        expression["eyeBlinkLeft"] = blink
        expression["eyeBlinkRight"] = blink
        let smile = 0.8 * bump(4.4, 6.2)
        expression["mouthSmileLeft"] = smile
        expression["mouthSmileRight"] = smile
        expression["jawOpen"] = 0.35 * bump(7, 9) * (0.5 + 0.5 * sin(14 * time))
        expression["browInnerUp"] = 0.5 * bump(2.6, 3.6)
        var pose = Pose(yaw: yaw, pitch: pitch, roll: roll, translation: .zero)
        pose.translation = SIMD3(0.02 * sin(time), 0.03, motion.distance) - pose.rotation.apply(SIMD3(0, 0, 0.02))
        let blurred = [(3.0, 3.3), (6.5, 6.8), (9.3, 9.5)].contains { time > $0.0 && time < $0.1 }
        return Moment(pose: pose, expression: expression, blur: blurred ? 4 : 0)
    }

    /// The picture at one moment, with sensor noise that only depends on seed and frame number.
    package func frame(_ moment: Moment, number: Int) -> Image {
        let points = avatar.points(expression: moment.expression)
        var (low, high) = (SIMD2<Double>(repeating: .infinity), SIMD2<Double>(repeating: -.infinity))
        for point in points {
            let x = camera.project(moment.pose.apply(SIMD3<Double>(point)))
            low = pointwiseMin(low, x)
            high = pointwiseMax(high, x)
        }
        let (left, top) = (max(Int(low.x) - 8, 0), max(Int(low.y) - 8, 0))
        let (right, bottom) = (min(Int(high.x) + 8, ground.width), min(Int(high.y) + 8, ground.height))
        var picture = ground
        if right > left, bottom > top {
            // Only the head's surroundings are drawn anew: the room stands still.
            let window = ground.cropped(x: left, y: top, width: right - left, height: bottom - top)
            var local = camera
            local.centre -= SIMD2(Double(left), Double(top))
            var drawn = renderer.draw(points: points, pose: moment.pose, camera: local, onto: window, light: light)
            if moment.blur > 0 { drawn = drawn.boxBlurred(radius: moment.blur).boxBlurred(radius: moment.blur) }
            picture.paste(drawn, x: left, y: top)
        }
        var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
        picture.bytes.withUnsafeMutableBufferPointer { bytes in
            var i = 0
            while i < bytes.count {
                let random = generator.next()
                // The sum of two uniforms is near enough to a sensor's noise: σ about 1.5 codes.
                for k in 0..<min(8, bytes.count - i) {
                    let noise = Int(random >> UInt64(8 * k) & 3) + Int(random >> UInt64(8 * k + 2) & 3) - 3
                    bytes[i + k] = UInt8(min(max(Int(bytes[i + k]) + noise, 0), 255))
                }
                i += 8
            }
        }
        return picture
    }

    /// A plain room and a pullover for the neck to stand in.
    private static func room(width: Int, height: Int, generator: inout SeededGenerator) -> Image {
        var image = Image(width: width, height: height, channels: 3)
        let wall = SIMD3(150 + 40 * generator.uniform(), 150 + 30 * generator.uniform(), 140 + 40 * generator.uniform())
        let cloth = SIMD3(40 + 80 * generator.uniform(), 50 + 60 * generator.uniform(), 60 + 90 * generator.uniform())
        for y in 0..<height {
            for x in 0..<width {
                let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
                let aspect = Double(width) / Double(height)
                var colour = wall * (0.8 + 0.25 * u - 0.2 * v)
                if u > 0.72, u < 0.95, v > 0.12, v < 0.5 { colour = wall * 0.55 + SIMD3(20, 30, 50) * (u + v) }
                let dx = (u - 0.52) * aspect / 0.62
                if v > 0.8 + 0.5 * dx * dx { colour = cloth * (0.75 + 0.2 * sin(90 * v + 3 * sin(8 * u))) }
                for c in 0..<3 { image.bytes[3 * (y * width + x) + c] = UInt8(min(max(colour[c], 0), 255)) }
            }
        }
        return image
    }
}

extension Image {
    func cropped(x: Int, y: Int, width targetWidth: Int, height targetHeight: Int) -> Image {
        var result = Image(width: targetWidth, height: targetHeight, channels: channels)
        for row in 0..<targetHeight {
            let from = ((y + row) * width + x) * channels
            let to = row * targetWidth * channels
            result.bytes.replaceSubrange(
                to..<to + targetWidth * channels, with: bytes[from..<from + targetWidth * channels])
        }
        return result
    }

    mutating func paste(_ image: Image, x: Int, y: Int) {
        for row in 0..<image.height {
            let to = ((y + row) * width + x) * channels
            let from = row * image.width * channels
            bytes.replaceSubrange(
                to..<to + image.width * channels, with: image.bytes[from..<from + image.width * channels])
        }
    }

    func boxBlurred(radius: Int) -> Image {
        var result = self
        for (step, count, line, lines) in [
            (channels, width, width * channels, height), (width * channels, height, channels, width),
        ] {
            let source = result.bytes
            for l in 0..<lines {
                for c in 0..<channels {
                    let start = l * line + c
                    var sum = 0
                    for i in -radius...radius { sum += Int(source[start + min(max(i, 0), count - 1) * step]) }
                    for i in 0..<count {
                        result.bytes[start + i * step] = UInt8(sum / (2 * radius + 1))
                        sum += Int(source[start + min(i + radius + 1, count - 1) * step])
                        sum -= Int(source[start + max(i - radius, 0) * step])
                    }
                }
            }
        }
        return result
    }
}
