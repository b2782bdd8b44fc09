import Linux
import Model

/// The lab's network: a switch in a namespace of its own, a cable to every node and to the host outside.
struct Underlay {
    let paths: LabPaths
    let record: LabRecord

    /// Makes the namespaces and cables; blocks.
    func make() throws {
        let nodes = record.nodes.map { (name: $0, namespace: paths.node($0)) }
        let hosts = nodes + [(name: "outside", namespace: paths.outside)]
        for namespace in [paths.network] + hosts.map(\.namespace) {
            try NetworkNamespace.create(namespace).run {
                // A lab's addresses are its own: nobody has to look for duplicates, and the first packet must pass.
                for scope in ["all", "default"] {
                    try KernelSettings.set("net/ipv6/conf/\(scope)/accept_dad", to: "0")
                    try KernelSettings.set("net/ipv6/conf/\(scope)/accept_ra", to: "0")
                }
            }
        }
        var lines = ["link set lo up", "link add br0 type bridge forward_delay 0 mcast_snooping 0", "link set br0 up"]
        for (name, namespace) in hosts {
            lines += [
                "link add \(name) type veth peer name e0 netns \(namespace)", "link set \(name) master br0 up",
            ]
        }
        try ip(lines, in: paths.network)
        for (name, namespace) in hosts { try ip(setup(name), in: namespace) }
        // What plays a network card must not leave checksums to hardware that is not there.
        try NetworkNamespace.named(paths.network).run {
            for (name, _) in hosts { try Ethtool.setTransmitChecksumOffload(name, false) }
        }
        for (_, namespace) in hosts {
            try NetworkNamespace.named(namespace).run { try Ethtool.setTransmitChecksumOffload("e0", false) }
        }
    }

    private func setup(_ host: String) -> [String] {
        let isOutside = host == "outside"
        let number = String(isOutside ? 100 : record.number(of: host), radix: 16)
        let mac = "02:30:00:00:00:\(number.count < 2 ? "0" : "")\(number)"
        var lines = ["link set lo up", "link set e0 address \(mac)", "link set e0 up"]
        for family in record.families.list {
            let address = isOutside ? LabRecord.outsideAddress(family) : record.address(of: host, family)
            let nodad = family == .v6 ? " nodad" : ""
            lines.append("addr add \(address)/\(LabRecord.prefix(family)) dev e0\(nodad)")
            if !isOutside { lines.append("route add default via \(LabRecord.outsideAddress(family)) dev e0") }
        }
        return lines
    }

    private func ip(_ lines: [String], in namespace: String) throws {
        let text = lines.map { $0 + "\n" }.joined()
        try Command("ip", "-batch", "-", input: text, in: try NetworkNamespace.named(namespace)).run()
    }

    var description: String {
        record.families.list.map { $0 == .v4 ? "172.30.0.0/24" : "fd30::/64" }.joined(separator: " ")
    }
}
