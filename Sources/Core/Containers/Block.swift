import Glibc

/// The memory of one container: from the heap while small, in pages of its own when large.
///
/// A large block takes many more addresses than it needs, and pages only as it grows: it grows in place, and what it
/// gives back leaves no hole in the heap. Not freed by itself: whoever holds the block calls `free`.
struct Block {
    private(set) var base: UnsafeMutableRawPointer
    /// Bytes that can be used.
    private(set) var size: Int
    /// Bytes of addresses; 0 for a block in the heap.
    private var reserved: Int

    /// From here on a block has pages of its own.
    private static let large = 128 << 10
    /// What a large block grows by: asking for some pages at once is cheaper than a fault for each. (A kernel older
    /// than 5.14 does not take the request, and gives them as they are written.)
    private static let step = 32 << 10
    /// A huge page: as dear as a small one to ask for, and one entry in the processor's tables.
    private static let huge = 2 << 20

    private init(_ base: UnsafeMutableRawPointer, size: Int, reserved: Int) {
        self.base = base
        self.size = size
        self.reserved = reserved
    }

    /// That many bytes or somewhat more, all zero.
    init(zeroed bytes: Int) {
        if bytes < Self.large {
            guard let memory = calloc(1, bytes) else { Self.fail(bytes) }
            self.init(memory, size: bytes, reserved: 0)
        } else if bytes < Self.huge {
            self.init(Self.map(bytes), size: bytes, reserved: bytes)
        } else {
            let size = (bytes + Self.huge - 1) / Self.huge * Self.huge
            let start = Self.map(size + Self.huge)
            let skipped = Self.huge - Int(bitPattern: start) % Self.huge
            munmap(start, skipped)
            if skipped < Self.huge { munmap(start + skipped + size, Self.huge - skipped) }
            // A kernel that has none to give, gives small ones.
            madvise(start + skipped, size, MADV_HUGEPAGE)
            self.init(start + skipped, size: size, reserved: size)
        }
        if reserved > 0 { madvise(base, size, MADV_POPULATE_WRITE) }
    }

    func free() {
        if reserved == 0 { Glibc.free(base) } else { munmap(base, reserved) }
    }

    /// Makes room for at least that many bytes and keeps the contents; the rest may be anything.
    mutating func grow(to bytes: Int) {
        guard bytes > size else { return }
        if bytes <= reserved { return extend(to: bytes) }
        let wanted = max(bytes, size + size / 2)
        if wanted < Self.large {
            guard let memory = realloc(base, wanted) else { Self.fail(wanted) }
            base = memory
            size = wanted
            return
        }
        let old = self
        reserved = bytes * 8 / Self.step * Self.step
        base = Self.map(reserved)
        memcpy(base, old.base, old.size)
        size = old.size / 4096 * 4096
        extend(to: bytes)
        old.free()
    }

    private mutating func extend(to bytes: Int) {
        let end = min(reserved, (bytes / Self.step + 1) * Self.step)
        madvise(base + size, end - size, MADV_POPULATE_WRITE)
        size = end
    }

    private static func map(_ bytes: Int) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else { fail(bytes) }
        return memory
    }

    private static func fail(_ bytes: Int) -> Never { fatalError("out of memory for a block of \(bytes) bytes") }
}
