public import Core

/// What the host answers to every HTTP request on one of its TCP ports: for health checks by others.
public struct HTTPAnswer: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.answers, name: "HTTPAnswer",
        columns: [
            .init("port", .scalar), .init("status", .scalar), .init("headers", .map), .init("body", .scalar),
        ], identity: .columns(["port"]))

    public var port: Int
    public var status: Int
    public var headers: [String: String]
    public var body: String

    public init(port: Int, status: Int, headers: [String: String] = [:], body: String) {
        self.port = port
        self.status = status
        self.headers = headers
        self.body = body
    }

    public var key: RowKey { .fixed("\(port)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, port)
        columns.scalar(1, status)
        columns.map(2, headers)
        columns.scalar(3, body)
    }
}
