import Glibc

/// A small list of integers: nothing, one value in place, or a block of a `VecPool`.
struct Vec: BitwiseCopyable {
    fileprivate var offset: UInt32 = 0
    fileprivate(set) var count: UInt32 = 0

    var isEmpty: Bool { count == 0 }

    fileprivate init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }

    init() {}
}

/// The memory of many small lists: blocks of powers of two with a free list per size.
///
/// A list's capacity follows from its count, so a list is 8 bytes. The elements' addresses are valid until any list of
/// the pool grows.
struct VecPool {
    private struct Header {
        var block: Block
        var base: UnsafeMutablePointer<UInt32>
        var used: Int
        var inUse: Int
    }

    private let header: UnsafeMutablePointer<Header>
    /// First free block per power of two; 0 is none, since block 0 is never given.
    private let free: UnsafeMutablePointer<UInt32>

    init() {
        header = .allocate(capacity: 1)
        let block = Block(zeroed: 256)
        header.initialize(
            to: Header(block: block, base: block.base.assumingMemoryBound(to: UInt32.self), used: 2, inUse: 0))
        free = .allocate(capacity: 32)
        free.initialize(repeating: 0, count: 32)
    }

    func destroy() {
        header.pointee.block.free()
        header.deallocate()
        free.deallocate()
    }

    /// Integers in blocks that lists hold now.
    var inUse: Int { header.pointee.inUse }

    /// Memory in use.
    var size: Int { header.pointee.used * 4 }

    @inline(__always)
    subscript(_ vec: Vec, _ index: UInt32) -> UInt32 {
        assert(index < vec.count)
        return vec.count == 1 ? vec.offset : header.pointee.base[Int(vec.offset + index)]
    }

    @inline(__always)
    func read<T>(_ vec: Vec, _ body: (UnsafeBufferPointer<UInt32>) -> T) -> T {
        if vec.count == 1 {
            return withUnsafePointer(to: vec.offset) { body(UnsafeBufferPointer(start: $0, count: 1)) }
        }
        return body(UnsafeBufferPointer(start: header.pointee.base + Int(vec.offset), count: Int(vec.count)))
    }

    /// Overwrites one element.
    func set(_ vec: inout Vec, _ index: UInt32, _ value: UInt32) {
        assert(index < vec.count)
        if vec.count == 1 { vec.offset = value } else { header.pointee.base[Int(vec.offset + index)] = value }
    }

    func append(_ vec: inout Vec, _ value: UInt32) { insert(&vec, at: vec.count, value) }

    func insert(_ vec: inout Vec, at index: UInt32, _ value: UInt32) {
        assert(index <= vec.count)
        let count = vec.count
        if count == 0 {
            vec = Vec(offset: value, count: 1)
            return
        }
        if count == 1 {
            let other = vec.offset
            let block = allocate(2)
            header.pointee.base[Int(block)] = index == 0 ? value : other
            header.pointee.base[Int(block) + 1] = index == 0 ? other : value
            vec = Vec(offset: block, count: 2)
            return
        }
        if count == Self.capacity(count) { move(&vec, to: count * 2) }
        let base = header.pointee.base + Int(vec.offset)
        memmove(base + Int(index) + 1, base + Int(index), Int(count - index) * 4)
        base[Int(index)] = value
        vec.count = count + 1
    }

    func remove(_ vec: inout Vec, at index: UInt32) {
        assert(index < vec.count)
        let count = vec.count - 1
        if count == 0 {
            vec = Vec()
            return
        }
        let base = header.pointee.base + Int(vec.offset)
        if count == 1 {
            let other = base[index == 0 ? 1 : 0]
            release(vec.offset, 2)
            vec = Vec(offset: other, count: 1)
            return
        }
        memmove(base + Int(index), base + Int(index) + 1, Int(count - index) * 4)
        vec.count = count
        let half = Self.capacity(count)
        if half == count { shrink(&vec, to: half) }
    }

    /// Where the value is or would be in a sorted list.
    @inline(__always)
    func search(_ vec: Vec, _ value: UInt32) -> (index: UInt32, found: Bool) {
        if vec.count == 0 { return (0, false) }
        if vec.count == 1 { return (vec.offset < value ? 1 : 0, vec.offset == value) }
        let base = header.pointee.base + Int(vec.offset)
        var low = 0
        var high = Int(vec.count)
        while low < high {
            let middle = (low + high) >> 1
            if base[middle] < value { low = middle + 1 } else { high = middle }
        }
        return (UInt32(low), low < Int(vec.count) && base[low] == value)
    }

    @inline(__always)
    func contains(_ vec: Vec, _ value: UInt32) -> Bool { search(vec, value).found }

    /// Inserts into a sorted list; false when it was there.
    @discardableResult
    func insertSorted(_ vec: inout Vec, _ value: UInt32) -> Bool {
        let (index, found) = search(vec, value)
        if found { return false }
        insert(&vec, at: index, value)
        return true
    }

    /// Removes from a sorted list; false when it was not there.
    @discardableResult
    func removeSorted(_ vec: inout Vec, _ value: UInt32) -> Bool {
        let (index, found) = search(vec, value)
        if found { remove(&vec, at: index) }
        return found
    }

    func replace(_ vec: inout Vec, with values: UnsafeMutableBufferPointer<UInt32>) {
        let count = UInt32(values.count)
        if vec.count < 2 || count < 2 || Self.capacity(count) != Self.capacity(vec.count) {
            clear(&vec)
            switch count {
            case 0: return
            case 1: vec = Vec(offset: values[0], count: 1)
            default: vec = Vec(offset: allocate(Self.capacity(count)), count: count)
            }
            if count == 1 { return }
        }
        vec.count = count
        let base = header.pointee.base + Int(vec.offset)
        for i in 0..<values.count { base[i] = values[i] }
    }

    func clear(_ vec: inout Vec) {
        if vec.count > 1 { release(vec.offset, Self.capacity(vec.count)) }
        vec = Vec()
    }

    // MARK: blocks

    @inline(__always)
    private static func capacity(_ count: UInt32) -> UInt32 { 1 << (32 - (count - 1).leadingZeroBitCount) }

    private func allocate(_ size: UInt32) -> UInt32 {
        header.pointee.inUse += Int(size)
        let rank = size.trailingZeroBitCount
        let block = free[rank]
        if block != 0 {
            free[rank] = header.pointee.base[Int(block)]
            return block
        }
        let start = header.pointee.used
        header.pointee.used += Int(size)
        if header.pointee.used * 4 > header.pointee.block.size {
            header.pointee.block.grow(to: header.pointee.used * 4)
            header.pointee.base = header.pointee.block.base.assumingMemoryBound(to: UInt32.self)
        }
        return UInt32(start)
    }

    private func release(_ block: UInt32, _ size: UInt32) {
        header.pointee.inUse -= Int(size)
        let rank = size.trailingZeroBitCount
        header.pointee.base[Int(block)] = free[rank]
        free[rank] = block
    }

    private func move(_ vec: inout Vec, to size: UInt32) {
        let block = allocate(size)
        let base = header.pointee.base
        memcpy(base + Int(block), base + Int(vec.offset), Int(vec.count) * 4)
        release(vec.offset, Self.capacity(vec.count))
        vec.offset = block
    }

    /// The list has just come down to `size` elements, a power of two, in a block of twice that.
    private func shrink(_ vec: inout Vec, to size: UInt32) {
        let block = allocate(size)
        let base = header.pointee.base
        memcpy(base + Int(block), base + Int(vec.offset), Int(size) * 4)
        release(vec.offset, size * 2)
        vec.offset = block
    }
}
