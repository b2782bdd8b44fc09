public import Model

/// The network of a pod, as ADD reports it to the runtime.
public struct CNIResult: Sendable, Hashable {
    public struct Interface: Sendable, Hashable {
        public let name: String
        public let mac: String
        public let mtu: Int?
        /// The path of the network namespace; empty for an interface of the host.
        public let sandbox: String

        public init(name: String, mac: String, mtu: Int? = nil, sandbox: String = "") {
            self.name = name
            self.mac = mac
            self.mtu = mtu
            self.sandbox = sandbox
        }
    }

    public struct Address: Sendable, Hashable {
        public let address: IPNetwork
        public let gateway: IPAddress?
        /// The place of its interface in `interfaces`.
        public let interface: Int

        public init(_ address: IPNetwork, gateway: IPAddress?, interface: Int) {
            self.address = address
            self.gateway = gateway
            self.interface = interface
        }
    }

    public struct Route: Sendable, Hashable {
        public let destination: IPNetwork
        public let gateway: IPAddress?
        public let mtu: Int?

        public init(_ destination: IPNetwork, gateway: IPAddress?, mtu: Int? = nil) {
            self.destination = destination
            self.gateway = gateway
            self.mtu = mtu
        }
    }

    public let interfaces: [Interface]
    /// The address of the primary family first: the runtime keeps this order in `status.podIPs`.
    public let addresses: [Address]
    public let routes: [Route]

    public init(interfaces: [Interface], addresses: [Address], routes: [Route] = []) {
        self.interfaces = interfaces
        self.addresses = addresses
        self.routes = routes
    }

    /// The result in the form that this version of the specification prescribes.
    public func json(for version: CNIVersion) -> JSON {
        [
            "cniVersion": .string(version.rawValue),
            "interfaces": .array(interfaces.map { $0.json(for: version) }),
            "ips": .array(addresses.map { $0.json(for: version) }),
            "routes": .array(routes.map { $0.json(for: version) }),
            "dns": [:],
        ]
    }
}

extension CNIResult.Interface {
    fileprivate func json(for version: CNIVersion) -> JSON {
        var object = JSONObject([("name", .string(name)), ("mac", .string(mac))])
        if !sandbox.isEmpty { object["sandbox"] = .string(sandbox) }
        if let mtu, version >= .v1_1_0 { object["mtu"] = .integer(mtu) }
        return .object(object)
    }
}

extension CNIResult.Address {
    fileprivate func json(for version: CNIVersion) -> JSON {
        var object = JSONObject([("interface", .integer(interface)), ("address", .string("\(address)"))])
        if let gateway { object["gateway"] = .string("\(gateway)") }
        if version < .v1_0_0 { object["version"] = .string(address.family == .v4 ? "4" : "6") }
        return .object(object)
    }
}

extension CNIResult.Route {
    fileprivate func json(for version: CNIVersion) -> JSON {
        var object = JSONObject([("dst", .string("\(destination)"))])
        if let gateway { object["gw"] = .string("\(gateway)") }
        if let mtu, version >= .v1_1_0 { object["mtu"] = .integer(mtu) }
        return .object(object)
    }
}
