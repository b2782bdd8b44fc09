import Glibc

/// Plain records with ids. An id is given again after its record is removed; 0 is never an id.
///
/// A copy of the handle is the same slab. The free list runs through the first four bytes of dead records, the rest of
/// them is zero: a record type tells by another field than its first whether it is alive.
struct Slab<Record: BitwiseCopyable> {
    private struct Header {
        var block: Block
        var base: UnsafeMutablePointer<Record>
        /// One more than the highest id ever given.
        var end: UInt32
        var capacity: UInt32
        var free: UInt32
        var live: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        assert(MemoryLayout<Record>.stride >= 4)
        header = .allocate(capacity: 1)
        let block = Block(zeroed: 4 * MemoryLayout<Record>.stride)
        header.initialize(
            to: Header(
                block: block, base: block.base.assumingMemoryBound(to: Record.self), end: 1, capacity: 4, free: 0,
                live: 0))
    }

    func destroy() {
        header.pointee.block.free()
        header.deallocate()
    }

    @inline(__always) var live: Int { header.pointee.live }
    /// Memory in use.
    var size: Int { Int(header.pointee.end) * MemoryLayout<Record>.stride }
    @inline(__always) var end: UInt32 { header.pointee.end }

    @inline(__always)
    subscript(id: UInt32) -> Record {
        get {
            assert(id != 0 && id < header.pointee.end)
            return header.pointee.base[Int(id)]
        }
        nonmutating _modify {
            assert(id != 0 && id < header.pointee.end)
            yield &header.pointee.base[Int(id)]
        }
    }

    func add(_ record: Record) -> UInt32 {
        header.pointee.live += 1
        let id = header.pointee.free
        if id != 0 {
            header.pointee.free = UnsafeRawPointer(header.pointee.base + Int(id)).load(as: UInt32.self)
            header.pointee.base[Int(id)] = record
            return id
        }
        if header.pointee.end == header.pointee.capacity { grow() }
        let fresh = header.pointee.end
        header.pointee.base[Int(fresh)] = record
        header.pointee.end = fresh + 1
        return fresh
    }

    func remove(_ id: UInt32) {
        assert(id != 0 && id < header.pointee.end)
        let record = UnsafeMutableRawPointer(header.pointee.base + Int(id))
        memset(record, 0, MemoryLayout<Record>.stride)
        record.storeBytes(of: header.pointee.free, as: UInt32.self)
        header.pointee.free = id
        header.pointee.live -= 1
    }

    private func grow() {
        header.pointee.block.grow(to: (Int(header.pointee.capacity) + 1) * MemoryLayout<Record>.stride)
        header.pointee.base = header.pointee.block.base.assumingMemoryBound(to: Record.self)
        header.pointee.capacity = UInt32(
            clamping: header.pointee.block.size / MemoryLayout<Record>.stride)
    }
}
