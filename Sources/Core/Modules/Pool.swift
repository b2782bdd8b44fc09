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
