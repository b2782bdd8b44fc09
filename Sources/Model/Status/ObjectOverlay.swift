public import Core

/// What one writer says about one object, where no API server keeps it: a file of the status directory.
///
/// The file is `WRITER/Kind.namespace.name.json`; the namespace is empty for kinds without.
public struct ObjectOverlay: Hashable, Sendable {
    public var annotations: [String: String]
    public var conditions: [String: Condition]
    /// The node that a scheduler has chosen for a pod whose manifest names none.
    public var nodeName: String?

    public init(annotations: [String: String] = [:], conditions: [String: Condition] = [:], nodeName: String? = nil) {
        self.annotations = annotations
        self.conditions = conditions
        self.nodeName = nodeName
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        annotations = try cursor["annotations"].stringMap()
        nodeName = try cursor["nodeName"].optional { each throws(Rejection) in try each.string() }
        conditions = [:]
        for (type, place) in try cursor["conditions"].members() { conditions[type] = try Condition(place) }
    }

    /// The file's text: members by name, so that the same overlay has the same bytes.
    public func text(of object: ObjectID, events: [JSON] = []) -> String {
        var json = JSONObject([("object", .string(object.description))])
        json["annotations"] = .object(JSONObject(annotations))
        json["conditions"] = .object(
            JSONObject(conditions.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
        if let nodeName { json["nodeName"] = .string(nodeName) }
        if !events.isEmpty { json["events"] = .array(events) }
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

    /// An object's JSON with what all writers say; later ones win. A node that the manifest names stays.
    public static func lay(_ overlays: [ObjectOverlay], over json: JSON) -> JSON {
        guard case .object(var object) = json else { return json }
        let annotations = overlays.flatMap { $0.annotations.sorted { $0.key < $1.key } }
        if !annotations.isEmpty {
            var metadata = object.member("metadata")
            var all = metadata.member("annotations")
            for (key, value) in annotations { all[key] = .string(value) }
            metadata["annotations"] = .object(all)
            object["metadata"] = .object(metadata)
        }
        if let nodeName = overlays.compactMap(\.nodeName).last {
            var spec = object.member("spec")
            if spec["nodeName"] == nil { spec["nodeName"] = .string(nodeName) }
            object["spec"] = .object(spec)
        }
        let conditions = overlays.flatMap { $0.conditions.sorted { $0.key < $1.key } }
        if !conditions.isEmpty {
            var status = object.member("status")
            let types = Set(conditions.map(\.key))
            var all: [JSON] = []
            if case .array(let list)? = status["conditions"] {
                all = list.filter { entry in
                    if case .string(let type)? = entry["type"] { !types.contains(type) } else { true }
                }
            }
            for (type, condition) in Dictionary(conditions, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
                guard case .object(let members) = condition.json else { continue }
                all.append(.object(JSONObject([("type", .string(type))] + members.map { ($0.key, $0.value) })))
            }
            status["conditions"] = .array(all)
            object["status"] = .object(status)
        }
        return .object(object)
    }
}

extension JSONObject {
    fileprivate func member(_ key: String) -> JSONObject {
        if case .object(let object)? = self[key] { object } else { JSONObject() }
    }
}
