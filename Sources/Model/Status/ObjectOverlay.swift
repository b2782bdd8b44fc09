public import Core

/// What one writer says about one object, where no API server keeps it: a file of the status directory.
///
/// The file is `WRITER/Kind.namespace.name.json`; the namespace is empty for kinds without.
public struct ObjectOverlay: Hashable, Sendable {
    public var annotations: [String: String]
    public var conditions: [String: Condition]
    /// Sorted, each once.
    public var events: [ObjectEvent]
    /// Where the pod runs, for a scheduler; counts when the manifest does not say.
    public var nodeName: String?
    /// Counts when the manifest does not say.
    public var uid: String?

    public init(
        annotations: [String: String] = [:], conditions: [String: Condition] = [:], events: [ObjectEvent] = [],
        nodeName: String? = nil, uid: String? = nil
    ) {
        self.annotations = annotations
        self.conditions = conditions
        self.events = Set(events).sorted { $0.value < $1.value }
        self.nodeName = nodeName
        self.uid = uid
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        var conditions: [String: Condition] = [:]
        for (type, place) in try cursor["conditions"].members() { conditions[type] = try Condition(place) }
        self.init(
            annotations: try cursor["annotations"].stringMap(), conditions: conditions,
            events: try cursor["events"].elements().map { each throws(Rejection) in try ObjectEvent(each) },
            nodeName: try cursor["nodeName"].optional { each throws(Rejection) in try each.string() },
            uid: try cursor["uid"].optional { each throws(Rejection) in try each.string() })
    }

    public var isEmpty: Bool { self == ObjectOverlay() }

    /// The file's text: members by name, so that the same overlay has the same bytes.
    public func text(of object: ObjectID) -> String {
        var json = JSONObject([("object", .string(object.description))])
        if let nodeName { json["nodeName"] = .string(nodeName) }
        if let uid { json["uid"] = .string(uid) }
        if !annotations.isEmpty { json["annotations"] = .object(JSONObject(annotations)) }
        if !conditions.isEmpty {
            json["conditions"] = .object(
                JSONObject(conditions.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
        }
        if !events.isEmpty { json["events"] = .array(events.map(\.json)) }
        return JSON.object(json).text(.pretty) + "\n"
    }

    public static func fileName(of object: ObjectID) -> String {
        "\(object.kind).\(object.namespace).\(object.name).json"
    }

    /// The object that a file is about; nil when the name is none of ours. Only the name of an object may have dots.
    public static func object(ofFile name: String) -> ObjectID? {
        guard name.hasSuffix(".json"), !name.hasPrefix(".") else { return nil }
        let parts = name.dropLast(5).split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty else { return nil }
        return ObjectID(kind: String(parts[0]), namespace: String(parts[1]), name: String(parts[2]))
    }

    /// An object's JSON with what all writers say; later ones win.
    public static func lay(_ overlays: [ObjectOverlay], over json: JSON) -> JSON {
        guard case .object(var object) = json else { return json }
        let annotations = overlays.flatMap { $0.annotations.sorted { $0.key < $1.key } }
        if !annotations.isEmpty {
            object.change("metadata") { metadata in
                metadata.change("annotations") { all in for (key, value) in annotations { all[key] = .string(value) } }
            }
        }
        if let uid = overlays.compactMap(\.uid).last {
            object.change("metadata") { if $0["uid"] == nil { $0["uid"] = .string(uid) } }
        }
        if let nodeName = overlays.compactMap(\.nodeName).last {
            object.change("spec") { if $0["nodeName"] == nil { $0["nodeName"] = .string(nodeName) } }
        }
        let conditions = overlays.reduce(into: [:]) { $0.merge($1.conditions) { $1 } }
        if !conditions.isEmpty {
            object.change("status") { status in
                status["conditions"] = .array(merged(conditions, into: status["conditions"]))
            }
        }
        return .object(object)
    }

    private static func merged(_ conditions: [String: Condition], into old: JSON?) -> [JSON] {
        var all: [JSON] = []
        if case .array(let list)? = old {
            all = list.filter { if case .string(let type)? = $0["type"] { conditions[type] == nil } else { true } }
        }
        for (type, condition) in conditions.sorted(by: { $0.key < $1.key }) {
            var entry = JSONObject([("type", .string(type))])
            if case .object(let members) = condition.json { for (key, value) in members { entry[key] = value } }
            all.append(.object(entry))
        }
        return all
    }
}

extension JSONObject {
    /// Changes a member that is an object, or makes it one.
    fileprivate mutating func change(_ key: String, _ body: (inout JSONObject) -> Void) {
        var member = if case .object(let object)? = self[key] { object } else { JSONObject() }
        body(&member)
        self[key] = .object(member)
    }
}
