import Core
import Model
import Vocabulary

/// Where a service can be reached: an address and a port of its own, or a port of every node.
struct Frontend: Hashable {
    enum Place: Hashable {
        case cluster(IPAddress)
        case external(IPAddress)
        /// Led to the nodes by a load balancer, which may only be used from the service's source ranges.
        case ingress(IPAddress)
        case node
    }

    let place: Place
    let transport: TransportProtocol
    /// The port that clients use.
    let number: Int
    let port: Service.Port
    /// Those that the service has addresses of.
    let families: Set<Family>

    /// All addresses by which it is reached; `own` are the node's.
    func addresses(_ own: [IPAddress]) -> [IPAddress] {
        address.map { [$0] } ?? own.filter { families.contains($0.family) }
    }

    var address: IPAddress? {
        switch place {
        case .cluster(let address), .external(let address), .ingress(let address): address
        case .node: nil
        }
    }

    /// Clients outside the cluster come here, so that the external policy counts.
    var isExternal: Bool { if case .cluster = place { false } else { true } }

    /// Where the user wrote it.
    var field: String {
        switch place {
        case .cluster: "spec.clusterIPs"
        case .external: "spec.externalIPs"
        case .ingress: "status.loadBalancer.ingress"
        case .node: "spec.ports"
        }
    }

    /// `tcp 10.96.0.10:80`, `tcp node:30080`: the same for two services that cannot both have it.
    var claim: String {
        let place = address.map { Backend($0, number).description } ?? "node:\(number)"
        return "\(transport.rawValue.lowercased()) \(place)"
    }
}

/// The frontends that a service asks for, and what of it cannot be had.
struct Frontends {
    /// Its value names another proxy that serves the service.
    static let proxyLabel = "service.kubernetes.io/service-proxy-name"
    private(set) var list: [Frontend] = []
    /// The port on which the nodes say whether they have endpoints; nil when nobody asks.
    private(set) var healthPort: Int?
    private(set) var complaints: [Rejection] = []
    private let service: Service
    private let cluster: ClusterNetwork
    /// Where the service says a number first, by `port TCP 80`.
    private var owners: [String: String] = [:]

    init(_ service: Service, in cluster: ClusterNetwork, nodePorts: Bool) {
        self.service = service
        self.cluster = cluster
        // Another proxy serves it, or nobody does.
        guard service.labels[Self.proxyLabel] == nil, service.type != .externalName,
            !service.isHeadless
        else { return }
        if service.clusterIPs.isEmpty {
            complain("NoAddress", "spec.clusterIPs", "there is none; where no API server gives one, write it")
        }
        checkRanges()
        let places = places()
        let served = Set(
            places.compactMap { place in if case .cluster(let address) = place { address.family } else { nil } })
        for (index, port) in service.ports.enumerated() {
            let field = "spec.ports[\(index)]"
            guard let transport = transport(of: port, field), isFirst("port", transport, port.port, at: field + ".port")
            else { continue }
            list += places.map {
                Frontend(place: $0, transport: transport, number: port.port, port: port, families: served)
            }
            guard port.nodePort != 0, service.type != .clusterIP, nodePorts,
                isPort(port.nodePort, field + ".nodePort"),
                isFirst("nodePort", transport, port.nodePort, at: field + ".nodePort")
            else { continue }
            list.append(
                Frontend(place: .node, transport: transport, number: port.nodePort, port: port, families: served))
        }
        if !list.isEmpty { checkHealth() }
    }

    /// What no other service can have.
    var claims: Set<String> { Set(list.map(\.claim) + (healthPort.map { [Self.claim(toHealth: $0)] } ?? [])) }

    /// That of a TCP node port of the same number.
    static func claim(toHealth port: Int) -> String { "tcp node:\(port)" }

    private mutating func complain(_ reason: String, _ field: String, _ message: String) {
        complaints.append(Rejection(reason, field: field, message))
    }

    private mutating func isPort(_ number: Int, _ field: String) -> Bool {
        if (1...65535).contains(number) { return true }
        complain("BadPort", field, "\(number) is not from 1 to 65535")
        return false
    }

