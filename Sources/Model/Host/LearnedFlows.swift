public import Core

/// Flows that the switch learns itself, by the action `learn` of a flow of ours: how long they live, and that they
/// outlive what clears the bridge.
///
/// Learned flows carry `cookie(_:)`. The plane takes down those that have been idle for the timeout where that is
/// more than a flow's own timer can hold, those of no row, and puts them back when the bridge has lost all flows.
public struct LearnedFlows: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.openflow, name: "LearnedFlows",
        columns: [
            .init("bridge", .scalar), .init("table", .scalar), .init("cookie", .scalar), .init("timeout", .scalar),
        ], identity: .columns(["bridge", "table", "cookie"]))

    /// The mark of learned flows in the upper half of the cookie: "lrnd".
    public static let mark: UInt64 = 0x6c72_6e64 << 32
    /// The longest timer that a flow of the switch can have, in seconds.
    public static let longestTimer = 65_535

    public var bridge: String
    public var flowTable: Int
    /// The lower 32 bits.
    public var cookie: Int
    /// In seconds without a packet.
    public var timeout: Int

    public init(bridge: String, table: Int, cookie: Int, timeout: Int) {
        self.bridge = bridge
        flowTable = table
        self.cookie = cookie
        self.timeout = timeout
    }

    public var key: RowKey { .fixed("\(bridge) \(flowTable) \(cookie)") }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, bridge)
        columns.scalar(1, flowTable)
        columns.scalar(2, cookie)
        columns.scalar(3, timeout)
    }

    /// The timer of a flow that is to last as long; 0, none, where it could not hold the time.
    public static func timer(for timeout: Int) -> Int { timeout > longestTimer ? 0 : timeout }

    /// How many flows of one row the switch learns: whoever forges addresses shall not fill its memory.
    public static let most = 10_000

    /// What `learn` has to give its flows: `cookie=0x…,idle_timeout=10,limit=10000`. No timer where it could not hold
    /// the timeout.
    public var parameters: String {
        let number = Self.mark | UInt64(UInt32(truncatingIfNeeded: cookie))
        return "cookie=0x\(String(number, radix: 16)),idle_timeout=\(Self.timer(for: timeout)),limit=\(Self.most)"
    }
}
