public import Core

/// How a node reaches the world outside, per network; the cluster's own is `default`.
public struct L3GatewayConfiguration: JSONAnnotation {
    public static let key = AnnotationKey.gatewayConfiguration
    public var networks: [String: Gateway]

    public init(networks: [String: Gateway]) { self.networks = networks }
    public init(_ gateway: Gateway) { networks = ["default": gateway] }

    public var `default`: Gateway? { networks["default"] }

    /// One gateway of a node.
    public struct Gateway: Hashable, Sendable {
        public var mode: GatewayMode
        public var bridge: String
        /// The logical port of the uplink: `br-ex_n1`.
        public var interface: String
        /// Nil when there is no gateway.
        public var mac: MACAddress?
        public var addresses: [IPNetwork]
        public var nextHops: [IPAddress]
        public var nodePort: Bool
        public var vlan: Int

        public init(
            mode: GatewayMode, bridge: String = "", interface: String = "", mac: MACAddress? = nil,
            addresses: [IPNetwork] = [], nextHops: [IPAddress] = [], nodePort: Bool = false, vlan: Int = 0
        ) {
            self.mode = mode
            self.bridge = bridge
            self.interface = interface
            self.mac = mac
            self.addresses = addresses
            self.nextHops = nextHops
            self.nodePort = nodePort
            self.vlan = vlan
        }
    }

    public init(_ cursor: JSONCursor) throws(Rejection) {
        networks = [:]
        for (name, value) in try cursor.members() { networks[name] = try Gateway(value) }
    }

    public var json: JSON {
        .object(JSONObject(networks.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    }
}

extension L3GatewayConfiguration.Gateway {
    init(_ cursor: JSONCursor) throws(Rejection) {
        mode = try cursor["mode"].optional { each throws(Rejection) in try each.choice() } ?? .disabled
        bridge = try cursor["bridge-id"].string(or: "")
        interface = try cursor["interface-id"].string(or: "")
        addresses = try cursor["ip-addresses"].elements().map { each throws(Rejection) in try each.network() }
        nextHops = try cursor["next-hops"].elements().map { each throws(Rejection) in try each.address() }
        if addresses.isEmpty,
            let old = try cursor["ip-address"].optional({ each throws(Rejection) in try each.network() })
        {
            addresses = [old]
        }
        if nextHops.isEmpty, let old = try cursor["next-hop"].optional({ each throws(Rejection) in try each.address() })
        {
            nextHops = [old]
        }
        nodePort = try cursor["node-port-enable"].string(or: "false") == "true"
        let tag = cursor["vlan-id"]
        guard let vlan = Int(try tag.string(or: "0")), (0...4095).contains(vlan) else {
            throw tag.badValue("a VLAN from 0 to 4095")
        }
        self.vlan = vlan
        let mac = try cursor["mac-address"].optional { each throws(Rejection) in try each.mac() }
        self.mac = mac
        guard mode == .disabled || (mac != nil && !interface.isEmpty && !addresses.isEmpty) else {
            throw cursor.rejection(
                "BadAnnotation", "mode \"\(mode.rawValue)\" needs interface-id, mac-address and ip-addresses")
        }
    }

    /// Without a gateway there is only the mode; with one family the old members are there too.
    var json: JSON {
        var object = JSONObject([("mode", .string(mode.rawValue))])
        guard mode != .disabled else { return .object(object) }
        object["bridge-id"] = .string(bridge)
        object["interface-id"] = .string(interface)
        object["mac-address"] = mac.map { .string($0.description) }
        object["ip-addresses"] = .array(addresses.map(\.json))
        if addresses.count == 1 { object["ip-address"] = addresses[0].json }
        object["next-hops"] = .array(nextHops.map { .string("\($0)") })
        if addresses.count == 1, nextHops.count == 1 { object["next-hop"] = .string("\(nextHops[0])") }
        object["node-port-enable"] = .string(nodePort ? "true" : "false")
        object["vlan-id"] = .string(String(vlan))
        return .object(object)
    }
}
