/// Class references by id, beside a slab's plain records.
struct References<Object: AnyObject> {
    private struct Header {
        var block: Block
        var base: UnsafeMutablePointer<Object?>
        var capacity: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        header = .allocate(capacity: 1)
        header.initialize(to: Self.empty())
    }

    func destroy() {
        dropAll()
        header.deallocate()
    }

    @inline(__always)
    subscript(id: UInt32) -> Object? {
        get { Int(id) < header.pointee.capacity ? header.pointee.base[Int(id)] : nil }
        nonmutating set {
            if Int(id) >= header.pointee.capacity {
                if newValue == nil { return }
                grow(Int(id) + 1)
            }
            header.pointee.base[Int(id)] = newValue
        }
    }

    /// Drops all references, and the memory if it is much.
    func removeAll() {
        if header.pointee.capacity <= 1000 {
            for at in 0..<header.pointee.capacity { header.pointee.base[at] = nil }
        } else {
            dropAll()
            header.initialize(to: Self.empty())
        }
    }

    private static func empty() -> Header {
        let block = Block(zeroed: 8 * MemoryLayout<Object?>.stride)
        let base = block.base.bindMemory(to: Object?.self, capacity: 8)
        base.initialize(repeating: nil, count: 8)
        return Header(block: block, base: base, capacity: 8)
    }

    private func dropAll() {
        header.pointee.base.deinitialize(count: header.pointee.capacity)
        header.pointee.block.free()
    }

    /// References may be moved as bytes.
    private func grow(_ wanted: Int) {
        header.pointee.block.grow(to: wanted * MemoryLayout<Object?>.stride)
        let capacity = header.pointee.block.size / MemoryLayout<Object?>.stride
        let base = header.pointee.block.base.bindMemory(to: Object?.self, capacity: capacity)
        (base + header.pointee.capacity).initialize(repeating: nil, count: capacity - header.pointee.capacity)
        header.pointee.base = base
        header.pointee.capacity = capacity
    }
}

/// Integer lists by id, beside a slab's plain records.
struct Lists {
    private let lists = Stack<Vec>()

    func destroy() { lists.destroy() }

    /// Memory in use.
    var size: Int { lists.count * MemoryLayout<Vec>.stride }

    @inline(__always)
    subscript(id: UInt32) -> Vec {
        get { Int(id) < lists.count ? lists[Int(id)] : Vec() }
        nonmutating set {
            while lists.count <= Int(id) { lists.append(Vec()) }
            lists[Int(id)] = newValue
        }
    }
}
