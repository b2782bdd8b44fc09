import Core

// Small, already decoded objects: decoding is the feeds' cost. Classes, since each is stored for long and passed often.

final class Namespace: Kind {
    static let kind = "Namespace"
    let name: String
    let labels: [String: String]

    init(name: String, labels: [String: String]) {
        self.name = name
        self.labels = labels
    }

    static func == (a: Namespace, b: Namespace) -> Bool { a === b || (a.name == b.name && a.labels == b.labels) }
}

final class Pod: Kind {
    static let kind = "Pod"
    static let isLocal = Term<Pod>("local") { $0.isLocal }
    static var terms: [Term<Pod>] { [isLocal] }

    let namespace: String
    let name: String
    let labels: [String: String]
    let isLocal: Bool
    let address: String

    init(namespace: String, name: String, labels: [String: String], isLocal: Bool, address: String) {
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.isLocal = isLocal
        self.address = address
    }

    static func == (a: Pod, b: Pod) -> Bool {
        a === b
            || (a.name == b.name && a.namespace == b.namespace && a.isLocal == b.isLocal && a.address == b.address
                && a.labels == b.labels)
    }

    enum Port: Facet {
        static func values(of pod: Pod) -> [RowRef<SwitchPort>] { [RowRef(fixed: "\(pod.namespace)_\(pod.name)")] }
    }
    enum Address: Facet {
        static func values(of pod: Pod) -> [String] { [pod.address] }
    }
}

final class Policy: Kind {
    struct Peer: Equatable {
        let scope: Scope
        let pods: LabelSelector
    }

    static let kind = "NetworkPolicy"
    let namespace: String
    let name: String
    let subject: LabelSelector
    /// One rule each; none is a default deny.
    let rules: [Peer]

    init(namespace: String, name: String, subject: LabelSelector, rules: [Peer]) {
        self.namespace = namespace
        self.name = name
        self.subject = subject
        self.rules = rules
    }

    static func == (a: Policy, b: Policy) -> Bool {
        a === b || (a.name == b.name && a.namespace == b.namespace && a.subject == b.subject && a.rules == b.rules)
    }
}

struct SwitchPort: Row {
    static let table = Table(
        plane: "nb", name: "Logical_Switch_Port", columns: [.init("name", .scalar), .init("addresses", .set)])
    let key: RowKey
    let name: String

    func encode(into columns: inout ColumnWriter) { columns.scalar(0, name) }
}

struct Switch: Row {
    static let table = Table(
        plane: "nb", name: "Logical_Switch", columns: [.init("name", .scalar), .init("ports", .set)])
    let key: RowKey
    let name: String

    func encode(into columns: inout ColumnWriter) { columns.scalar(0, name) }
}

extension RowRef where R == Switch {
    var ports: SetColumn<RowRef<SwitchPort>> { SetColumn(row, 1) }
}

struct PortGroup: Row {
    static let table = Table(
        plane: "nb", name: "Port_Group",
        columns: [.init("name", .scalar), .init("ports", .set), .init("acls", .set)])
    let key: RowKey
    let name: String

    func encode(into columns: inout ColumnWriter) { columns.scalar(0, name) }
}

extension RowRef where R == PortGroup {
    var ports: SetColumn<RowRef<SwitchPort>> { SetColumn(row, 1) }
    var acls: SetColumn<RowRef<ACL>> { SetColumn(row, 2) }
}

struct AddressSet: Row {
    static let table = Table(
        plane: "nb", name: "Address_Set", columns: [.init("name", .scalar), .init("addresses", .set)])
    let key: RowKey
    let name: String

    func encode(into columns: inout ColumnWriter) { columns.scalar(0, name) }
}

extension RowRef where R == AddressSet {
    var addresses: SetColumn<String> { SetColumn(row, 1) }
}

struct ACL: Row {
    static let table = Table(
        plane: "nb", name: "ACL",
        columns: [
            .init("action", .scalar), .init("direction", .scalar), .init("match", .scalar), .init("priority", .scalar),
        ])
    let key: RowKey
    let action: String
    let match: String
    let priority: Int

    func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, action)
        columns.scalar(1, "to-lport")
        columns.scalar(2, match)
        columns.scalar(3, priority)
    }
}
