import Core
import OVSDB

/// Which rows of the server are which rows of ours: by tag, by identity columns.
struct ActualRows {
    struct Marks: Equatable {
        var tag: String?
        var identity: String?
    }

    struct Names {
        var byTag: [String: Set<RowUUID>] = [:]
        var byIdentity: [String: Set<RowUUID>] = [:]
        var marks: [RowUUID: Marks] = [:]
    }

    private(set) var tables: [String: Names] = [:]

    init() {}

    init(_ layouts: Layouts, _ replica: Replica) {
        for (name, layout) in layouts.byName {
            for (uuid, row) in replica[name]?.rows ?? [:] { note(uuid, row, layout) }
        }
    }

    /// Takes in what a row looks like now, nil when it is gone. Answers its marks before and now.
    @discardableResult
    mutating func note(_ uuid: RowUUID, _ row: ReplicaRow?, _ layout: Layout) -> (old: Marks?, new: Marks?) {
        let name = layout.table.name
        let old = tables[name]?.marks[uuid]
        var new = row.map { row in
            Marks(tag: layout.tag.flatMap { row.columns[$0].text(of: tagKey) }, identity: layout.identity(of: row))
        }
        // A tag that somebody removed is drift: the row stays ours and is tagged again.
        if new != nil, new?.tag == nil { new?.tag = old?.tag }
        if old == new { return (old, new) }
        if let tag = old?.tag { tables[name]?.byTag.remove(uuid, from: tag) }
        if let identity = old?.identity { tables[name]?.byIdentity.remove(uuid, from: identity) }
        if let tag = new?.tag { tables[name, default: Names()].byTag[tag, default: []].insert(uuid) }
        if let identity = new?.identity {
            tables[name, default: Names()].byIdentity[identity, default: []].insert(uuid)
        }
        tables[name, default: Names()].marks[uuid] = new
        return (old, new)
    }

    func marks(_ table: String, _ uuid: RowUUID) -> Marks? { tables[table]?.marks[uuid] }

    /// The rows that bear this tag; more than one when somebody copied it.
    func tagged(_ row: RowID) -> Set<RowUUID> { tables[row.table.name]?.byTag[row.key] ?? [] }

    func identified(_ table: String, _ identity: String) -> Set<RowUUID> {
        tables[table]?.byIdentity[identity] ?? []
    }

    func tags(_ table: String) -> [String] { tables[table].map { Array($0.byTag.keys) } ?? [] }
}

extension Dictionary where Key == String, Value == Set<RowUUID> {
    fileprivate mutating func remove(_ uuid: RowUUID, from key: String) {
        self[key]?.remove(uuid)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
