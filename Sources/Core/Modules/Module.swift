/// A feature, as the core sees it: a manifest and handlers. Written once per feature, in `Modules/NAME`.
///
/// 1. `manifest` says what the module is and what it may touch; it is checked at start, before anything runs.
/// 2. `register` names the handlers. It does nothing else.
/// 3. From then on the module is only its handlers: functions of the objects they read. What an operator can set is
///    one of these objects.
/// 4. Switching the module off removes what its cells contributed, exactly.
///
/// Start, stop and cleanup hooks do not exist.
public protocol Module: Sendable {
    static var manifest: Manifest { get }
    init()
}

/// A module that runs in the daemon of each node.
public protocol NodeModule: Module {
    func register(on node: inout NodeScope)
}

/// A module that runs in the cluster manager.
public protocol ClusterModule: Module {
    func register(on cluster: inout ClusterScope)
}

/// What a module is and what it may touch.
public struct Manifest: Sendable {
    public enum Stage: String, Sendable {
        case experimental, beta, stable
    }

    /// A right to write.
    public enum Claim: Sendable, Hashable, CustomStringConvertible {
        /// The module makes rows of this table.
        case rows(Table)
        /// The module adds members, entries or values to these columns of rows that others make.
        case columns(Table, [String])

        public static func rows<R: Row>(_: R.Type) -> Claim { .rows(R.table) }
        public static func columns<R: Row>(_: R.Type, _ names: String...) -> Claim { .columns(R.table, names) }

        /// `nb/ACL`, `nb/Logical_Switch(acls,ports)`.
        public var description: String {
            switch self {
            case .rows(let table): "\(table.plane)/\(table.name)"
            case .columns(let table, let names): "\(table.plane)/\(table.name)(\(names.joined(separator: ",")))"
            }
        }
    }

    /// `egress-firewall`: lower case letters, digits and dashes.
    public let name: String
    /// One line without a full stop.
    public let summary: String
    public let stage: Stage
    /// The kinds that handlers read.
    public let reads: [any Kind.Type]
    /// The derived kinds that handlers publish.
    public let publishes: [any Kind.Type]
    public let writes: [Claim]
    /// The kinds of which `ovenbird status` says how many there are and how many are in force: what users of this
    /// feature write.
    public let counts: [any Kind.Type]

    public init(
        name: String, summary: String, stage: Stage = .experimental, reads: [any Kind.Type],
        publishes: [any Kind.Type] = [], writes: [Claim] = [], counts: [any Kind.Type] = []
    ) {
        self.name = name
        self.summary = summary
        self.stage = stage
        self.reads = reads
        self.publishes = publishes
        self.writes = writes
        self.counts = counts
    }
}

/// A user's mistake, found by a handler: shown on the object at that field.
///
/// The cell that throws it keeps its last good contributions and runs again when something it read changes.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// One word for scripts, conditions, events and metrics: `SubnetFull`.
    public let reason: String
    /// The path of the field: `spec.egress[2].to`. Empty when the whole object is meant.
    public let field: String
    /// Lower case: what is wrong with which value, and what to do.
    public let message: String

    public init(_ reason: String, field: String = "", _ message: String) {
        self.reason = reason
        self.field = field
        self.message = message
    }

    public var description: String { field.isEmpty ? message : "\(field): \(message)" }
}
