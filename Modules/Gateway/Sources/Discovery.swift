import Core
public import Model

/// Finds the way out of the node from the routes that its kernel has.
///
/// Per family, the default route of the lowest metric that has a gateway counts. Both families must leave by the same
/// interface: a node has one gateway router, with one external port and one MAC.
public struct Discovery: Sendable {
    /// The way out: an interface, and a next hop for each family that has one.
    public struct Exit: Hashable, Sendable {
        public let interface: String
        public let nextHops: [IPAddress]
        /// What works less well than the operator may think.
        public let warnings: [Rejection]
    }

    /// Which interface the routes of an interface really leave by: a network card and the bridge it is a port of are
    /// one.
    private let identity: @Sendable (String) -> String

    public init(identity: @escaping @Sendable (String) -> String = { $0 }) { self.identity = identity }

    /// - Parameters:
    ///   - families: those of the cluster, primary first.
    ///   - interface: the configured interface, which wins over the routes.
    ///   - configured: next hops that the operator set, which win over the routes.
    public func find(
        _ routes: [Route], families: [Family], interface: String?, nextHops configured: [IPAddress]
    ) throws(Rejection) -> Exit {
        let found = Family.allCases.filter(families.contains).compactMap { family in
            exit(of: family, routes, within: interface).map { (family: family, hop: $0) }
        }
        let devices = found.map(\.hop.device)
        if Set(devices.map(identity)).count > 1 {
            throw Rejection(
                "MultipleGatewayInterfaces",
                "multiple gateway interfaces detected: \(devices.joined(separator: " ")): IPv4 and IPv6 must leave by "
                    + "the same interface; give both default routes one, or set gateway.interface")
        }
        guard let chosen = interface ?? devices.first else {
            throw Rejection(
                "NoGatewayInterface",
                "failed to get default gateway interface: the node has no default route with a gateway; add one, or "
                    + "set gateway.interface and gateway.next-hop")
        }
        let hops = families.compactMap { family in
            configured.first { $0.family == family }
                ?? found.first { $0.family == family }?.hop.gateway
        }
        return Exit(
            interface: chosen, nextHops: hops,
            warnings: families.filter { family in !hops.contains { $0.family == family } }.map { family in
                Rejection(
                    "NoDefaultRoute",
                    "no \(family) default route by \(chosen): pods reach each other, but nothing outside, over "
                        + "\(family)")
            })
    }

    private func exit(
        of family: Family, _ routes: [Route], within interface: String?
    ) -> (device: String, gateway: IPAddress)? {
        routes.filter { $0.family == family && $0.isDefault && $0.table == 254 }
            .sorted { ($0.metric, $0.name) < ($1.metric, $1.name) }
            .lazy.flatMap { route in
                // Of a multipath route only the first hop that has a gateway counts.
                route.nextHops.lazy.compactMap { hop in hop.gateway.map { (hop.device, $0) } }.prefix(1)
            }
            .first { hop in interface.map { identity($0) == identity(hop.0) } ?? true }
    }
}
