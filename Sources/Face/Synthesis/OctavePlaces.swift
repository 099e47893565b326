/// What may become of an octave's texels, and which of them count for what. All by texel, 0...1.
struct OctavePlaces {
    let size: Int
    /// How far a texel may change.
    private(set) var free: ByteShares
    /// How far nothing is known of it; at most `free`.
    private(set) var unknown: ByteShares
    /// How far its mirrored place does not show it either: skin whose mirrored place was seen has its start from there, and
    /// statistics could only make it worse.
    let left: ByteShares
    /// See `DetailRegions`.
    let covered: ByteShares
    /// Plain skin far from features and spots.
    let clean: ByteShares
    /// See `DetailPyramid.shown`.
    let isShown: Bool

    /// - Parameters:
    ///   - limit: where anything may change; everywhere when not given.
    ///   - fixed: how far a texel belongs to a feature, which comes from where the filling has it.
    ///   - counterpart: of the coarsest octave, how far the mirrored place was seen.
    init(
        _ level: DetailMap, regions: DetailRegions, isShown: Bool, limit: [Float]?, fixed: [Float],
        counterpart: [Float], features: FixedFeatures
    ) {
        size = level.size
        self.isShown = isShown
        covered = regions.covered
        (free, unknown) = (covered, covered)
        for i in free.indices where free[i] > 0 {
            let allowed = limit?[i] ?? 1
            let stays = isShown ? level.seen[i] : 0
            free[i] = allowed * (1 - stays) * (1 - fixed[i] * (1 - level.seen[i]))
            unknown[i] = min(free[i], allowed * (1 - level.seen[i]))
        }
        left = ByteShares(count: free.count) {
            isShown ? 1 - counterpart[features.place($0, of: level.size)] * (1 - level.seen[$0]) : 1
        }
        clean = ByteShares(count: free.count) {
            features.clean[features.place($0, of: level.size)] ? regions.plain[$0] : 0
        }
    }

    /// What is begun with stays where the mirrored place shows it and where the map is stretched: nothing there is free.
    /// - Parameter stretched: of the coarsest octave.
    mutating func keepStart(_ stretched: [Float], _ features: FixedFeatures) {
        for i in free.indices where free[i] > 0 {
            let share = left[i] * (1 - stretched[features.place(i, of: size)])
            (free[i], unknown[i]) = (free[i] * share, unknown[i] * share)
        }
    }

    /// Where a start is given its contrast; before `keepStart`.
    func ofAddition(_ stretched: [Float], _ features: FixedFeatures) -> ContrastControl.Places {
        ContrastControl.Places(
            hidden: ByteShares(count: free.count) {
                free[$0] > 0.02 ? left[$0] * unknown[$0] * (1 - stretched[features.place($0, of: size)]) : 0
            },
            refined: ByteShares(count: free.count) {
                free[$0] > 0.02 ? left[$0] * (free[$0] - unknown[$0]) / free[$0] : 0
            }, clean: clean)
    }

    /// Where a result is; behind `keepStart`.
    var ofResult: ContrastControl.Places {
        ContrastControl.Places(
            hidden: unknown, refined: ByteShares(count: free.count) { free[$0] - unknown[$0] }, clean: clean)
    }
}
