/// The hash of FIPS 180-4. Here for two purposes, names of rows and the MAC that OVN-Kubernetes derives from an IPv6
/// address: the model links no library.
package enum SHA256 {
    /// The fractional parts of the cube roots of the first 64 primes.
    private static let rounds: [UInt32] = constants(64) { root(3, of: $0) }
    /// The fractional parts of the square roots of the first eight primes.
    private static let start: [UInt32] = constants(8) { root(2, of: $0) }

    package static func hash(_ message: some Collection<UInt8>) -> [UInt8] {
        var state = start
        let bytes = padded(message)
        for block in stride(from: 0, to: bytes.count, by: 64) { mix(bytes[block..<block + 64], into: &state) }
        return state.flatMap(bigEndian)
    }

    private static func padded(_ message: some Collection<UInt8>) -> [UInt8] {
        var bytes = Array(message) + [0x80]
        while bytes.count % 64 != 56 { bytes.append(0) }
        let bits = UInt64(message.count) * 8
        return bytes + bigEndian(UInt32(bits >> 32)) + bigEndian(UInt32(truncatingIfNeeded: bits))
    }

    private static func mix(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        var w = stride(from: block.startIndex, to: block.endIndex, by: 4).map { at in
            block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for i in 16..<64 {
            let a = w[i - 15]
            let b = w[i - 2]
            let s0 = turn(a, 7) ^ turn(a, 18) ^ (a >> 3)
            let s1 = turn(b, 17) ^ turn(b, 19) ^ (b >> 10)
            w.append(w[i - 16] &+ s0 &+ w[i - 7] &+ s1)
        }
        var v = state
        for i in 0..<64 {
            let s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let t1 = v[7] &+ s1 &+ choice &+ rounds[i] &+ w[i]
            let s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            v = [t1 &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
        }
        for i in 0..<8 { state[i] = state[i] &+ v[i] }
    }

    private static func turn(_ x: UInt32, _ by: UInt32) -> UInt32 { x >> by | x << (32 - by) }

    private static func bigEndian(_ x: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: x >> UInt32($0)) }
    }

    private static func constants(_ count: Int, _ value: (UInt32) -> UInt32) -> [UInt32] {
        (2...311).filter { n in !(2..<n).contains { n % $0 == 0 } }.prefix(count).map { value(UInt32($0)) }
    }

    /// The first 32 bits after the point of the square or cube root, found bit by bit in whole numbers.
    private static func root(_ degree: Int, of n: UInt32) -> UInt32 {
        let target = UInt128(n) << UInt128(32 * degree)
        var root: UInt128 = 0
        for bit in stride(from: 36, through: 0, by: -1) {
            let candidate = root | 1 << UInt128(bit)
            let power = degree == 2 ? candidate * candidate : candidate * candidate * candidate
            if power <= target { root = candidate }
        }
        return UInt32(truncatingIfNeeded: root)
    }
}
