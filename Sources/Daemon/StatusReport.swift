import Core
import Model
import Planes
import Supervision
import Vocabulary

/// The daemon's answers to commands, as JSON. Fields are only ever added.
enum Report {
    static func envelope(_ kind: String, _ members: KeyValuePairs<String, JSON>) -> JSON {
        var object = JSONObject([("apiVersion", "ovenbird.io/v1"), ("kind", .string(kind)), ("complete", true)])
        for (key, value) in members { object[key] = value }
        return .object(object)
    }

    static func problem(_ problem: Problem) -> JSON {
        [
            "module": .string(problem.module), "object": .string(problem.object?.description ?? ""),
            "field": .string(problem.field), "reason": .string(problem.reason), "message": .string(problem.message),
            "what": .string(problem.what.rawValue),
        ]
    }

    /// What a module says of an object.
    static func described(_ said: Described) -> JSON {
        let description = said.description
        return [
            "module": .string(said.module), "headline": .array(description.headline.map { .string($0) }),
            "notes": .array((description.notes + [said.fault].compactMap(\.self)).map { .string($0) }),
            "sheets": .array(
                description.sheets.map { sheet in
                    [
                        "title": .string(sheet.title), "columns": .array(sheet.columns.map { .string($0) }),
                        "rows": .array(sheet.rows.map { .array($0.map { .string($0) }) }),
                    ]
                }),
        ]
    }

    static func audit(_ plane: String, _ audit: Audit?) -> JSON {
        [
            "name": .string(plane), "answered": .boolean(audit != nil), "writes": .integer(audit?.writes ?? 0),
            "differences": .array((audit?.differences ?? []).map { .string($0.description) }),
        ]
    }

    static func process(_ state: ServiceState) -> JSON {
        [
            "name": .string(state.name), "phase": .string(state.phase.rawValue),
            "pid": state.pid.map { .integer(Int($0)) } ?? .null, "restarts": .integer(state.restarts),
        ]
    }

    static func owner(_ owner: Owner) -> JSON {
        [
            "module": .string(owner.module), "object": .string(owner.object.description),
            "columns": .array(owner.columns.map { .string($0) }),
        ]
    }

    /// A row with its columns by name and its owners.
    static func row(_ id: RowID, _ owners: [Owner], _ engine: Engine, _ state: RunState) -> JSON {
        var columns = JSONObject()
        for (index, column) in (engine.contents(of: id)?.columns ?? [:]).sorted(by: { $0.key < $1.key }) {
            columns[id.table.columns[index].name] = json(column)
        }
        var object = JSONObject([
            ("row", .string(id.description)), ("plane", .string(id.table.plane)), ("table", .string(id.table.name)),
            ("key", .string(id.key)), ("owners", .array(owners.map(owner))),
            ("columns", .object(columns)),
        ])
        if let words = state.planes[id.table.plane]?.refused[id] { object["refused"] = .string(words) }
        return .object(object)
    }

    /// Each value of a row with those who say it: exact for the members of a set, by column else.
    static func facts(of row: RowID, _ owners: [Owner], _ engine: Engine) -> JSON {
        let columns = (engine.contents(of: row)?.columns ?? [:]).sorted { $0.key < $1.key }
        return .array(
            columns.flatMap { index, column -> [JSON] in
                let name = row.table.columns[index].name
                let byColumn = owners.filter { $0.columns.contains(name) }
                func fact(_ value: JSON, _ owners: [Owner]) -> JSON {
                    ["column": .string(name), "value": value, "owners": .array(owners.map(owner))]
                }
                switch column {
                case .scalar(let value): return [fact(json(value), byColumn)]
                case .set(let members):
                    return members.sorted().map {
                        fact(json($0), engine.sources(of: row, column: index, member: $0).owners)
                    }
                case .map(let entries):
                    return entries.sorted { $0.key < $1.key }.map { fact(.string("\($0.key)=\($0.value)"), byColumn) }
                }
            })
    }

    private static func json(_ column: RowContent.Column) -> JSON {
        switch column {
        case .scalar(let value): json(value)
        case .set(let values): .array(values.sorted().map(json))
        case .map(let entries): .object(JSONObject(entries))
        }
    }

    private static func json(_ value: Value) -> JSON {
        switch value {
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .boolean(let truth): .boolean(truth)
        case .string(let text): .string(text)
        case .row(let row): .string(row.description)
        }
    }
}

extension Engine {
    /// The first thing without which this node can serve no pod; nil when nothing is missing.
    func whatIsMissing(_ state: RunState) -> String? {
        if let feed = state.feeds.filter({ !$0.value.listed }).keys.sorted().first {
            return "feed \(feed) has not listed"
        }
        if let plane = state.planes.filter({ !$0.value.isConnected }).keys.sorted().first {
            return "plane \(plane) is not connected"
        }
        if !state.isStarted { return "the modules have not run yet" }
        if let plane = state.planes.filter({ $0.value.confirmed == 0 }).keys.sorted().first {
            return "plane \(plane) has not compared everything yet"
        }
        return nil
    }

    /// The first thing without which no pod can be attached to this node; nil when a runtime may begin.
    func whatIsMissing(of node: String, _ state: RunState) -> String? {
        if let missing = whatIsMissing(state) { return missing }
        guard object(NodeNetwork.self, "", node) != nil else {
            return "the cluster manager has not given it an id and subnets yet"
        }
        guard isSettled(Node.id(node)) else { return "its rows are not in force yet" }
        // Every node has this port; until it works, ovn-controller is still finding its switch.
        let port = Topology.managementDevice
        guard object(OVSInterface.self, "", port)?.installed == true else {
            return "ovn-controller has not installed the flows of \(port) yet"
        }
        return nil
    }
}
