import Core
import Model
import Vocabulary

/// What an isolated pod is denied: everything, but for what neighbours need to find each other.
///
/// One port group per direction and zone serves all namespaces. A namespace whose denials are logged has its own, for
/// the log line names it; its pods move between the two in one transaction.
struct Isolation {
    let traffic: Traffic
    let namespace: String
    let logging: PolicyLogging?
    let settings: PolicySettings

    /// Rules stand above this, and so do the node's own probes.
    static let priority = 1000

    func add(_ subjects: Group<PodPort>, _ cell: inout Cell) {
        let log = logging?.deny.map {
            ACLLog(name: "NP:\(namespace):\(traffic.rawValue)", severity: $0, rate: settings.logRateLimit)
        }
        let shared = traffic == .ingress ? "isolated_ingress" : "isolated_egress"
        let name = log == nil ? shared : RowName.hashed("NetpolNamespace:\(namespace):\(traffic.rawValue)")
        let owner = ["k8s.ovn.org/owner-type": log == nil ? "NetpolDefault" : "NetpolNamespace"]
        let group = cell.portGroup(name, of: subjects, about: owner)
        let isSubject = Match.port(traffic.port, in: group)
        log?.addMeter(&cell)
        cell.add(
            ACL(
                key: .fixed("\(name)/deny"), action: .drop, direction: traffic.aclDirection, externalIDs: owner,
                match: isSubject, options: traffic.aclOptions, priority: Self.priority, log: log),
            to: group.acls)
        cell.add(
            ACL(
                key: .fixed("\(name)/neighbours"), action: .allow, direction: traffic.aclDirection, externalIDs: owner,
                match: isSubject && .neighbourDiscovery, options: traffic.aclOptions, priority: Self.priority + 1),
            to: group.acls)
        guard settings.allowsICMP else { return }
        cell.add(
            ACL(
                key: .fixed("\(name)/icmp"), action: .allow, direction: traffic.aclDirection, externalIDs: owner,
                match: isSubject && .icmp, options: traffic.aclOptions, priority: Self.priority + 1),
            to: group.acls)
    }
}

/// A pod that reaches itself through a service comes back with an address that no policy knows.
enum Hairpin {
    static func handle(_ node: NodeNetwork, _ cell: inout Cell) throws(Rejection) {
        guard node.isLocal, let cluster = cell.cluster() else { return }
        let addresses = Addresses(cluster.families.compactMap { cluster.masquerade(.hairpin, $0) })
        guard let match = Match.address(.source, in: addresses) else { return }
        for traffic in Traffic.allCases {
            cell.add(
                ACL(
                    key: .own("hairpin-\(traffic.rawValue.lowercased())"), action: .allowRelated,
                    direction: traffic.aclDirection, externalIDs: ["k8s.ovn.org/owner-type": "NetpolDefault"],
                    match: match, options: traffic.aclOptions, priority: Isolation.priority + 1),
                to: Topology.localSwitch(node.name).acls)
        }
    }
}
