import Core
import Model

/// A row of the host plane as the plane reads it back from the shared table's columns.
protocol HostRow: Row {
    init(reading row: RowReader) throws(MalformedRow)
}

extension PodLink: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            sandbox: try row.string("sandbox"), interface: try row.string("interface"),
            hostInterface: try row.string("host_interface"), netns: try row.string("netns"), mac: try row.mac("mac"),
            mtu: try row.integer("mtu"),
            addresses: try row.list("addresses", "an address with a prefix length") { IPNetwork($0) },
            gateways: try row.list("gateways", "an IP address") { IPAddress($0) },
            routes: try row.list("routes", "a route such as \"10.0.0.0/8 via 10.1.0.1\"") { PodRoute($0) },
            ingressDrop: row.boolean("ingress_drop"), checksumOffloadOff: row.boolean("checksum_offload_off"),
            egressRate: row.optionalInteger("egress_rate"), isOpen: row.boolean("open"))
    }
}

extension HostAddress: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            device: try row.string("device"), address: try row.network("address"),
            neverSource: row.boolean("never_source"))
    }
}

extension HostNeighbour: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            device: try row.string("device"), address: try row.address("address"), mac: try row.optionalMAC("mac"))
    }
}

extension HostRoute: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            try row.network("destination"), device: try row.string("device"), via: try row.optionalAddress("gateway"),
            source: try row.optionalAddress("source"), mtu: row.optionalInteger("mtu"),
            table: row.optionalInteger("table") ?? Self.mainTable, metric: row.optionalInteger("metric"))
    }
}

extension HostRule: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        guard let family = Family(rawValue: try row.integer("family")) else {
            throw MalformedRow(description: "column family of HostRule is neither 4 nor 6")
        }
        self.init(
            family: family, priority: try row.integer("priority"), mark: row.optionalInteger("mark"),
            source: try row.optionalNetwork("source"), destination: try row.optionalNetwork("destination"),
            input: row.optionalString("input"), table: try row.integer("table"))
    }
}

extension HostLink: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            device: try row.string("device"), up: row.optionalBoolean("up"), mtu: row.optionalInteger("mtu"),
            mac: try row.optional("mac", "a MAC address") { MACAddress($0) },
            addressGenerationMode: row.optionalInteger("addr_gen_mode"),
            ingressDrop: row.optionalBoolean("ingress_drop"))
    }
}

extension Sysctl: HostRow {
    init(reading row: RowReader) throws(MalformedRow) { self.init(try row.string("path"), try row.string("value")) }
}

extension BridgedUplink: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            nic: try row.string("nic"), bridge: try row.string("bridge"), ingressDrop: row.boolean("ingress_drop"))
    }
}

extension ForwardingEntry: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            bridge: try row.string("bridge"), port: try row.string("port"), vlan: row.optionalInteger("vlan") ?? 0,
            mac: try row.mac("mac"))
    }
}

extension NetfilterChain: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        let family = try row.required("family", "inet or netdev") { NetfilterFamily(rawValue: $0) }
        var hook: Hook?
        if let name = row.optionalString("hook") {
            hook = Hook(
                type: try row.string("type"), hook: name, priority: try row.integer("priority"),
                device: row.optionalString("device"), policy: row.optionalString("policy") ?? "accept")
        }
        let rules = (row.optionalString("rules") ?? "").split(separator: "\n").map(String.init)
        self.init(try row.string("name"), family: family, hook: hook, rules: rules)
    }
}

extension NetfilterSet: HostRow {
    init(reading row: RowReader) throws(MalformedRow) {
        self.init(
            try row.string("name"), family: try row.required("family", "inet or netdev") { .init(rawValue: $0) },
            type: try row.string("type"), interval: row.boolean("interval"), elements: row.strings("elements"))
    }
}
