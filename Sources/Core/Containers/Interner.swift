import Glibc

/// Byte strings with dense ids and counts. Equal bytes have one id; an id is free again when it is `forget`-ed.
///
/// The caller counts (`retain`, `release`); what falls to zero waits in `unused` until the end of the turn, since ids
/// may not be given again within one.
struct Interner {
    private struct Entry: BitwiseCopyable {
        var offset: UInt32
        var length: UInt32
        var hash: UInt32
        /// Bit 31: listed in `unused`.
        var count: UInt32
    }

    private let entries = Slab<Entry>()
    private let table = IDTable()
    private let arena = Arena()
    let unused = Stack<UInt32>()

    func destroy() {
        entries.destroy()
        table.destroy()
        arena.destroy()
        unused.destroy()
    }

    var live: Int { entries.live }
    /// Memory in use.
    var size: Int { entries.size + table.size + arena.size }

    /// The id of these bytes, or 0.
    func find(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        find(bytes, UInt32(truncatingIfNeeded: StableHash.bytes(bytes)))
    }

    /// The id of these bytes, made if needed; it then has no uses.
    func intern(_ bytes: UnsafeRawBufferPointer) -> (id: UInt32, isNew: Bool) {
        let hash = UInt32(truncatingIfNeeded: StableHash.bytes(bytes))
        let found = find(bytes, hash)
        if found != 0 { return (found, false) }
        let offset = arena.store(bytes)
        let id = entries.add(
            Entry(offset: offset, length: UInt32(bytes.count), hash: hash, count: Self.listed))
        table.insert(hash, id)
        unused.append(id)
        return (id, true)
    }

    func intern(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)).id }
    }

    func find(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private func find(_ bytes: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
        table.find(hash) { id in
            let entry = entries[id]
            guard Int(entry.length) == bytes.count else { return false }
            guard let base = bytes.baseAddress else { return true }
            return memcmp(arena.address(entry.offset), base, bytes.count) == 0
        }
    }

    @inline(__always)
    func retain(_ id: UInt32) { entries[id].count += 1 }

    @inline(__always)
    func release(_ id: UInt32) {
        assert(uses(id) > 0, "released more often than retained")
        entries[id].count -= 1
        if entries[id].count == 0 {
            entries[id].count = Self.listed
            unused.append(id)
        }
    }

    func uses(_ id: UInt32) -> UInt32 { entries[id].count & ~Self.listed }

    /// Valid until the next `intern`.
    @inline(__always)
    func bytes(_ id: UInt32) -> UnsafeRawBufferPointer {
        let entry = entries[id]
        return UnsafeRawBufferPointer(start: arena.address(entry.offset), count: Int(entry.length))
    }

    /// The bytes as integers; they were interned from such.
    @inline(__always)
    func words(_ id: UInt32) -> UnsafeBufferPointer<UInt32> {
        let bytes = bytes(id)
        return UnsafeBufferPointer(
            start: bytes.baseAddress?.assumingMemoryBound(to: UInt32.self), count: bytes.count / 4)
    }

    func text(_ id: UInt32) -> String { String(decoding: bytes(id), as: UTF8.self) }

    /// Calls `free` for each id that is still without uses, then forgets it. `free` may release others.
    func collect(_ free: (UInt32) -> Void) {
        while let id = unused.popLast() {
            entries[id].count &= ~Self.listed
            if entries[id].count != 0 { continue }
            free(id)
            let entry = entries[id]
            table.remove(entry.hash, id)
            arena.give(back: entry.offset, Int(entry.length))
            entries.remove(id)
        }
    }

    private static let listed: UInt32 = 1 << 31
}

extension Interner {
    /// Orders by bytes.
    @inline(__always)
    func precedes(_ a: UInt32, _ b: UInt32) -> Bool { bytes(a).precedes(bytes(b)) }
}
