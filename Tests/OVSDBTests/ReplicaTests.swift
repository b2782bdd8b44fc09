import Testing

@testable import OVSDB

/// A schema with a column of each kind.
private func schema() throws -> DatabaseSchema {
    try DatabaseSchema(
        JSONValue(
            parsing: Array(
                #"""
                {"name":"D","version":"1.0.0","tables":{"T":{"isRoot":true,"columns":{
                "many":{"type":{"key":"string","min":0,"max":"unlimited"}},
                "map":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}},
                "maybe":{"type":{"key":"integer","min":0,"max":1}},
                "one":{"type":"string"},
                "real":{"type":"real"},
                "ref":{"type":{"key":{"type":"uuid","refTable":"T","refType":"weak"},"min":0,"max":"unlimited"}}}}}}
                """#.utf8)))
}

private let columns = ["many", "map", "maybe", "one", "real", "ref"]
private let first = "11111111-1111-4111-8111-111111111111"
private let second = "22222222-2222-4222-8222-222222222222"

private func blank() throws -> Replica { Replica(try schema(), ["T": Set(columns)]) }

private func updates(_ text: String, _ replica: Replica) throws -> TableUpdates {
    var cursor = JSONCursor(Array(text.utf8))
    return try TableUpdates(&cursor, replica)
}

private let listing = """
    {"T":{"\(first)":{"initial":{"many":["set",["a","b"]],"map":["map",[["k","v"]]],"maybe":7,"one":"x","real":1.5,\
    "ref":["set",[["uuid","\(first)"],["uuid","\(second)"]]]}},"\(second)":{"initial":{"many":"a","ref":["uuid","\(first)"]}}}}
    """

@Suite struct ReplicaTests {
    @Test func bothSpellingsOfASetWithOneMemberAreTheSame() throws {
        var replica = try blank()
        _ = replica.apply(try updates(listing, replica))
        let row = try #require(RowUUID(second))
        #expect(replica["T"]?.value(row, "many") == .set([.string("a")]))
        #expect(replica["T"]?.value(row, "ref")?.single?.reference == RowUUID(first))
        #expect(replica["T"]?.value(row, "maybe") == .set([]))
        #expect(replica["T"]?.value(row, "one") == .scalar(.string("")))
    }

    @Test func aDifferenceTogglesMembersAndEntriesAndReplacesTheRest() throws {
        var replica = try blank()
        _ = replica.apply(try updates(listing, replica))
        let row = try #require(RowUUID(first))
        let changes = replica.apply(
            try updates(
                """
                {"T":{"\(first)":{"modify":{"many":["set",["b","c"]],"map":["map",[["k","v"],["n","w"]]],"maybe":["set",[]],\
                "one":"y"}}}}
                """, replica))
        #expect(replica["T"]?.value(row, "many") == .set([.string("a"), .string("c")]))
        #expect(replica["T"]?.value(row, "map")?.texts == ["n": "w"])
        #expect(replica["T"]?.value(row, "maybe") == .set([]))
        #expect(replica["T"]?.value(row, "one")?.single?.text == "y")
        guard case .modified(let what) = changes.first?.what else {
            Issue.record("no modification: \(changes)")
            return
        }
        #expect(what.map(\.column) == [0, 1, 2, 3])
        #expect(what[0].what == .members([.string("b"), .string("c")]))
        #expect(what[1].what == .keys([.string("k"), .string("n")]))
    }

    @Test func aChangedEntryKeepsItsNewValue() throws {
        var replica = try blank()
        _ = replica.apply(try updates(listing, replica))
        _ = replica.apply(try updates(#"{"T":{"\#(first)":{"modify":{"map":["map",[["k","w"]]]}}}}"#, replica))
        #expect(replica["T"]?.value(try #require(RowUUID(first)), "map")?.texts == ["k": "w"])
    }

    @Test func aDeletedRowIsGone() throws {
        var replica = try blank()
        _ = replica.apply(try updates(listing, replica))
        let changes = replica.apply(try updates(#"{"T":{"\#(first)":{"delete":null}}}"#, replica))
        #expect(replica["T"]?.rows.count == 1)
        #expect(changes.count == 1)
        #expect(replica.apply(try updates(#"{"T":{"\#(first)":{"delete":null}}}"#, replica)).isEmpty)
    }

    @Test func updatesOfTheOldestMethodAreUnderstood() throws {
        var replica = try blank()
        _ = replica.apply(try updates(#"{"T":{"\#(first)":{"new":{"one":"x","many":"a"}}}}"#, replica))
        let changes = replica.apply(
            try updates(#"{"T":{"\#(first)":{"old":{"one":"x"},"new":{"one":"y","many":"a"}}}}"#, replica))
        #expect(changes.map(\.what) == [.modified([ColumnUpdate(column: 3, what: .value)])])
        _ = replica.apply(try updates(#"{"T":{"\#(first)":{"old":{"one":"y"}}}}"#, replica))
        #expect(replica["T"]?.rows.isEmpty == true)
    }

    @Test func twoSnapshotsAreComparedRowByRow() throws {
        var old = try blank()
        _ = old.apply(try updates(listing, old))
        var new = try blank()
        _ = new.apply(try updates(listing.replacingFirst("\"one\":\"x\"", "\"one\":\"z\""), new))
        #expect(new.changes(since: old).count == 1)
        #expect(old.changes(since: old).isEmpty)
    }

    @Test func aListingCutAnywhereThrows() throws {
        let bytes = Array(listing.utf8)
        let replica = try blank()
        for end in 0..<bytes.count {
            #expect(throws: BadJSON.self) {
                var cursor = JSONCursor(bytes, 0..<end)
                _ = try TableUpdates(&cursor, replica)
            }
            let message = Array("{\"id\":1,\"error\":null,\"result\":".utf8) + bytes[..<end]
            #expect(throws: BadJSON.self) { try Message(message) }
        }
    }

    @Test func aListingWithWrongBytesNeverTraps() throws {
        let bytes = Array(listing.utf8)
        var replica = try blank()
        var seed: UInt64 = 1
        for position in bytes.indices {
            for _ in 0..<8 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                var wrong = bytes
                wrong[position] = UInt8(truncatingIfNeeded: seed >> 40)
                var cursor = JSONCursor(wrong)
                if let updates = try? TableUpdates(&cursor, replica) { _ = replica.apply(updates) }
                _ = try? Message(wrong)
            }
        }
    }
}

extension String {
    fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
        guard let range = self.firstRange(of: old) else { return self }
        return replacingCharacters(range, new)
    }

    private func firstRange(of old: String) -> Range<Index>? {
        indices.lazy.first { self[$0...].hasPrefix(old) }.map { $0..<index($0, offsetBy: old.count) }
    }

    private func replacingCharacters(_ range: Range<Index>, _ new: String) -> String {
        self[..<range.lowerBound] + new + self[range.upperBound...]
    }
}
