extension SettingsReader {
    /// Reads and checks what the cluster shares. What cannot be read is left out of the result and in `errors`.
    mutating func clusterNetwork() -> ClusterNetwork {
        let ranges = list(.clusterSubnets)
        if ranges.isEmpty { fail(.clusterSubnets, "MissingValue", "cluster-subnets is empty; give at least one range") }
        let subnets = ranges.compactMap { clusterSubnet($0) }
        let services = list(.serviceCIDRs).compactMap { network(.serviceCIDRs, $0) }
        var families: [Family] = []
        for subnet in subnets where !families.contains(subnet.network.family) { families.append(subnet.network.family) }
        checkFamilies(families, services)

        let join = pair(.joinV4, .joinV6, families)
        let transit = pair(.transitV4, .transitV6, families)
        let masquerade = pair(.masqueradeV4, .masqueradeV6, families)
        for family in families {
            let setting: Setting = family == .v4 ? .masqueradeV4 : .masqueradeV6
            if let network = masquerade[family], network.count < 8 {
                fail(setting, "TooSmall", "\(setting.key)=\(network) has \(network.count) addresses; it needs 8")
            }
        }
        checkRoom(join, .joinV4, .joinV6)
        checkRoom(transit, .transitV4, .transitV6)
        checkOverlaps(subnets, services, join, transit, masquerade)

        let least = families.contains(.v6) ? 1280 : 576
        let mtu = integer(.mtu, in: least...65457)
        let routable = integer(.routableMTU, in: 0...65457)
        if routable != 0, !(least...mtu).contains(routable) {
            fail(.routableMTU, "BadValue", "routable-mtu=\(routable) is not from \(least) to the MTU, \(mtu)")
        }
        let type = text(.encapType)
        if type != "geneve" { fail(.encapType, "BadValue", "encap-type=\(type): only geneve is supported") }
        return ClusterNetwork(
            families: families, clusterSubnets: subnets, serviceNetworks: services, joinSubnets: join,
            transitSubnets: transit, masqueradeSubnets: masquerade, mtu: mtu,
            routableMTU: routable == 0 ? nil : routable, encapsulationPort: integer(.encapPort, in: 1...65535))
    }

    /// `10.128.0.0/14/23`, or without the last number.
    private mutating func clusterSubnet(_ text: String) -> ClusterNetwork.ClusterSubnet? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else {
            fail(.clusterSubnets, "BadNetwork", "cluster-subnets: \(text) is not CIDR or CIDR/prefix of a node")
            return nil
        }
        guard let network = network(.clusterSubnets, parts[0..<2].joined(separator: "/")) else { return nil }
        let isV4 = network.family == .v4
        guard let prefix = parts.count == 3 ? Int(parts[2]) : (isV4 ? 24 : 64) else {
            fail(.clusterSubnets, "BadHostPrefix", "cluster-subnets: \(parts[2]) in \(text) is not a prefix length")
            return nil
        }
        if !isV4, prefix != 64 {
            fail(.clusterSubnets, "BadHostPrefix", "cluster-subnets: \(text) gives a node /\(prefix); IPv6 needs /64")
        } else if prefix <= network.length {
            fail(
                .clusterSubnets, "BadHostPrefix",
                "cluster-subnets: \(text) gives a node /\(prefix), which is not a part of \(network)")
        } else if isV4, prefix > 29 {
            fail(
                .clusterSubnets, "BadHostPrefix",
                "cluster-subnets: \(text) gives a node /\(prefix), which has no room for pods; at most /29")
        } else {
            return ClusterNetwork.ClusterSubnet(network, hostPrefix: prefix)
        }
        return nil
    }

    private mutating func checkFamilies(_ families: [Family], _ services: [IPNetwork]) {
        for family in Family.allCases {
            let count = services.count { $0.family == family }
            if count > 1 {
                let all = services.filter { $0.family == family }.map(\.description).joined(separator: ", ")
                fail(.serviceCIDRs, "TooMany", "service-cidrs has \(count) \(family) ranges (\(all)); one per family")
            }
            // A family that is missing because its range could not be read has its error already.
            guard errors.isEmpty, (count > 0) != families.contains(family) else { continue }
            let (has, lacks) = count > 0 ? ("service-cidrs", "cluster-subnets") : ("cluster-subnets", "service-cidrs")
            fail(
                count > 0 ? .serviceCIDRs : .clusterSubnets, "FamilyMismatch",
                "\(has) has \(family) and \(lacks) has not; both need the same families")
        }
    }

    /// The subnets of the families in use; those of a family that is not in use are only read.
    private mutating func pair(_ v4: Setting, _ v6: Setting, _ families: [Family]) -> ByFamily<IPNetwork> {
        var result = ByFamily<IPNetwork>()
        for (setting, family) in [(v4, Family.v4), (v6, Family.v6)] {
            guard let network = network(setting, text(setting)) else { continue }
            if network.family != family {
                fail(setting, "BadNetwork", "\(setting.key)=\(network) is not \(family)")
            } else if families.contains(family) {
                result[family] = network
            }
        }
        return result
    }

    private mutating func checkRoom(_ subnets: ByFamily<IPNetwork>, _ v4: Setting, _ v6: Setting) {
        for family in Family.allCases {
            guard let network = subnets[family], network.count <= NodeID.range.upperBound + 1 else { continue }
            let setting = family == .v4 ? v4 : v6
            let nodes = network.count - 3
            if nodes < 1 {
                fail(setting, "TooSmall", "\(setting.key)=\(network) has no room for nodes")
            } else {
                warn(setting, "TooSmall", "\(setting.key)=\(network) has room for \(nodes) nodes only")
            }
        }
    }

    private mutating func checkOverlaps(
        _ subnets: [ClusterNetwork.ClusterSubnet], _ services: [IPNetwork], _ join: ByFamily<IPNetwork>,
        _ transit: ByFamily<IPNetwork>, _ masquerade: ByFamily<IPNetwork>
    ) {
        var all: [(setting: Setting, network: IPNetwork)] = subnets.map { (.clusterSubnets, $0.network) }
        all += services.map { (.serviceCIDRs, $0) }
        for family in Family.allCases {
            let isV4 = family == .v4
            if let network = join[family] { all.append((isV4 ? .joinV4 : .joinV6, network)) }
            if let network = transit[family] { all.append((isV4 ? .transitV4 : .transitV6, network)) }
            if let network = masquerade[family] { all.append((isV4 ? .masqueradeV4 : .masqueradeV6, network)) }
        }
        for (index, one) in all.enumerated() {
            for other in all[..<index] where one.network.overlaps(other.network) {
                fail(
                    one.setting, "Overlap",
                    "\(one.setting.key) \(one.network) overlaps \(other.setting.key) \(other.network); give one of "
                        + "them another range")
            }
        }
    }
}