    private mutating func transport(of port: Service.Port, _ field: String) -> TransportProtocol? {
        guard isPort(port.port, field + ".port") else { return nil }
        guard let transport = TransportProtocol(rawValue: port.transport) else {
            complain("BadProtocol", field + ".protocol", "\(port.transport) is not TCP, UDP or SCTP")
            return nil
        }
        return transport
    }

    /// Of two ports of the service with one number the first has it. Who loses his `port` is not served at all: his
    /// node port would lead the host's processes to the other.
    private mutating func isFirst(
        _ what: String, _ transport: TransportProtocol, _ number: Int, at field: String
    ) -> Bool {
        let key = "\(what) \(transport.rawValue) \(number)"
        guard let owner = owners[key] else {
            owners[key] = field
            return true
        }
        complain("Conflict", field, "\(transport.rawValue) \(number) is that of \(owner); choose another")
        return false
    }

    private mutating func places() -> [Frontend.Place] {
        var places: [Frontend.Place] = []
        for text in service.clusterIPs {
            if let address = address(text, "spec.clusterIPs"), isFree(address, "spec.clusterIPs") {
                places.append(.cluster(address))
            }
        }
        for text in service.externalIPs {
            if let address = address(text, "spec.externalIPs"), isFree(address, "spec.externalIPs") {
                places.append(.external(address))
            }
        }
        guard service.type == .loadBalancer else { return places }
        // An entry with a host name only, or of a proxy that speaks to node ports, brings no packets here.
        for entry in service.ingress where !entry.address.isEmpty && entry.mode == "VIP" {
            if let address = address(entry.address, "status.loadBalancer.ingress"),
                isFree(address, "status.loadBalancer.ingress")
            {
                // Its source ranges hold for the address, wherever else the user has written it.
                places.removeAll { $0 == .external(address) }
                places.append(.ingress(address))
            }
        }
        return places
    }

    private mutating func address(_ text: String, _ field: String) -> IPAddress? {
        guard let address = IPAddress(text) else {
            complain("BadAddress", field, "\(text) is not an IP address")
            return nil
        }
        guard cluster.families.contains(address.family) else {
            complain("BadFamily", field, "\(text) is \(address.family), which the cluster does not use")
            return nil
        }
        return address
    }

    private mutating func isFree(_ address: IPAddress, _ field: String) -> Bool {
        if address.isLoopback || address.isUnspecified || address.isMulticast || address.isLinkLocal {
            complain("BadAddress", field, "\(address) cannot be the address of a service")
            return false
        }
        // It would take the place of a pod, of a service to come, or of the cluster's routers.
        let taken =
            cluster.clusterSubnets.map(\.network) + cluster.joinSubnets.values + cluster.transitSubnets.values
            + cluster.masqueradeSubnets.values + (field == "spec.clusterIPs" ? [] : cluster.serviceNetworks)
        if let network = taken.first(where: { $0.contains(address) }) {
            complain("BadAddress", field, "\(address) is in \(network), which the cluster uses itself")
            return false
        }
        return true
    }

    private mutating func checkHealth() {
        let port = service.healthCheckNodePort
        let field = "spec.healthCheckNodePort"
        guard service.type == .loadBalancer, service.externalPolicy == .local, port != 0, isPort(port, field),
            isFirst("nodePort", .tcp, port, at: field)
        else { return }
        healthPort = port
    }

    private mutating func checkRanges() {
        guard service.type == .loadBalancer else { return }
        for (index, text) in service.sourceRanges.enumerated() where Self.range(text) == nil {
            complain(
                "BadSourceRange", "spec.loadBalancerSourceRanges[\(index)]",
                "\"\(text)\" is not a network, as 192.0.2.0/24 is; nobody is let in by it")
        }
    }

    /// As the API server reads it.
    static func range(_ text: String) -> IPNetwork? {
        IPNetwork(text.split(whereSeparator: \.isWhitespace).joined())
    }
}
