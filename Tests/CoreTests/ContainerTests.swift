import Testing

@testable import Core

/// The containers with unsafe insides, against arrays and dictionaries, over random operations.
@Suite("Containers")
struct ContainerTests {
    @Test("a pool's lists hold what arrays hold", arguments: [1, 2, 3] as [UInt64])
    func lists(seed: UInt64) {
        var random = Seeded(seed)
        let pool = VecPool()
        defer { pool.destroy() }
        var vecs = [Vec](repeating: Vec(), count: 20)
        var arrays = [[UInt32]](repeating: [], count: 20)
        for _ in 0..<5000 {
            let at = random.below(20)
            let value = UInt32(random.below(40))
            switch random.below(6) {
            case 0, 1:
                let isNew = !arrays[at].contains(value)
                #expect(pool.insertSorted(&vecs[at], value) == isNew)
                if isNew { arrays[at] = (arrays[at] + [value]).sorted() }
            case 2:
                #expect(pool.removeSorted(&vecs[at], value) == arrays[at].contains(value))
                arrays[at].removeAll { $0 == value }
            case 3 where !arrays[at].isEmpty:
                let index = random.below(arrays[at].count)
                arrays[at].remove(at: index)
                pool.remove(&vecs[at], at: UInt32(index))
            case 4:
                arrays[at] = (0..<random.below(20)).map { UInt32($0 * 3) }
                arrays[at].withUnsafeMutableBufferPointer { pool.replace(&vecs[at], with: $0) }
            case 5 where random.chance(10):
                arrays[at] = []
                pool.clear(&vecs[at])
            default: break
            }
            #expect(pool.read(vecs[at]) { Array($0) } == arrays[at])
            #expect(pool.contains(vecs[at], value) == arrays[at].contains(value))
        }
        for at in vecs.indices { pool.clear(&vecs[at]) }
        #expect(pool.inUse == 0)
    }

    @Test("a block keeps its contents while it grows from the heap to pages of its own")
    func block() {
        var block = Block(zeroed: 64)
        defer { block.free() }
        var random = Seeded(7)
        var written = 0
        while written < 3 << 20 {
            let wanted = written + 1 + random.below(100_000)
            block.grow(to: wanted)
            #expect(block.size >= wanted)
            while written < block.size {
                let byte = UInt8(truncatingIfNeeded: written / 100)
                block.base.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
                written += 1
            }
        }
        let bytes = UnsafeRawBufferPointer(start: block.base, count: written)
        #expect(bytes.indices.allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: $0 / 100) })
    }

    @Test("a fresh block is zero throughout, whatever its size", arguments: [1, 5000, 200_000, 2 << 20, 5_000_000])
    func zeroed(bytes: Int) {
        let block = Block(zeroed: bytes)
        defer { block.free() }
        #expect(block.size >= bytes)
        let all = UnsafeMutableRawBufferPointer(start: block.base, count: block.size)
        #expect(all.allSatisfy { $0 == 0 })
        all.initializeMemory(as: UInt8.self, repeating: 1)
    }

    @Test("references are dropped one by one and all at once, with many of them too", arguments: [10, 100_000])
    func dropped(count: UInt32) {
        final class Thing {}
        let references = References<Thing>()
        defer { references.destroy() }
        weak var first: Thing?
        weak var last: Thing?
        do {
            for id in 0..<count { references[id] = Thing() }
            first = references[0]
            last = references[count - 1]
        }
        #expect(first != nil && last != nil)
        references[0] = nil
        #expect(first == nil && last != nil)
        references.removeAll()
        #expect(last == nil)
        #expect(references[count - 1] == nil)
        references[count] = nil
        #expect(references[count] == nil)
    }

