/// Which numbered editions stay. Pure: sizes and ages come in, numbers go out.
package struct Retention: Sendable, Equatable {
    package struct Edition: Sendable, Equatable {
        package var number: Int
        /// Of all its files.
        package var bytes: Int
        /// Seconds since it was written; less than 0 where the clock was set back, which is no reason to delete anything.
        package var age: Double

        package init(number: Int, bytes: Int, age: Double) {
            (self.number, self.bytes, self.age) = (number, bytes, age)
        }
    }

    /// At most so many editions.
    package var count: Int
    /// Seconds; 0 for no limit.
    package var age = 0.0
    /// Of all editions together; 0 for no limit.
    package var bytes = 0

    package init(count: Int, days: Double = 0, megabytes: Int = 0) {
        self.count = max(count, 1)
        age = days * 86400
        bytes = megabytes * 1_000_000
    }

    init(_ publication: Configuration.Publication) {
        self.init(
            count: publication.keep, days: publication.keepDays, megabytes: publication.keepMegabytes)
    }

    /// The newest ones first, until one of the limits is met.
    /// - Parameter named: what the manifest names; it stays, and the rest has what it leaves. The newest one where there is
    ///   no manifest.
    package func kept(of editions: [Edition], named: Int?) -> Set<Int> {
        let newestFirst = editions.sorted { $0.number > $1.number }
        let named = named ?? newestFirst.first?.number
        var kept: Set<Int> = []
        var used = 0
        if let own = newestFirst.first(where: { $0.number == named }) {
            kept.insert(own.number)
            used = own.bytes
        }
        for edition in newestFirst where edition.number != named {
            guard kept.count < count, age == 0 || edition.age <= age, bytes == 0 || used + edition.bytes <= bytes
            else { break }
            kept.insert(edition.number)
            used += edition.bytes
        }
        return kept
    }
}
