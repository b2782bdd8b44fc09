import Core

struct Namespace: Kind {
    static let kind = "Namespace"
    var name: String
    var labels: [String: String] = [:]
}

struct Pod: Kind {
    static let kind = "Pod"
    static let isLocal = Term<Pod>("local") { $0.node == "n1" }
    static var terms: [Term<Pod>] { [isLocal] }

    var namespace: String
    var name: String
    var labels: [String: String] = [:]
    var node = "n1"
    var addresses: [String] = []

    enum Address: Facet {
        static func values(of pod: Pod) -> [String] { pod.addresses }
    }
    enum Port: Facet {
        static func values(of pod: Pod) -> [String] { ["\(pod.namespace)_\(pod.name)"] }
    }
}

/// A policy of the tests: subjects of its namespace, peers somewhere, or broken.
struct Policy: Kind {
    static let kind = "Policy"
    var namespace: String
    var name: String
    var subject = LabelSelector.everything
    var peerScope = Scope.everywhere
    var peers: LabelSelector?
    var isBroken = false
}

/// Publishes a `Mark` for its own name, and marks the pods that it selects.
struct Marker: Kind {
    static let kind = "Marker"
    var name: String
    var namespaces: LabelSelector
    var pods = LabelSelector.everything
    var mark: Int
    /// The scalar it wants in the row that all markers share.
    var banner: String?
    /// The entry it wants in the map that all markers share.
    var entry: String?
    /// Members it adds explicitly to the set that groups fill too.
    var extra: [String] = []
}

struct Mark: Kind {
    static let kind = "Mark"
    var namespace: String
    var name: String
    var value: Int
}

struct PortGroup: Row {
    static let table = Table(
        plane: "nb", name: "Port_Group",
        columns: [
            .init("name", .scalar), .init("ports", .set), .init("acls", .set), .init("external_ids", .map),
        ])
    var key: RowKey
    var name: String?
    var ids: [String: String]?

    func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, name)
        columns.map(3, ids)
    }
}

extension RowRef where R == PortGroup {
    var ports: SetColumn<String> { SetColumn(row, 1) }
    var acls: SetColumn<RowRef<ACL>> { SetColumn(row, 2) }
    var ids: MapColumn { MapColumn(row, 3) }
}

struct AddressSet: Row {
    static let table = Table(
        plane: "nb", name: "Address_Set", columns: [.init("name", .scalar), .init("addresses", .set)])
    var key: RowKey
    var addresses: [String]?

    func encode(into columns: inout ColumnWriter) { columns.set(1, addresses) }
}

extension RowRef where R == AddressSet {
    var addresses: SetColumn<String> { SetColumn(row, 1) }
}

struct ACL: Row {
    static let table = Table(
        plane: "nb", name: "ACL",
        columns: [.init("match", .scalar), .init("priority", .scalar), .init("label", .scalar)])
    var key: RowKey
    var match: String?
    var priority: Int?
    var label: Int?

    func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, match)
        columns.scalar(1, priority)
        columns.scalar(2, label)
    }
}

struct Route: Row {
    static let table = Table(
        plane: "host", name: "Route", columns: [.init("via", .scalar), .init("mark", .scalar), .init("pods", .set)])
    var key: RowKey
    var via: String?
    var mark: Int?

    func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, via)
        columns.scalar(1, mark)
    }
}

extension RowRef where R == Route {
    var pods: SetColumn<String> { SetColumn(row, 2) }
}
