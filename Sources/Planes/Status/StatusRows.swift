import Core
import Model

/// A status row that cannot be put anywhere, and why.
struct MalformedStatus: Error, CustomStringConvertible {
    let description: String
}

extension ObjectOverlay {
    /// What a row of `ObjectStatus` says.
    init(_ content: RowContent) throws(MalformedStatus) {
        var conditions: [String: Condition] = [:]
        if case .map(let entries)? = content.columns[1] {
            for (type, text) in entries {
                conditions[type] = try Self.read("condition \(type)", text) { cursor throws(Rejection) in
                    try Condition(cursor)
                }
            }
        }
        var events: [ObjectEvent] = []
        if case .set(let members)? = content.columns[2] {
            for case .string(let text) in members {
                events.append(try Self.read("event", text) { cursor throws(Rejection) in try ObjectEvent(cursor) })
            }
        }
        var annotations: [String: String] = [:]
        if case .map(let entries)? = content.columns[0] { annotations = entries }
        self.init(annotations: annotations, conditions: conditions, events: events)
    }

    private static func read<T>(
        _ what: String, _ text: String, _ read: (JSONCursor) throws(Rejection) -> T
    ) throws(MalformedStatus) -> T {
        do {
            return try read(JSONCursor(try JSON(parsing: text)))
        } catch {
            throw MalformedStatus(description: "\(what) cannot be read: \(error)")
        }
    }
}

extension ObjectID {
    /// Reads `Pod/shop/web` or `Node/n1`.
    init?(statusKey text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), !text.hasPrefix(".") else {
            return nil
        }
        self.init(kind: parts[0], namespace: parts.count == 3 ? parts[1] : "", name: parts[parts.count - 1])
    }
}
