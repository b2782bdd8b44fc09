/// Port numbers as ranges that neither overlap nor touch, sorted.
public struct PortRanges: Hashable, Sendable, CustomStringConvertible {
    public let ranges: [ClosedRange<Int>]

    /// Every port, 0 too.
    public static let all = PortRanges([0...65535])

    /// Parts outside of 0 to 65535 are left out.
    public init(_ ranges: some Sequence<ClosedRange<Int>>) {
        var merged: [ClosedRange<Int>] = []
        let inside = ranges.filter { $0.overlaps(0...65535) }.map { $0.clamped(to: 0...65535) }
        for range in inside.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        // Port 0 is on no wire: a list of all others is a list of all.
        self.ranges = merged == [1...65535] ? [0...65535] : merged
    }

    public var isEmpty: Bool { ranges.isEmpty }

    /// How many values with a mask they are: what a match costs the switch.
    public var maskCount: Int {
        var count = 0
        for range in ranges where range != 0...65535 {
            var start = range.lowerBound
            while start <= range.upperBound {
                // The largest block that begins here and does not go beyond the end.
                var size = start == 0 ? 65536 : start & -start
                while start + size - 1 > range.upperBound { size /= 2 }
                start += size
                count += 1
            }
        }
        return count
    }

    public func subtracting(_ other: PortRanges) -> PortRanges {
        var rest = ranges
        for hole in other.ranges {
            rest = rest.flatMap { range -> [ClosedRange<Int>] in
                guard range.overlaps(hole) else { return [range] }
                var parts: [ClosedRange<Int>] = []
                if range.lowerBound < hole.lowerBound { parts.append(range.lowerBound...(hole.lowerBound - 1)) }
                if range.upperBound > hole.upperBound { parts.append((hole.upperBound + 1)...range.upperBound) }
                return parts
            }
        }
        return PortRanges(rest)
    }

    public func intersection(_ other: PortRanges) -> PortRanges {
        PortRanges(
            ranges.flatMap { one in other.ranges.filter { one.overlaps($0) }.map { one.clamped(to: $0) } })
    }

    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
