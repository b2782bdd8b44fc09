extension ClusterNetwork {
    /// What of the cluster's networks a host cannot live with: an address of its own inside one of them.
    ///
    /// Call it before anything is changed; addresses that the program itself sets are not the host's.
    public func conflicts(withHost addresses: [IPNetwork]) -> [ConfigurationProblem] {
        var own = clusterSubnets.map { ("cluster-subnets", $0.network) }
        own += serviceNetworks.map { ("service-cidrs", $0) }
        own += joinSubnets.values.map { ("join-subnet", $0) }
        own += transitSubnets.values.map { ("transit-subnet", $0) }
        own += masqueradeSubnets.values.map { ("masquerade-subnet", $0) }
        return addresses.flatMap { address in
            own.filter { !address.address.isLinkLocal && $0.1.overlaps(address.network) }.map { name, network in
                ConfigurationProblem(
                    source: "host", reason: "Overlap",
                    message: "\(name) \(network) overlaps the host's network \(address.network) (address \(address)); "
                        + "choose another range")
            }
        }
    }

    /// Why the uplink's MTU is too small for the pods' MTU and the tunnel's head, or nil when it is not.
    public func problem(withUplink name: String, mtu uplink: Int, isSingleNode: Bool) -> ConfigurationProblem? {
        guard uplink < mtu + (isSingleNode ? 0 : encapsulationOverhead) else { return nil }
        let most = uplink - (isSingleNode ? 0 : encapsulationOverhead)
        return ConfigurationProblem(
            source: "host", reason: "MTUTooSmall",
            message: "MTU (\(uplink)) of network interface \(name) is too small for specified overlay MTU (\(mtu)); "
                + "set mtu to \(most) at most, or raise that of \(name) by \(mtu - most)")
    }
}
