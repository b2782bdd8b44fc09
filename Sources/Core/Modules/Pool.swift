/// A range of numbers from which cells hold values: node ids, the addresses of a subnet, marks.
///
/// A value is held while a cell asks for it. Hints (what the API already says) are served before any fresh value,
/// and only once all feeds are complete; fresh values are probed from a hash of the key.
public struct Pool: Hashable, Sendable {
    /// Unique in the program: `pod-addresses/10.244.1.0/24`.
    public let name: String
    public let range: ClosedRange<Int>
    /// Values in the range that are never given out.
    public let reserved: Set<Int>

    public init(_ name: String, _ range: ClosedRange<Int>, reserved: Set<Int> = []) {
        self.name = name
        self.range = range
        self.reserved = reserved
    }
}

extension Pool {
    /// What comes of asking for one value and no other.
    public enum Claim: Hashable, Sendable {
        /// The feeds have not all listed.
        case waiting
        /// Held from now on; what the key held already stays.
        case given(Int)
        /// The key that holds it; empty when the pool never gives it out. It is given when that key lets it go.
        case taken(by: String)
    }
}
