import Core
import Model
import Vocabulary

/// DNS: the names of a namespace that the switch answers itself, for the pods of this node.
enum NameAnswers {
    private static let annotation = "ovenbird.io/native-dns"
    /// Below the rules of network policies: what they deny stays denied.
    private static let priority = 900

    private enum Level: String, CaseIterable {
        case services
        case headless
        case pods
    }

    static func handle(_ namespace: Namespace, _ cell: inout Cell) throws(Rejection) {
        guard let text = namespace.annotations[annotation], let local = cell.localNode() else { return }
        let levels = try levels(text)
        guard !levels.isEmpty else { return }
        let settings = cell.settings(NameSettings.self)
        var records = Records(domain: settings.domain)
        let services = cell.list(cell.group(of: Service.self, in: .namespace(namespace.name)))
        for service in services where service.type != .externalName {
            if !service.isHeadless {
                if levels.contains(.services) { records.add(service) }
            } else if levels.contains(.headless) {
                let selector = LabelSelector(labels: [EndpointSlice.serviceLabel: service.name])
                records.add(
                    service,
                    cell.list(cell.group(of: EndpointSlice.self, in: .namespace(namespace.name), matching: selector)))
            }
        }
        if levels.contains(.pods) {
            for pod in cell.list(cell.group(of: PodPort.self, in: .namespace(namespace.name))) { records.add(pod) }
        }
        let nodeSwitch = Topology.localSwitch(local.nodeName)
        if !records.entries.isEmpty {
            cell.add(
                DNS(
                    key: .own("dns"),
                    externalIDs: ["k8s.ovn.org/kind": "DNS", "k8s.ovn.org/owner": namespace.name],
                    records: records.entries),
                to: nodeSwitch.dnsRecords)
            // Without a gateway router nobody would lead to the server what the switch does not answer.
            if local.gateway.mode != .disabled { passToServer(settings, nodeSwitch, &cell) }
        }
        if !records.complaints.isEmpty { cell.add(ObjectStatus(namespace.id, events: records.complaints)) }
    }

    private static func levels(_ text: String) throws(Rejection) -> Set<Level> {
        var levels: Set<Level> = []
        for word in text.split(separator: ",").map({ $0.filter { $0 != " " } }) {
            guard let level = Level(rawValue: String(word)) else {
                throw Rejection(
                    "BadAnnotation", field: "metadata.annotations[\(annotation)]",
                    "\"\(word)\" is not one of \(Level.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            levels.insert(level)
        }
        return levels
    }

    /// Queries to the cluster's name server pass the switch untranslated, so that its answers come from whom was
    /// asked. What it does not know goes on to the gateway router, which leads to the server.
    private static func passToServer(
        _ settings: NameSettings, _ nodeSwitch: RowRef<LogicalSwitch>, _ cell: inout Cell
    ) {
        let server = cell.get(Service.self, settings.serverNamespace, settings.serverName)
        for address in (server?.clusterIPs ?? []).compactMap({ IPAddress($0) }) {
            let ip = address.family == .v4 ? "ip4" : "ip6"
            let ways: [(ACL.Direction, String)] = [
                (.fromLport, "\(ip).dst == \(address) && udp.dst == 53"),
                (.toLport, "\(ip).src == \(address) && udp.src == 53"),
            ]
            for (direction, match) in ways {
                cell.add(
                    ACL(
                        key: .fixed("name-service \(direction.rawValue) \(address)"), action: .allowStateless,
                        direction: direction, match: match, priority: priority, tier: PolicyTier.namespaces),
                    to: nodeSwitch.acls)
            }
        }
    }
}

/// Names and their addresses, as the engine wants them: lower case, without the final dot.
struct Records {
    private(set) var entries: [String: String] = [:]
    private(set) var complaints: [ObjectEvent] = []
    private let domain: String
    private static let longest = 253

    init(domain: String) { self.domain = domain }

    private mutating func add(_ name: String, _ addresses: [IPAddress]) {
        guard !addresses.isEmpty else { return }
        guard name.utf8.count <= Self.longest, name == name.lowercased() else {
            complaints.append(
                ObjectEvent(
                    .warning, reason: "BadName",
                    message: "\(name) is longer than \(Self.longest) characters or has capitals; it is not answered"))
            return
        }
        entries[name] = addresses.sorted().map(\.description).joined(separator: " ")
    }

    mutating func add(_ service: Service) {
        let addresses = service.clusterIPs.compactMap { IPAddress($0) }
        let name = "\(service.name).\(service.namespace).svc.\(domain)"
        add(name, addresses)
        guard entries[name] != nil else { return }
        for address in addresses { entries[Self.reverse(address)] = name }
    }

    /// A headless service: its name leads to all endpoints that answer, that of each with a host name to it alone.
    mutating func add(_ service: Service, _ slices: [EndpointSlice]) {
        let name = "\(service.name).\(service.namespace).svc.\(domain)"
        var all: Set<IPAddress> = []
        var hosts: [String: Set<IPAddress>] = [:]
        for slice in slices {
            for endpoint in slice.endpoints where endpoint.isReady || service.publishNotReadyAddresses {
                let addresses = endpoint.addresses.compactMap { IPAddress($0) }
                all.formUnion(addresses)
                if !endpoint.hostname.isEmpty {
                    hosts["\(endpoint.hostname).\(name)", default: []].formUnion(addresses)
                }
            }
        }
        add(name, Array(all))
        for (host, addresses) in hosts { add(host, Array(addresses)) }
    }

    mutating func add(_ pod: PodPort) {
        for address in pod.addresses.map(\.address) {
            let label = address.description.map { $0 == "." || $0 == ":" ? "-" : String($0) }.joined()
            add("\(label).\(pod.namespace).pod.\(domain)", [address])
        }
    }

    /// The name by which an address is looked up.
    static func reverse(_ address: IPAddress) -> String {
        if address.family == .v4 {
            return address.bytes.reversed().map(String.init).joined(separator: ".") + ".in-addr.arpa"
        }
        let digits = address.bytes.flatMap { [$0 >> 4, $0 & 15] }.reversed().map { String($0, radix: 16) }
        return digits.joined(separator: ".") + ".ip6.arpa"
    }
}
