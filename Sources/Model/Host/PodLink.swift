public import Core

/// The veth pair of one attachment: one end on the host, the other in the pod's network namespace.
///
/// The plane makes the pair, sets it up and removes it with the row. A network namespace that is not there is a
/// refusal; one that vanishes later is fine, since the pair goes with it.
public struct PodLink: Row, Hashable {
    public static let table = Table(
        plane: PlaneName.host, name: "PodLink",
        columns: [
            .init("sandbox", .scalar), .init("interface", .scalar), .init("host_interface", .scalar),
            .init("netns", .scalar), .init("mac", .scalar), .init("mtu", .scalar), .init("addresses", .set),
            .init("gateways", .set), .init("routes", .set), .init("ingress_drop", .scalar),
            .init("checksum_offload_off", .scalar), .init("egress_rate", .scalar), .init("open", .scalar),
        ], identity: .columns(["sandbox", "interface"]))

    /// The identity of the sandbox, usually a container id.
    public var sandbox: String
    /// The name of the pod's end.
    public var interface: String
    /// The name of the host's end, at most 15 characters.
    public var hostInterface: String
    /// The path of the pod's network namespace: `/run/netns/NAME` or `/proc/PID/ns/net`.
    public var netns: String
    /// The MAC address of the pod's end.
    public var mac: MACAddress
    public var mtu: Int
    /// The addresses of the pod's end, with their prefix lengths.
    public var addresses: [IPNetwork]
    /// The gateways of the pod's default routes, one per family at most.
    public var gateways: [IPAddress]
    public var routes: [PodRoute]
    /// Keeps the host's kernel from handling what the switch already gets from this port. Needed with the userspace
    /// datapath, harmful with the kernel's.
    public var ingressDrop: Bool
    /// Switches transmit checksum offload off in the pod. Needed with the userspace datapath.
    public var checksumOffloadOff: Bool
    /// The most that the pod may send, in bits per second; nil for no limit.
    public var egressRate: Int?
    /// Whether the switch knows what to do with the pod's packets. Until then the host's end of a new pair stays down:
    /// the switch would remember of the first packet that it is to be dropped. An end that is up is never taken down.
    public var isOpen: Bool

    public init(
        sandbox: String, interface: String = "eth0", hostInterface: String, netns: String, mac: MACAddress, mtu: Int,
        addresses: [IPNetwork], gateways: [IPAddress] = [], routes: [PodRoute] = [], ingressDrop: Bool = true,
        checksumOffloadOff: Bool = true, egressRate: Int? = nil, isOpen: Bool = true
    ) {
        self.sandbox = sandbox
        self.interface = interface
        self.hostInterface = hostInterface
        self.netns = netns
        self.mac = mac
        self.mtu = mtu
        self.addresses = addresses
        self.gateways = gateways
        self.routes = routes
        self.ingressDrop = ingressDrop
        self.checksumOffloadOff = checksumOffloadOff
        self.egressRate = egressRate
        self.isOpen = isOpen
    }

    /// The key of the row: `SANDBOX INTERFACE`.
    public static func key(sandbox: String, interface: String = "eth0") -> String { "\(sandbox) \(interface)" }

    public var key: RowKey { .fixed(Self.key(sandbox: sandbox, interface: interface)) }

    public func encode(into columns: inout ColumnWriter) {
        columns.scalar(0, sandbox)
        columns.scalar(1, interface)
        columns.scalar(2, hostInterface)
        columns.scalar(3, netns)
        columns.scalar(4, mac)
        columns.scalar(5, mtu)
        columns.set(6, addresses)
        columns.set(7, gateways)
        columns.set(8, routes)
        columns.scalar(9, ingressDrop)
        columns.scalar(10, checksumOffloadOff)
        columns.scalar(11, egressRate)
        columns.scalar(12, isOpen)
    }
}

/// A route inside a pod, written `10.244.0.0/16 via 10.244.1.1` and, with an MTU, ` mtu 1300`.
public struct PodRoute: ColumnElement, CustomStringConvertible {
    public var destination: IPNetwork
    public var gateway: IPAddress
    public var mtu: Int?

    public init(_ destination: IPNetwork, via gateway: IPAddress, mtu: Int? = nil) {
        self.destination = destination
        self.gateway = gateway
        self.mtu = mtu
    }

    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3 || words.count == 5, words[1] == "via", let destination = IPNetwork(words[0]),
            let gateway = IPAddress(words[2])
        else { return nil }
        self.init(destination, via: gateway)
        if words.count == 5 {
            guard words[3] == "mtu", let mtu = Int(words[4]) else { return nil }
            self.mtu = mtu
        }
    }

    public var description: String { "\(destination) via \(gateway)" + (mtu.map { " mtu \($0)" } ?? "") }
    public var value: Value { .string(description) }
}
