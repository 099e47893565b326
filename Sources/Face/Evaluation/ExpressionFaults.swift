internal import Foundation

/// What should be hidden and is not, in square millimetres of an orthographic-like view: eyeballs behind closed lids,
/// teeth and tongue behind closed lips.
package struct ExpressionFaults: Sendable {
    /// An expression that closes something, and what must then be out of sight.
    package struct Closure: Sendable {
        package var name: String
        package var weights: [String: Double]
        package var hidden: Set<Topology.Material>

        init(_ name: String, _ shapes: [String], hidden: Set<Topology.Material>) {
            self.name = name
            weights = Dictionary(uniqueKeysWithValues: shapes.map { ($0, 1) })
            self.hidden = hidden
        }
    }

    package static let closures: [Closure] = {
        func both(_ names: String...) -> [String] { names.flatMap { [$0 + "Left", $0 + "Right"] } }
        let mouth: Set<Topology.Material> = [.teeth, .tongue]
        return [
            Closure("eyeBlink", both("eyeBlink"), hidden: [.eyes]),
            Closure("eyeBlink, eyeSquint", both("eyeBlink", "eyeSquint"), hidden: [.eyes]),
            Closure("eyeBlink, eyeLookDown", both("eyeBlink", "eyeLookDown"), hidden: [.eyes]),
            Closure("neutral", [], hidden: mouth),
            Closure("jawOpen, mouthClose", ["jawOpen", "mouthClose"], hidden: mouth),
            Closure("mouthPress", both("mouthPress"), hidden: mouth),
            Closure("mouthRoll", ["mouthRollUpper", "mouthRollLower"], hidden: mouth),
            Closure("mouthSmile", both("mouthSmile"), hidden: mouth),
            Closure("mouthPucker", ["mouthPucker"], hidden: mouth),
            Closure("mouthFrown", both("mouthFrown"), hidden: mouth),
            Closure("mouthDimple", both("mouthDimple"), hidden: mouth),
            Closure("mouthStretch", both("mouthStretch"), hidden: mouth),
            Closure("mouthLeft", ["mouthLeft"], hidden: mouth),
            Closure("jawLeft", ["jawLeft"], hidden: mouth),
            Closure("jawForward", ["jawForward"], hidden: mouth),
            Closure("cheekPuff", ["cheekPuff"], hidden: mouth),
        ]
    }()

    /// Square millimetres in sight, worst of three views, per closure.
    package let seen: [Double]

    package init(_ avatar: Avatar) {
        seen = Self.closures.map { closure in
            let points = avatar.points(expression: closure.weights)
            return [-0.6, 0, 0.6].map { Self.area(of: closure.hidden, avatar.topology, points, yaw: $0) }.max() ?? 0
        }
    }

    /// From 2 m, a fifth of a millimetre a pixel.
    private static func area(
        of materials: Set<Topology.Material>, _ topology: Topology, _ points: [SIMD3<Float>], yaw: Double
    ) -> Double {
        let size = 900
        let parts = topology.parts.filter { $0.material != .lashes }
        let material = parts.flatMap { Array(repeating: $0.material, count: $0.triangles.count / 3) }
        let camera = Camera(width: size, height: size, focal: 10_000)
        let pose = Pose(yaw: yaw, pitch: 0, roll: 0, translation: [0, 0, 2])
        let positions = points.map { p -> SIMD3<Float> in
            let c = pose.apply(SIMD3<Double>(p))
            let i = camera.project(c)
            return SIMD3(Float(i.x), Float(i.y), Float(c.z))
        }
        let drawn = Rasterizer.draw(
            positions: positions, triangles: parts.flatMap { $0.triangles.map { topology.pointOfVertex[Int($0)] } },
            width: size, height: size)
        return drawn.triangle.indices.reduce(0) { sum, at in
            let t = Int(drawn.triangle[at])
            guard t >= 0, materials.contains(material[t]) else { return sum }
            let millimetres = Double(drawn.depth[at]) / 10_000 * 1000
            return sum + millimetres * millimetres
        }
    }
}
