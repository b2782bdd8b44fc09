/// Hashes that are the same in every process and on every machine.
enum StableHash {
    private static let k0: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let k1: UInt64 = 0xBF58_476D_1CE4_E5B9

    @inline(__always)
    static func mix(_ x: UInt64) -> UInt64 {
        var h = x
        h = (h ^ (h >> 30)) &* k1
        h = (h ^ (h >> 27)) &* 0x94D0_49BB_1331_11EB
        return h ^ (h >> 31)
    }

    @inline(__always)
    static func combine(_ a: UInt64, _ b: UInt64) -> UInt64 { mix((a &+ k0) &* k1 ^ b) }

    @inline(__always)
    static func ids(_ a: UInt32, _ b: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: mix(UInt64(a) << 32 | UInt64(b)) >> 32)
    }

    @inline(__always)
    static func ids(_ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: combine(UInt64(a) << 32 | UInt64(b), UInt64(c)) >> 32)
    }

    /// Eight bytes at a time, little-endian.
    static func bytes(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var h = k0 ^ UInt64(bytes.count)
        var at = 0
        while at + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            h = (h ^ word) &* k1
            h ^= h >> 29
            at += 8
        }
        return mix((h ^ tail(bytes, bytes.count - at)) &* k0)
    }

    /// The last bytes, up to seven, as a number in big-endian order.
    @inline(__always)
    private static func tail(_ bytes: UnsafeRawBufferPointer, _ length: Int) -> UInt64 {
        if length == 0 { return 0 }
        if bytes.count >= 8 {
            let last = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            return UInt64(bigEndian: last) & (1 << (8 * UInt64(length)) - 1)
        }
        var rest: UInt64 = 0
        for byte in bytes.suffix(length) { rest = rest << 8 | UInt64(byte) }
        return rest
    }

    static func text(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }
}
