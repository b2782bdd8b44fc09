import Glibc

/// Finds objects by the address of a type or another object: a dictionary without a seeded hash.
///
/// Holds neither keys nor objects: both must live as long as the table.
struct PointerTable<Object: AnyObject> {
    private struct Entry {
        var key: UInt
        var object: Unmanaged<Object>?
    }

    private struct Header {
        var base: UnsafeMutablePointer<Entry>
        var mask: Int
        var count: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        header = .allocate(capacity: 1)
        header.initialize(to: Header(base: Self.make(64), mask: 63, count: 0))
    }

    func destroy() {
        header.pointee.base.deallocate()
        header.deallocate()
    }

    subscript(_ key: ObjectIdentifier) -> Object? {
        @inline(__always) get {
            let key = UInt(bitPattern: key)
            let base = header.pointee.base
            var at = Self.home(key) & header.pointee.mask
            while base[at].key != 0 {
                if base[at].key == key { return base[at].object?.takeUnretainedValue() }
                at = (at + 1) & header.pointee.mask
            }
            return nil
        }
    }

    func insert(_ key: ObjectIdentifier, _ object: Object) {
        if (header.pointee.count + 1) * 2 > header.pointee.mask { grow() }
        place(Entry(key: UInt(bitPattern: key), object: .passUnretained(object)))
        header.pointee.count += 1
    }

    @inline(__always)
    private static func home(_ key: UInt) -> Int {
        Int(truncatingIfNeeded: StableHash.mix(UInt64(key)))
    }

    private func place(_ entry: Entry) {
        var at = Self.home(entry.key) & header.pointee.mask
        while header.pointee.base[at].key != 0 { at = (at + 1) & header.pointee.mask }
        header.pointee.base[at] = entry
    }

    private func grow() {
        let old = header.pointee.base
        let size = header.pointee.mask + 1
        header.pointee.base = Self.make(size * 2)
        header.pointee.mask = size * 2 - 1
        for at in 0..<size where old[at].key != 0 { place(old[at]) }
        old.deallocate()
    }

    private static func make(_ size: Int) -> UnsafeMutablePointer<Entry> {
        let base = UnsafeMutablePointer<Entry>.allocate(capacity: size)
        base.initialize(repeating: Entry(key: 0, object: nil), count: size)
        return base
    }
}
