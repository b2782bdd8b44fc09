import Glibc

/// Finds ids by a hash; the caller compares the records behind the ids. 8 bytes an entry, at most 80 % full.
///
/// Linear probing from the hash's share of the table, so it grows by any factor; deletion moves entries back. Never
/// walked for a decision, so its order decides nothing.
struct IDTable {
    private struct Entry: BitwiseCopyable {
        var hash: UInt32
        var id: UInt32
    }

    private struct Header {
        var block: Block
        var base: UnsafeMutablePointer<Entry>
        var size: Int
        var count: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        header = .allocate(capacity: 1)
        let block = Self.make(8)
        header.initialize(
            to: Header(block: block, base: block.base.assumingMemoryBound(to: Entry.self), size: 8, count: 0))
    }

    func destroy() {
        header.pointee.block.free()
        header.deallocate()
    }

    var count: Int { header.pointee.count }
    /// Memory in use.
    var size: Int { header.pointee.size * MemoryLayout<Entry>.stride }

    @inline(__always)
    private func home(_ hash: UInt32) -> Int { Int((UInt64(hash) &* UInt64(header.pointee.size)) >> 32) }

    /// The id with this hash that matches, or 0.
    @inline(__always)
    func find(_ hash: UInt32, _ matches: (UInt32) -> Bool) -> UInt32 {
        let base = header.pointee.base
        let size = header.pointee.size
        var at = home(hash)
        while base[at].id != 0 {
            if base[at].hash == hash && matches(base[at].id) { return base[at].id }
            at += 1
            if at == size { at = 0 }
        }
        return 0
    }

    func insert(_ hash: UInt32, _ id: UInt32) {
        if (header.pointee.count + 1) * 5 > header.pointee.size * 4 { resize(header.pointee.size * 2) }
        place(Entry(hash: hash, id: id))
        header.pointee.count += 1
    }

    func remove(_ hash: UInt32, _ id: UInt32) {
        let base = header.pointee.base
        let size = header.pointee.size
        var hole = home(hash)
        while base[hole].id != id {
            assert(base[hole].id != 0, "removed an id that is not in the table")
            hole = hole + 1 == size ? 0 : hole + 1
        }
        var at = hole
        while true {
            at = at + 1 == size ? 0 : at + 1
            if base[at].id == 0 { break }
            let from = home(base[at].hash)
            let distance = at >= from ? at - from : at + size - from
            let gap = at >= hole ? at - hole : at + size - hole
            if distance >= gap {
                base[hole] = base[at]
                hole = at
            }
        }
        base[hole] = Entry(hash: 0, id: 0)
        header.pointee.count -= 1
        if size > 64 && header.pointee.count * 8 < size { resize(size / 3) }
    }

    private func place(_ entry: Entry) {
        let base = header.pointee.base
        var at = home(entry.hash)
        while base[at].id != 0 { at = at + 1 == header.pointee.size ? 0 : at + 1 }
        base[at] = entry
    }

    private func resize(_ size: Int) {
        let old = header.pointee
        header.pointee.block = Self.make(size)
        header.pointee.base = header.pointee.block.base.assumingMemoryBound(to: Entry.self)
        header.pointee.size = header.pointee.block.size / MemoryLayout<Entry>.stride
        for at in 0..<old.size where old.base[at].id != 0 { place(old.base[at]) }
        old.block.free()
    }

    private static func make(_ size: Int) -> Block { Block(zeroed: size * MemoryLayout<Entry>.stride) }
}
