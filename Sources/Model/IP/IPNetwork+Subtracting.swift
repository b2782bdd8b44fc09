extension IPNetwork {
    /// The two halves; nil for a single address.
    private var halves: (IPNetwork, IPNetwork)? {
        guard length < family.bits, let lower = IPNetwork(base, length: length + 1) else { return nil }
        let upper = IPAddress(
            family: family, number: base.number | 1 << UInt128(family.bits - length - 1))
        return IPNetwork(upper, length: length + 1).map { (lower, $0) }
    }

    /// What is left of the network without these, as the fewest networks, sorted.
    ///
    /// At most as many as the sum of the differences in length. A match says so with positive terms only: OVN would
    /// turn `!= {a, b, c}` into the product of all bits.
    public func subtracting(_ holes: some Sequence<IPNetwork>) -> [IPNetwork] {
        let holes = holes.filter(overlaps)
        if holes.isEmpty { return [network] }
        if holes.contains(where: { $0.length <= length }) { return [] }
        guard let (lower, upper) = halves else { return [] }
        return lower.subtracting(holes) + upper.subtracting(holes)
    }
}
