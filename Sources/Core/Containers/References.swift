/// Class references by id, beside a slab's plain records.
struct References<Object: AnyObject> {
    private struct Header {
        var base: UnsafeMutablePointer<Object?>
        var capacity: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        header = .allocate(capacity: 1)
        header.initialize(to: Header(base: .allocate(capacity: 8), capacity: 8))
        header.pointee.base.initialize(repeating: nil, count: 8)
    }

    func destroy() {
        header.pointee.base.deinitialize(count: header.pointee.capacity)
        header.pointee.base.deallocate()
        header.deallocate()
    }

    @inline(__always)
    subscript(id: UInt32) -> Object? {
        get { Int(id) < header.pointee.capacity ? header.pointee.base[Int(id)] : nil }
        nonmutating set {
            if Int(id) >= header.pointee.capacity { grow(Int(id) + 1) }
            header.pointee.base[Int(id)] = newValue
        }
    }

    private func grow(_ wanted: Int) {
        let capacity = max(wanted, header.pointee.capacity + header.pointee.capacity / 2)
        let base = UnsafeMutablePointer<Object?>.allocate(capacity: capacity)
        base.moveInitialize(from: header.pointee.base, count: header.pointee.capacity)
        (base + header.pointee.capacity).initialize(repeating: nil, count: capacity - header.pointee.capacity)
        header.pointee.base.deallocate()
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
