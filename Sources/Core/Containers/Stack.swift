import Glibc

/// A growable list of plain records behind one pointer.
///
/// A copy of the handle is the same list, so it can sit in a `let` of the engine and be changed without the runtime's
/// exclusivity checks. `destroy` gives the memory back; nothing may be used after it.
struct Stack<Element: BitwiseCopyable> {
    private struct Header {
        var block: Block
        var base: UnsafeMutablePointer<Element>
        var count: Int
        var capacity: Int
    }

    private let header: UnsafeMutablePointer<Header>

    init() {
        header = .allocate(capacity: 1)
        let block = Block(zeroed: 8 * MemoryLayout<Element>.stride)
        header.initialize(
            to: Header(
                block: block, base: block.base.assumingMemoryBound(to: Element.self), count: 0, capacity: 8))
    }

    func destroy() {
        header.pointee.block.free()
        header.deallocate()
    }

    @inline(__always) var count: Int { header.pointee.count }
    @inline(__always) var isEmpty: Bool { header.pointee.count == 0 }

    /// Valid until the list grows.
    @inline(__always) var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: header.pointee.base, count: header.pointee.count)
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return header.pointee.base[index]
        }
        nonmutating set {
            assert(index >= 0 && index < count)
            header.pointee.base[index] = newValue
        }
    }

    @inline(__always)
    func append(_ element: Element) {
        if header.pointee.count == header.pointee.capacity { reserve(count + 1) }
        header.pointee.base[header.pointee.count] = element
        header.pointee.count += 1
    }

    @inline(__always)
    func popLast() -> Element? {
        guard header.pointee.count > 0 else { return nil }
        header.pointee.count -= 1
        return header.pointee.base[header.pointee.count]
    }

    /// Forgets the elements; keeps the memory unless it is more than a mebibyte.
    func removeAll() {
        header.pointee.count = 0
        guard header.pointee.block.size > 1 << 20 else { return }
        header.pointee.block.free()
        use(Block(zeroed: 8 * MemoryLayout<Element>.stride))
    }

    func truncate(to count: Int) {
        assert(count <= self.count)
        header.pointee.count = count
    }

    func reserve(_ wanted: Int) {
        guard wanted > header.pointee.capacity else { return }
        var block = header.pointee.block
        block.grow(to: wanted * MemoryLayout<Element>.stride)
        use(block)
    }

    private func use(_ block: Block) {
        header.pointee.block = block
        header.pointee.base = block.base.assumingMemoryBound(to: Element.self)
        header.pointee.capacity = block.size / MemoryLayout<Element>.stride
    }
}

extension Stack where Element == UInt8 {
    /// Appends the text's UTF-8 bytes.
    func append(text: String) {
        var text = text
        text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
    }

    func append(bytes: UnsafeRawBufferPointer) {
        let start = count
        grow(by: bytes.count)
        UnsafeMutableRawBufferPointer(elements)[start...].copyBytes(from: bytes)
    }

    func append(word: UInt32) {
        withUnsafeBytes(of: word) { append(bytes: $0) }
    }

    func append(long: UInt64) {
        withUnsafeBytes(of: long) { append(bytes: $0) }
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(elements) }

    private func grow(by more: Int) {
        reserve(count + more)
        setCount(count + more)
    }
}

extension Stack {
    /// Only for elements that are written right after.
    fileprivate func setCount(_ count: Int) { header.pointee.count = count }
}

extension Stack where Element == UInt32 {
    /// Sorts and drops what is there twice.
    func sortUnique() {
        guard count > 1 else { return }
        var list = elements
        if list.count <= 24 {
            for i in 1..<list.count {
                let x = list[i]
                var j = i
                while j > 0 && list[j - 1] > x {
                    list[j] = list[j - 1]
                    j -= 1
                }
                list[j] = x
            }
        } else {
            list.sort()
        }
        var kept = 1
        for i in 1..<list.count where list[i] != list[kept - 1] {
            list[kept] = list[i]
            kept += 1
        }
        truncate(to: kept)
    }
}
