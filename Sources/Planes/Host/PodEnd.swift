import Linux
import Model

/// The pod's end of a pod link. Works on a thread inside the pod's namespace.
///
/// Addresses, routes and the limit bear our number, so that what a row no longer says is told from what the pod has
/// of its own, whoever put it there.
struct PodEnd {
    let link: PodLink
    let writes: WriteCounter

    /// Brings the pod's end into its desired state; says whether something had to be written.
    func ensure() throws -> Bool {
        let before = writes.value
        let socket = try NetlinkSocket()
        let links = try socket.links()
        guard let end = links.first(where: { $0.name == link.interface }) else {
            throw MalformedRow(description: "the pod has no interface \(link.interface)")
        }
        if let loopback = links.first(where: { $0.name == "lo" }), !loopback.isUp {
            try write { try socket.setLink(loopback.index, "lo", LinkSettings(up: true)) }
        }
        try settings()
        if end.mac != link.mac || end.mtu != link.mtu || !end.isUp {
            try write {
                try socket.setLink(end.index, end.name, LinkSettings(up: true, mtu: link.mtu, mac: link.mac))
            }
        }
        try addresses(socket, end.index)
        try routes(socket, end.index)
        try limit(socket, end.index)
        return writes.value != before
    }

    private func write(_ body: () throws -> Void) throws {
        writes.add()
        try body()
    }

    /// Kernel settings and offloads, which have to be right before the link is up.
    private func settings() throws {
        let folder = "net/ipv6/conf/\(link.interface)"
        // A neighbour that plays the router would be believed: the engine lets advertisements pass.
        var wanted = [
            ("\(folder)/dad_transmits", "0"), ("\(folder)/addr_gen_mode", "0"), ("\(folder)/accept_ra", "0"),
        ]
        if link.addresses.contains(where: { $0.family == .v6 }) { wanted.append(("\(folder)/disable_ipv6", "0")) }
        for (path, value) in wanted {
            if let current = KernelSettings.value(path), current != value {
                try write { try KernelSettings.set(path, to: value) }
            }
        }
        if link.checksumOffloadOff, try Ethtool.transmitChecksumOffload(link.interface) {
            try write { try Ethtool.setTransmitChecksumOffload(link.interface, false) }
        }
    }

    /// The limit of what the pod sends: the root queueing discipline of its end. With the userspace datapath nothing on
    /// the host's end would hold it back.
    private func limit(_ socket: NetlinkSocket, _ index: Int) throws {
        let isThere = try socket.queues().contains {
            $0.index == index && $0.isRoot && $0.kind == "tbf" && $0.handle == Kernel.origin
        }
        guard let rate = link.egressRate else {
            guard isThere else { return }
            return try write { try Command("tc", "qdisc", "del", "dev", link.interface, "root").run() }
        }
        if isThere {
            // In bytes, as the tool lists it.
            let present = try Command("tc", "-j", "qdisc", "show", "dev", link.interface, "root").run()
            if present.contains("\"rate\":\(rate / 8),") { return }
        }
        let burst = max(32_768, rate / 8 / 50)
        let handle = String(Kernel.origin, radix: 16) + ":"
        try write {
            try Command(
                "tc", "qdisc", "replace", "dev", link.interface, "root", "handle", handle, "tbf", "rate",
                "\(rate)bit", "burst", "\(burst)", "latency", "50ms"
            ).run()
        }
    }

    private func addresses(_ socket: NetlinkSocket, _ index: Int) throws {
        let present = try socket.addresses().filter { $0.index == index }
        for address in present where address.origin == Kernel.origin && !link.addresses.contains(address.address) {
            try write { try socket.deleteAddress(address, on: link.interface) }
        }
        for address in link.addresses where !present.contains(where: { $0.address == address }) {
            let new = AddressInfo(index: index, address: address, origin: Kernel.origin)
            try write { try socket.setAddress(new, on: link.interface) }
        }
    }

    private func routes(_ socket: NetlinkSocket, _ index: Int) throws {
        let wanted = Self.routes(of: link, index)
        let present = try socket.routes().filter { $0.nextHops.first?.index == index && $0.table == 254 }
        for route in present where route.origin == Kernel.origin {
            guard !wanted.contains(where: { Self.isSame($0, route) }) else { continue }
            try write { try socket.deleteRoute(route) }
        }
        for route in wanted where !present.contains(where: { Self.isSame($0, route) }) {
            try write { try socket.setRoute(route) }
        }
    }

    private static func isSame(_ a: RouteInfo, _ b: RouteInfo) -> Bool {
        a.destination == b.destination && a.metric == b.metric && a.mtu == b.mtu
            && a.nextHops.map(\.gateway) == b.nextHops.map(\.gateway)
    }

    /// The routes in the order in which they are set: the default ones last.
    private static func routes(of link: PodLink, _ index: Int) -> [RouteInfo] {
        func route(_ destination: IPNetwork, _ gateway: IPAddress, _ mtu: Int?) -> RouteInfo {
            let near = link.addresses.contains { $0.contains(gateway) } || gateway.isLinkLocal
            return RouteInfo(
                destination: destination.network, metric: destination.family == .v4 ? 0 : 1024,
                nextHops: [.init(index: index, gateway: gateway, isOnLink: !near)], origin: Kernel.origin, mtu: mtu)
        }
        let defaults = link.gateways.compactMap { gateway in
            IPNetwork(IPAddress(family: gateway.family, number: 0), length: 0).map { route($0, gateway, nil) }
        }
        return link.routes.map { route($0.destination, $0.gateway, $0.mtu) } + defaults
    }
}