    @Test("a hash reads the last bytes as a number, first byte highest")
    func hashOfTail() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
            var rest: UInt64 = 0
            for byte in bytes.suffix(count % 8) { rest = rest << 8 | UInt64(byte) }
            #expect(bytes.withUnsafeBytes { StableHash.bytes($0) } == Self.reference(bytes, rest))
        }
    }

    private static func reference(_ bytes: [UInt8], _ rest: UInt64) -> UInt64 {
        let k0: UInt64 = 0x9E37_79B9_7F4A_7C15
        var h = k0 ^ UInt64(bytes.count)
        for start in stride(from: 0, to: bytes.count / 8 * 8, by: 8) {
            var word: UInt64 = 0
            for byte in bytes[start..<start + 8].reversed() { word = word << 8 | UInt64(byte) }
            h = (h ^ word) &* 0xBF58_476D_1CE4_E5B9
            h ^= h >> 29
        }
        return StableHash.mix((h ^ rest) &* k0)
    }

    @Test("an interner gives equal bytes one id, and forgets what is not used", arguments: [1, 2, 3] as [UInt64])
    func interner(seed: UInt64) {
        var random = Seeded(seed)
        let interner = Interner()
        defer { interner.destroy() }
        var held: [String: (id: UInt32, count: Int)] = [:]
        for round in 0..<3000 {
            let text = String(repeating: "x", count: random.below(40)) + "\(random.below(30))"
            let id = interner.intern(text)
            #expect(interner.text(id) == text)
            if let known = held[text] { #expect(known.id == id) }
            if random.chance(60) {
                interner.retain(id)
                held[text, default: (id, 0)].count += 1
            } else if let known = held[text] {
                interner.release(id)
                held[text] = known.count == 1 ? nil : (id, known.count - 1)
            }
            if round % 100 == 0 {
                interner.collect { _ in }
                #expect(interner.live == held.count)
                for (text, known) in held { #expect(interner.find(text) == known.id) }
            }
        }
        for (_, known) in held {
            for _ in 0..<known.count { interner.release(known.id) }
        }
        interner.collect { _ in }
        #expect(interner.live == 0)
    }

    @Test("a table of ids finds what was put in and not taken out, through growth and shrinking")
    func table() {
        var random = Seeded(9)
        let table = IDTable()
        defer { table.destroy() }
        var present: Set<UInt32> = []
        // Few distinct hashes, so that probing and moving back are exercised.
        func hash(_ id: UInt32) -> UInt32 { (id % 97) &* 44_278_013 }
        for _ in 0..<20_000 {
            let id = UInt32(1 + random.below(2000))
            if present.contains(id) {
                table.remove(hash(id), id)
                present.remove(id)
            } else {
                table.insert(hash(id), id)
                present.insert(id)
            }
        }
        for id in UInt32(1)...2000 {
            #expect(table.find(hash(id)) { $0 == id } == (present.contains(id) ? id : 0))
        }
        #expect(table.count == present.count)
        for id in present { table.remove(hash(id), id) }
        #expect(table.count == 0)
    }

    @Test("a slab gives a removed id again, and references are released")
    func slabs() {
        let slab = Slab<Edge>()
        defer { slab.destroy() }
        let ids = (1...100).map { slab.add(Edge(cell: $0)) }
        #expect(ids == Array(1...100))
        slab.remove(7)
        #expect(slab.live == 99)
        #expect(slab.add(Edge(cell: 500)) == 7)
        #expect(slab[7].cell == 500)
        #expect(slab[8].cell == 8)

        weak var weakly: Body?
        let references = References<Body>()
        do {
            let body = TypedBody(Namespace(name: "x"))
            weakly = body
            references[50] = body
        }
        #expect(weakly != nil)
        #expect(references[49] == nil && references[5000] == nil)
        references[50] = nil
        #expect(weakly == nil)
        references.destroy()
    }

    @Test("a stack sorts and drops doubles")
    func stack() {
        var random = Seeded(4)
        for size in [0, 1, 5, 24, 25, 300] {
            let stack = Stack<UInt32>()
            defer { stack.destroy() }
            var values: [UInt32] = []
            for _ in 0..<size {
                values.append(UInt32(random.below(size)))
                stack.append(values[values.count - 1])
            }
            stack.sortUnique()
            #expect(Array(stack.elements) == Set(values).sorted())
        }
    }
}
