public import Core

/// What the program says about an object: annotations, conditions and events that it owns there.
///
/// Several cells may contribute to one object's status; each annotation and condition has one contributor.
public struct ObjectStatus: Row {
    public static let table = Table(
        plane: PlaneName.status, name: "Object",
        columns: [
            .init("annotations", .map, .shared), .init("conditions", .map, .shared), .init("events", .set, .shared),
        ],
        identity: .columns(["id"]), ownership: .borrowed)

    public let object: ObjectID
    public var annotations: [String: String]?
    public var conditions: [String: Condition]?
    public var events: [ObjectEvent]?

    public init(
        _ object: ObjectID, annotations: [String: String]? = nil, conditions: [String: Condition]? = nil,
        events: [ObjectEvent]? = nil
    ) {
        self.object = object
        self.annotations = annotations
        self.conditions = conditions
        self.events = events
    }

    /// A status with one annotation.
    public init(_ object: ObjectID, _ annotation: some AnnotationValue) {
        self.init(object, annotations: [type(of: annotation).key: annotation.text])
    }

    /// The object's text: `Pod/shop/web`.
    public var key: RowKey { .fixed(object.description) }

    public func encode(into columns: inout ColumnWriter) {
        columns.map(0, annotations)
        columns.map(1, conditions?.mapValues(\.text))
        columns.set(2, events)
    }

    public static func annotations(of object: ObjectID) -> MapColumn { MapColumn(row(of: object), 0) }
    public static func conditions(of object: ObjectID) -> MapColumn { MapColumn(row(of: object), 1) }
    public static func events(of object: ObjectID) -> SetColumn<ObjectEvent> { SetColumn(row(of: object), 2) }
    private static func row(of object: ObjectID) -> RowID { RowID(table, object.description) }
}

/// A statement about an object that is true, false or unknown, with the reason in one word.
public struct Condition: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case `true` = "True"
        case `false` = "False"
        case unknown = "Unknown"
    }

    public let status: Status
    public let reason: String
    public let message: String

    public init(_ status: Status, reason: String, message: String) {
        self.status = status
        self.reason = reason
        self.message = message
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        status = try cursor["status"].choice()
        reason = try cursor["reason"].string(or: "")
        message = try cursor["message"].string(or: "")
    }

    public var json: JSON {
        ["status": .string(status.rawValue), "reason": .string(reason), "message": .string(message)]
    }
    public var text: String { json.text() }
}

/// Something that happened to an object, for its event list; the same text is the same event.
public struct ObjectEvent: ColumnElement {
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        case normal = "Normal"
        case warning = "Warning"
    }

    public let type: Severity
    public let reason: String
    public let message: String

    public init(_ type: Severity, reason: String, message: String) {
        self.type = type
        self.reason = reason
        self.message = message
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        type = try cursor["type"].choice()
        reason = try cursor["reason"].string(or: "")
        message = try cursor["message"].string(or: "")
    }

    public var json: JSON {
        ["type": .string(type.rawValue), "reason": .string(reason), "message": .string(message)]
    }
    public var value: Value { .string(json.text()) }
}
