public import Core

/// Who may say something about objects of a kind: what others have said about them is taken back, such as conditions
/// of nodes that are no more.
public struct StatusWriters: Row {
    public static let table = Table(
        plane: PlaneName.status, name: "Writers", columns: [.init("names", .set)], identity: .columns(["kind"]),
        ownership: .borrowed)

    public let kind: String
    public var names: [String]

    public init(of kind: String, _ names: [String]) {
        self.kind = kind
        self.names = names
    }

    public var key: RowKey { .fixed(kind) }
    public func encode(into columns: inout ColumnWriter) { columns.set(0, names) }
}
