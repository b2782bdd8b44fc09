public import Core

/// What a pod was given on each network: addresses, MAC, gateways, routes.
public struct PodNetworks: JSONAnnotation {
    public static let key = AnnotationKey.podNetworks
    /// By network; the cluster's own is `default`.
    public var networks: [String: PodNetworkAssignment]

    public init(networks: [String: PodNetworkAssignment]) { self.networks = networks }
    public init(_ assignment: PodNetworkAssignment) { networks = ["default": assignment] }

    public var `default`: PodNetworkAssignment? { networks["default"] }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        networks = [:]
        for (name, value) in try cursor.members() { networks[name] = try PodNetworkAssignment(value) }
    }

    public var json: JSON {
        .object(JSONObject(networks.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    }
}

/// What a pod was given on one network.
public struct PodNetworkAssignment: Hashable, Sendable {
    /// A route in the pod besides its default route.
    public struct Route: Hashable, Sendable {
        public let destination: IPNetwork
        public let nextHop: IPAddress
        public init(_ destination: IPNetwork, via nextHop: IPAddress) {
            self.destination = destination
            self.nextHop = nextHop
        }
    }

    /// With the prefix length of the node's subnet, at most one per family.
    public var addresses: [IPNetwork]
    public var mac: MACAddress
    public var gateways: [IPAddress]
    public var routes: [Route]
    /// `primary` for the network that carries the default route.
    public var role: String?
    public var ipv6LinkLocalGateway: IPAddress?
    public var tunnelID: Int?

    public init(
        addresses: [IPNetwork], mac: MACAddress, gateways: [IPAddress] = [], routes: [Route] = [],
        role: String? = "primary", ipv6LinkLocalGateway: IPAddress? = nil, tunnelID: Int? = nil
    ) {
        self.addresses = addresses
        self.mac = mac
        self.gateways = gateways
        self.routes = routes
        self.role = role
        self.ipv6LinkLocalGateway = ipv6LinkLocalGateway
        self.tunnelID = tunnelID
    }

    init(_ cursor: JSONCursor) throws(Rejection) {
        addresses = try cursor["ip_addresses"].elements().map { each throws(Rejection) in try each.network() }
        gateways = try cursor["gateway_ips"].elements().map { each throws(Rejection) in try each.address() }
        mac = try cursor["mac_address"].mac()
        let address = try cursor["ip_address"].optional { each throws(Rejection) in try each.network() }
        if let address {
            if addresses.isEmpty { addresses = [address] }
            guard addresses == [address] else { throw cursor["ip_address"].disagrees("ip_addresses") }
        }
        let gateway = try cursor["gateway_ip"].optional { each throws(Rejection) in try each.address() }
        if let gateway {
            if gateways.isEmpty { gateways = [gateway] }
            guard gateways == [gateway] else { throw cursor["gateway_ip"].disagrees("gateway_ips") }
        }
        routes = try cursor["routes"].elements().map { each throws(Rejection) in
            let route = Route(try each["dest"].network(), via: try each["nextHop"].address())
            guard route.destination.length > 0 else {
                throw each["dest"].rejection("BadValue", "a default route belongs in gateway_ips")
            }
            guard route.destination.family == route.nextHop.family else {
                throw each["nextHop"].badValue("an \(route.destination.family) address like its dest")
            }
            return route
        }
        role = try cursor["role"].optional { each throws(Rejection) in try each.string() }
        ipv6LinkLocalGateway = try cursor["ipv6_lla_gateway_ip"].optional { each throws(Rejection) in
            try each.address()
        }
        tunnelID = try cursor["tunnel_id"].optional { each throws(Rejection) in try each.integer() }
    }

    /// With one family the old members `ip_address` and `gateway_ip` are there too.
    var json: JSON {
        var object = JSONObject()
        object["ip_addresses"] = .array(addresses.map(\.json))
        object["mac_address"] = .string(mac.description)
        if !gateways.isEmpty { object["gateway_ips"] = .array(gateways.map { .string("\($0)") }) }
        if !routes.isEmpty {
            object["routes"] = .array(
                routes.map { ["dest": $0.destination.json, "nextHop": .string("\($0.nextHop)")] })
        }
        if addresses.count == 1 { object["ip_address"] = addresses[0].json }
        if gateways.count == 1, addresses.count == 1 { object["gateway_ip"] = .string("\(gateways[0])") }
        if let ipv6LinkLocalGateway { object["ipv6_lla_gateway_ip"] = .string("\(ipv6LinkLocalGateway)") }
        if let tunnelID { object["tunnel_id"] = .integer(tunnelID) }
        if let role { object["role"] = .string(role) }
        return .object(object)
    }
}

extension JSONCursor {
    fileprivate func disagrees(_ member: String) -> Rejection {
        rejection("BadValue", "\(value?.summary ?? "nothing") is not the one entry of \(member)")
    }
}
