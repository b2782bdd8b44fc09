public import Core

/// The typed value of one annotation. Writing is canonical: equal values have the same bytes.
public protocol AnnotationValue: Hashable, Sendable {
    static var key: String { get }
    init(reading text: String) throws(Rejection)
    var text: String { get }
}

/// An annotation whose text is JSON.
public protocol JSONAnnotation: AnnotationValue {
    init(_ cursor: JSONCursor) throws(Rejection)
    var json: JSON { get }
}

extension JSONAnnotation {
    public init(reading text: String) throws(Rejection) {
        let value: JSON
        do {
            value = try JSON(parsing: text)
        } catch {
            throw Rejection("BadAnnotation", field: Self.field, "is not JSON: \(error)")
        }
        try self.init(JSONCursor(value, at: Self.field))
    }

    public var text: String { json.text() }
}

extension AnnotationValue {
    /// The path of the annotation in its object.
    public static var field: String {
        FieldPath.member(.member(.root("metadata"), "annotations"), key).description
    }
}

extension Dictionary where Key == String, Value == String {
    /// A typed annotation out of an object's annotations; nil when there is none.
    public func annotation<A: AnnotationValue>(_: A.Type = A.self) throws(Rejection) -> A? {
        guard let text = self[A.key] else { return nil }
        return try A(reading: text)
    }
}
