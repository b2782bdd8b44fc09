public import Core

/// An OpenFlow flow of a bridge, as `ovs-ofctl` writes it.
///
/// `in_port=NAME` and `output:NAME` may give the port by its name; the flow waits for the port and follows it to its
/// new number when the port is made again. A flow of table 0 that matches everything at priority 0 gives way to the
/// switch's own `NORMAL` when its row goes.
public struct Flow: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.openflow, name: "Flow",
        columns: [
            .init("bridge", .scalar), .init("table", .scalar), .init("priority", .scalar), .init("match", .scalar),
            .init("actions", .scalar), .init("cookie", .scalar),
        ], identity: .columns(["bridge", "table", "priority", "match"]))

    public var bridge: String
    public var flowTable: Int
    public var priority: Int
    /// `in_port=3,tcp,nw_dst=10.96.0.1`; empty matches everything.
    public var match: String
    /// `ct(commit,zone=64000),output:1`, or `drop`.
    public var actions: String
    /// The lower 32 bits of the flow's cookie, for the reader of a dump; the upper half marks the flow as ours.
    public var cookie: Int

    public init(
        bridge: String, table: Int = 0, priority: Int, match: String = "", actions: String, cookie: Int = 0
    ) {
        self.bridge = bridge
        flowTable = table
        self.priority = priority
        self.match = match
        self.actions = actions
        self.cookie = cookie
    }

    public var key: RowKey { .fixed("\(bridge) \(flowTable) \(priority) \(match)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, bridge)
        columns.scalar(1, flowTable)
        columns.scalar(2, priority)
        columns.scalar(3, match)
        columns.scalar(4, actions)
        columns.scalar(5, cookie)
    }
}
