import Core
import Model
import Vocabulary

/// DHCP: what the switch answers the port of a pod that asks for its address. A port without options gets no answer.
struct AddressAnswers: Sendable {
    private static let annotation = "ovenbird.io/dhcp"
    /// The server of whom the answers speak.
    private static let server = GuestGateway.address(.v4)
    private static let serverMACv6 = "0a:58:6d:6d:c1:50"

    let settings: NameSettings

    static func handle(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        guard try asks(pod), let port = cell.get(PodPort.self, pod.namespace, pod.name), port.isLocal,
            let cluster = cell.cluster(), let local = cell.localNode()
        else { return }
        Self(settings: cell.settings()).answer(pod, port, cluster, local, &cell)
    }

    private func answer(
        _ pod: Pod, _ port: PodPort, _ cluster: ClusterNetwork, _ local: LocalNode, _ cell: inout Cell
    ) {
        let server = cell.get(Service.self, settings.serverNamespace, settings.serverName)
        let servers = (server?.clusterIPs ?? []).compactMap { IPAddress($0) }
        var row = LogicalSwitchPort(key: .fixed(port.logicalPort))
        for network in port.addresses {
            let own = servers.filter { $0.family == network.family }.map(\.description)
            switch network.family {
            case .v4:
                row.dhcpv4Options = add(v4(pod, port, own, cluster.mtu), "dhcp-v4", network, pod, &cell)
            case .v6:
                row.dhcpv6Options = add(v6(pod, own), "dhcp-v6", network, pod, &cell)
            }
        }
        cell.amend(row)
        GuestRouter.add(on: local.nodeName, cluster, &cell)
    }

    private static func asks(_ pod: Pod) throws(Rejection) -> Bool {
        if pod.guest != nil { return true }
        switch pod.annotations[annotation] {
        case nil, "false": return false
        case "true": return true
        case let other?:
            throw Rejection(
                "BadAnnotation", field: "metadata.annotations[\(annotation)]",
                "\"\(other)\" is neither true nor false")
        }
    }

    private func add(
        _ options: [String: String], _ key: String, _ network: IPNetwork, _ pod: Pod, _ cell: inout Cell
    ) -> RowRef<DHCPOptions> {
        // Nothing is near a guest: on the next node it has other neighbours.
        let range = pod.guest == nil ? network.network : IPNetwork(host: network.address)
        return cell.add(
            DHCPOptions(
                key: .own(key), cidr: range.description,
                externalIDs: [
                    "k8s.ovn.org/owner-type": pod.guest == nil ? "Pod" : "VirtualMachine",
                    "k8s.ovn.org/name": "\(pod.namespace)/\(host(pod))", "k8s.ovn.org/cidr": range.description,
                ], options: options))
    }

    /// A machine has one name, whichever pod it runs in.
    private func host(_ pod: Pod) -> String { pod.guest?.machine ?? pod.name }

    private func domain(_ pod: Pod) -> String { "\(pod.namespace).svc.\(settings.domain)" }

    private func v4(_ pod: Pod, _ port: PodPort, _ servers: [String], _ mtu: Int) -> [String: String] {
        var options = [
            "server_id": Self.server.description, "server_mac": GuestGateway.mac.description,
            "lease_time": String(settings.lease), "mtu": String(mtu), "hostname": "\"\(host(pod))\"",
            "domain_name": "\"\(settings.domain)\"",
            "domain_search_list": "\"\(domain(pod)),svc.\(settings.domain),\(settings.domain)\"",
        ]
        if let router = port.gateways.first(where: { $0.family == .v4 }) {
            options["router"] = router.description
            if pod.guest != nil { options["classless_static_route"] = Self.routes(by: router) }
        }
        if !servers.isEmpty { options["dns_server"] = "{\(servers.joined(separator: ", "))}" }
        return options
    }

    /// The router is on no network of a guest's: it is told to look for it on the link.
    private static func routes(by router: IPAddress) -> String {
        "{\(IPNetwork(host: router)),0.0.0.0, \(IPNetwork.everything(.v4)),\(router)}"
    }

    /// No `fqdn`: the engine of 23.03 does not know it, and one unknown option silences a port.
    private func v6(_ pod: Pod, _ servers: [String]) -> [String: String] {
        var options = ["server_id": Self.serverMACv6, "domain_search": "\"\(domain(pod))\""]
        if !servers.isEmpty { options["dns_server"] = "{\(servers.joined(separator: ", "))}" }
        return options
    }
}
