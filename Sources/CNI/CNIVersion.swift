/// A version of the CNI specification that this plugin speaks.
public enum CNIVersion: String, Sendable, Hashable, CaseIterable, Comparable {
    case v0_3_0 = "0.3.0"
    case v0_3_1 = "0.3.1"
    case v0_4_0 = "0.4.0"
    case v1_0_0 = "1.0.0"
    case v1_1_0 = "1.1.0"

    public static let newest = CNIVersion.v1_1_0

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (a: CNIVersion, b: CNIVersion) -> Bool { a.order < b.order }
}

/// What the runtime asks for, by `CNI_COMMAND`.
public enum CNICommand: String, Sendable, Hashable, CaseIterable {
    case add = "ADD"
    case del = "DEL"
    case check = "CHECK"
    case gc = "GC"
    case status = "STATUS"
    case version = "VERSION"

    /// The version of the specification that brought the command.
    public var since: CNIVersion {
        switch self {
        case .add, .del, .version: .v0_3_0
        case .check: .v0_4_0
        case .gc, .status: .v1_1_0
        }
    }

    /// Whether the command is about one interface of one container.
    public var namesInterface: Bool { self == .add || self == .del || self == .check }

    /// Whether the container's network namespace must be there.
    public var needsNamespace: Bool { self == .add || self == .check }
}
