import Glibc

/// Memory for byte strings in blocks of 8 bytes and more, with a free list per size.
struct Arena {
    private let words = Stack<UInt64>()
    /// First free block per size class; 0 is none.
    private let free: UnsafeMutablePointer<UInt32> = .allocate(capacity: 64)

    init() {
        free.initialize(repeating: 0, count: 64)
        words.append(0)
    }

    func destroy() {
        words.destroy()
        free.deallocate()
    }

    /// Memory in use.
    var size: Int { words.count * 8 }

    @inline(__always)
    func address(_ offset: UInt32) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(words.elements.baseAddress.unsafelyUnwrapped + Int(offset))
    }

    func store(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let (rank, size) = Self.size(bytes.count)
        var block = free[rank]
        if block != 0 {
            free[rank] = address(block).load(as: UInt32.self)
        } else {
            block = UInt32(words.count)
            words.reserve(words.count + size)
            for _ in 0..<size { words.append(0) }
        }
        if let base = bytes.baseAddress { memcpy(address(block), base, bytes.count) }
        return block
    }

    func give(back block: UInt32, _ length: Int) {
        let (rank, _) = Self.size(length)
        address(block).storeBytes(of: free[rank], as: UInt32.self)
        free[rank] = block
    }

    /// Up to 256 bytes in steps of 8, then powers of two.
    @inline(__always)
    private static func size(_ length: Int) -> (rank: Int, words: Int) {
        let words = max(1, (length + 7) / 8)
        if words <= 32 { return (words - 1, words) }
        let power = 64 - (words - 1).leadingZeroBitCount
        return (26 + power, 1 << power)
    }
}

extension UnsafeRawBufferPointer {
    /// Orders by bytes.
    @inline(__always)
    func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        let common = Swift.min(count, other.count)
        if common > 0, let p = baseAddress, let q = other.baseAddress {
            let order = memcmp(p, q, common)
            if order != 0 { return order < 0 }
        }
        return count < other.count
    }

    @inline(__always)
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let p = baseAddress, let q = other.baseAddress else { return true }
        return memcmp(p, q, count) == 0
    }
}
