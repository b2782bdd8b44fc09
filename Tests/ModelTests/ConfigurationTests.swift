import Model
import Testing

private let dual = """
    [default]
    mtu=1400
    cluster-subnets=10.244.0.0/16/24,fd00:10:244::/48/64   ; two families
    [kubernetes]
    service-cidrs="10.96.0.0/16,fd00:10:96::/112"
    [gateway]
    mode=shared
    nodeport
    ephemeral-port-range=61000-65535
    """

/// What can be set for a module.
private struct MarkSettings: ModuleSettings, Hashable {
    static let kind = "MarkSettings"
    static let settings = [Setting("egress-ip", "mark", flag: "egress-mark", "1", "mark of packets")]
    var mark = 1

    init() {}
    init(mark: Int) { self.mark = mark }
    init(_ reader: inout SettingsReader) { mark = reader.integer(Self.settings[0], in: 1...9) }
}

private func read(
    _ text: String = "", environment: [String: String] = [:], flags: [String: String] = [:],
    kernelPorts: ClosedRange<Int>? = 32768...60999
) throws(ConfigurationErrors) -> NetworkConfiguration {
    try NetworkConfiguration(
        ConfigurationInput(
            file: ("node.conf", text), environment: environment, flags: flags,
            modules: ["multicast", "egress-ip"], moduleSettings: [MarkSettings.self], hostName: "n1",
            kernelPorts: kernelPorts))
}

private func problems(_ text: String = "", flags: [String: String] = [:]) -> [String] {
    do {
        _ = try read(text, flags: flags)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Test("reads OVN-Kubernetes' file")
func file() throws {
    let configuration = try read(dual)
    #expect(configuration.cluster.families == [.v4, .v6])
    #expect(configuration.cluster.clusterSubnets.map(\.description) == ["10.244.0.0/16/24", "fd00:10:244::/48/64"])
    #expect(configuration.cluster.serviceNetworks.map(\.description) == ["10.96.0.0/16", "fd00:10:96::/112"])
    #expect(configuration.cluster.joinSubnets.values.map(\.description) == ["100.64.0.0/16", "fd98::/64"])
    #expect(configuration.cluster.encapsulationOverhead == 78)
    #expect(configuration.cluster.masquerade(.dummyNextHop, .v4)?.description == "169.254.169.4")
    #expect(configuration.cluster.transitAddress(of: NodeID(2), .v6)?.description == "fd97::2/64")
    #expect(configuration.node.gateway.mode == .shared && configuration.node.gateway.nodePort)
    #expect(configuration.node.nodeName == "n1")
    #expect(configuration.warnings.isEmpty)
}

@Test("without any settings the defaults hold")
func defaults() throws {
    let configuration = try read()
    #expect(configuration.cluster.families == [.v4])
    #expect(configuration.cluster.mtu == 1400 && configuration.cluster.routableMTU == nil)
    #expect(configuration.node.gateway == LocalNode.Gateway())
    #expect(configuration.cluster.joinSubnets.v6 == nil && configuration.cluster.masqueradeSubnets.v6 == nil)
    #expect(configuration.settings.allSatisfy { $0.origin == .standard })
    #expect(configuration.settings.map(\.setting.key).sorted() == (Setting.base.map(\.key) + ["mark"]).sorted())
    #expect(configuration.moduleSettings.map { $0 as? MarkSettings } == [MarkSettings(mark: 1)])
    #expect(configuration.modules.isEmpty && configuration.warnings.isEmpty)
}

@Test("flags win over the environment, that over the file, and each value knows its origin")
func layers() throws {
    let configuration = try read(
        dual, environment: ["OVENBIRD_MTU": "1410", "OVENBIRD_GATEWAY_MODE": "local", "PATH": "/bin"],
        flags: ["mtu": "1420"])
    #expect(configuration.cluster.mtu == 1420)
    #expect(configuration.node.gateway.mode == .local)
    func origin(_ name: String) -> String? {
        configuration.settings.first { "\($0.setting)" == name }?.origin.description
    }
    #expect(origin("default.mtu") == "--mtu")
    #expect(origin("gateway.mode") == "OVENBIRD_GATEWAY_MODE")
    #expect(origin("default.cluster-subnets") == "node.conf:3")
    #expect(origin("gateway.vlan-id") == "default")
}

@Test("the first cluster subnet decides the primary family")
func primaryFamily() throws {
    let flags = ["cluster-subnets": "fd00:10:244::/48,10.244.0.0/16", "k8s-service-cidrs": "10.96.0.0/16,fd00:1::/112"]
    let cluster = try read(flags: flags).cluster
    #expect(cluster.families == [.v6, .v4])
    #expect(cluster.clusterSubnets.map(\.hostPrefix) == [64, 24])
    let single = try read(flags: ["cluster-subnets": "fd00:10:244::/48", "k8s-service-cidrs": "fd00:1::/112"]).cluster
    #expect(single.families == [.v6] && single.joinSubnets.v4 == nil)
}

@Test("modules are turned on and off by file, environment and flags, also by OVN-Kubernetes' names")
func modules() throws {
    let text = "[modules]\nmulticast=false\n[ovnkubernetesfeature]\nenable-egress-ip=true\n[egress-ip]\nmark=7\n"
    let configuration = try read(text)
    #expect(configuration.modules == ["multicast": false, "egress-ip": true])
    #expect(configuration.moduleSettings.map { $0 as? MarkSettings } == [MarkSettings(mark: 7)])
    #expect(
        try read(text, flags: ["modules": "multicast,egress-ip=off"]).modules == [
            "multicast": true, "egress-ip": false,
        ])
    #expect(problems("[modules]\nmulticast=maybe").count == 1)
    let odd = try read("[modules]\nmulticats=false")
    #expect(odd.modules.isEmpty)
    #expect(odd.warnings.map(\.message) == ["there is no module multicats; did you mean multicast?"])
}

@Test("what is set for a module is judged with the rest, from wherever it comes")
func moduleSettings() throws {
    #expect(
        problems("[egress-ip]\nmark=77") == ["node.conf:2: mark=77 is not a whole number from 1 to 9 (BadValue)"])
    #expect(problems("[gateway]\nmode=fast\n[egress-ip]\nmark=x").count == 2)
    let flags = try read("[egress-ip]\nmark=7", flags: ["egress-mark": "8"])
    #expect(flags.moduleSettings.map { $0 as? MarkSettings } == [MarkSettings(mark: 8)])
    #expect(flags.settings.first { $0.setting.key == "mark" }?.origin == .flag("egress-mark"))
    #expect(
        try read("[egress-ip]\nmrk=7").warnings.map(\.description)
            == ["node.conf:2: mrk is not a key of [egress-ip]; did you mean mark? (UnknownKey)"])
}

@Test("an unknown key or section is a warning with the nearest known one")
func unknown() throws {
    let configuration = try read(
        "[default]\nmtuu=1300\n[metrics]\nport=5\npath=x\n[gatewya]\nmode=local",
        environment: ["OVENBIRD_GATEWAY_MOD": "x"])
    #expect(
        configuration.warnings.map(\.description) == [
            "node.conf:2: mtuu is not a key of [default]; did you mean mtu? (UnknownKey)",
            "node.conf:4: [metrics] is not used (UnknownSection)",
            "node.conf:7: [gatewya] is not used; did you mean gateway? (UnknownSection)",
            "OVENBIRD_GATEWAY_MOD: gateway-mod is not a setting; did you mean gateway-mode? (UnknownKey)",
        ])
    #expect(configuration.cluster.mtu == 1400 && configuration.node.gateway.mode == .disabled)
}

@Test(
    "refuses what cannot work, naming value and place",
    arguments: [
        (["mtu": "99999"], "--mtu: mtu=99999 is not a whole number from 576 to 65457 (BadValue)"),
        (
            ["mtu": "1300", "routable-mtu": "1400"],
            "--routable-mtu: routable-mtu=1400 is not from 576 to the MTU, 1300 (BadValue)"
        ),
        (
            ["cluster-subnets": "10.0.0.0"],
            "--cluster-subnets: cluster-subnets: 10.0.0.0 is not CIDR or CIDR/prefix of a node (BadNetwork)"
        ),
        (
            ["cluster-subnets": "10.0.0.0/33/24"],
            "--cluster-subnets: cluster-subnets: 10.0.0.0/33 is not a network such as 10.0.0.0/16 (BadNetwork)"
        ),
        (
            ["cluster-subnets": "10.0.0.0/24/24"],
            "--cluster-subnets: cluster-subnets: 10.0.0.0/24/24 gives a node /24, which is not a part of 10.0.0.0/24 (BadHostPrefix)"
        ),
        (
            ["cluster-subnets": "10.0.0.0/24/30"],
            "--cluster-subnets: cluster-subnets: 10.0.0.0/24/30 gives a node /30, which has no room for pods; at most /29 (BadHostPrefix)"
        ),
        (
            ["cluster-subnets": "fd00::/48/80"],
            "--cluster-subnets: cluster-subnets: fd00::/48/80 gives a node /80; IPv6 needs /64 (BadHostPrefix)"
        ),
        (
            ["cluster-subnets": ""],
            "--cluster-subnets: cluster-subnets is empty; give at least one range (MissingValue)"
        ),
        (
            ["cluster-subnets": "fd00::/48"],
            "default: service-cidrs has IPv4 and cluster-subnets has not; both need the same families (FamilyMismatch)"
        ),
        (
            ["k8s-service-cidrs": "10.1.0.0/16,10.2.0.0/16"],
            "--k8s-service-cidrs: service-cidrs has 2 IPv4 ranges (10.1.0.0/16, 10.2.0.0/16); one per family (TooMany)"
        ),
        (
            ["k8s-service-cidrs": "10.130.0.0/16"],
            "--k8s-service-cidrs: service-cidrs 10.130.0.0/16 overlaps cluster-subnets 10.128.0.0/14; give one of them another range (Overlap)"
        ),
        (
            ["gateway-v4-join-subnet": "172.16.0.0/16"],
            "--gateway-v4-join-subnet: v4-join-subnet 172.16.0.0/16 overlaps service-cidrs 172.16.1.0/24; give one of them another range (Overlap)"
        ),
        (
            ["gateway-v4-masquerade-subnet": "169.254.0.0/30"],
            "--gateway-v4-masquerade-subnet: v4-masquerade-subnet=169.254.0.0/30 has 4 addresses; it needs 8 (TooSmall)"
        ),
        (
            ["gateway-v6-join-subnet": "10.0.0.0/16"],
            "--gateway-v6-join-subnet: v6-join-subnet=10.0.0.0/16 is not IPv6 (BadNetwork)"
        ),
        (["encap-type": "vxlan"], "--encap-type: encap-type=vxlan: only geneve is supported (BadValue)"),
        (["encap-ip": "10.0.0.300"], "--encap-ip: encap-ip: 10.0.0.300 is not an IP address (BadAddress)"),
        (["gateway-mode": "odd"], "--gateway-mode: mode=odd is none of shared, local, empty (BadValue)"),
        (
            ["gateway-interface": "eth0"],
            "--gateway-interface: interface is set but gateway.mode is empty; set mode=shared or local (NoGateway)"
        ),
        (
            ["gateway-mode": "shared", "gateway-nexthop": "10.0.0.1,10.0.0.2"],
            "--gateway-nexthop: next-hop has 2 IPv4 addresses; one per family (TooMany)"
        ),
        (
            ["gateway-mode": "shared", "gateway-nexthop": "fd00::1"],
            "--gateway-nexthop: next-hop has IPv6, which the cluster does not use (FamilyMismatch)"
        ),
        (["gateway-vlanid": "4096"], "--gateway-vlanid: vlan-id=4096 is not a whole number from 0 to 4095 (BadValue)"),
        (
            ["gateway-vlanid": "7"],
            "--gateway-vlanid: vlan-id=7: the gateway's bridge knows no VLANs yet; leave it 0 (Unsupported)"
        ),
        (["nodeport": "maybe"], "--nodeport: nodeport=maybe is neither true nor false (BadValue)"),
        (
            ["allow-no-uplink": "true", "gateway-mode": "shared"],
            "--allow-no-uplink: allow-no-uplink works only with gateway.mode=local (BadValue)"
        ),
        (
            ["ephemeral-port-range": "65535-61000"],
            "--ephemeral-port-range: ephemeral-port-range=65535-61000 is not two ports, the lower one first: 61000-65535 (BadValue)"
        ),
        (
            ["ephemeral-port-range": "60000-65535", "datapath": "netdev"],
            "--ephemeral-port-range: ephemeral-port-range 60000-65535 overlaps the kernel's own 32768-60999 (net.ipv4.ip_local_port_range); choose another or narrow the kernel's (Overlap)"
        ),
        (["cni-version": "2.0.0"], "--cni-version: cni-version=2.0.0 is none of 0.4.0, 1.0.0, 1.1.0 (BadValue)"),
        (
            ["nb-address": "ssl:10.0.0.1"],
            "--nb-address: ovnnorth.address=ssl:10.0.0.1 is no database address; write unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT (BadAddress)"
        ),
        (
            ["sb-address": "tcp:10.0.0.1:6642,tcp:10.0.0.2:6642", "sb-client-cert": "/c.pem"],
            "--sb-address: ovnsouth.address=tcp:10.0.0.1:6642,tcp:10.0.0.2:6642 names several servers; give the one of this zone (TooMany)"
        ),
        (
            ["nb-address": "ssl:n:6641", "nb-client-privkey": "/k.pem", "nb-client-cert": "/c.pem"],
            "default: ovnnorth.client-cacert is empty; ovnnorth.address=ssl:n:6641 needs it (MissingValue)"
        ),
        (
            ["sb-client-privkey": "/k.pem"],
            "--sb-client-privkey: ovnsouth.client-privkey=/k.pem is of use only with ovnsouth.address=ssl:HOST:PORT, which is empty (NoTLS)"
        ),
        (
            ["nb-address": "tcp:n:6641", "nb-client-cert": "/c.pem"],
            "--nb-client-cert: ovnnorth.client-cert=/c.pem is of use only with ovnnorth.address=ssl:HOST:PORT, which is tcp:n:6641 (NoTLS)"
        ),
    ])
func refused(flags: [String: String], message: String) {
    #expect(problems(flags: flags) == [message])
}

@Test("reads OVN-Kubernetes' sections of the databases")
func databases() throws {
    let daemon = try read(
        """
        [ovnnorth]
        address=ssl:[fd00::1]:6641
        client-privkey=/ovn-cert/tls.key
        client-cert=/ovn-cert/tls.crt
        client-cacert=/ovn-ca/ca-bundle.crt
        [ovnsouth]
        address="unix:/run/ovn/sb.sock"
        """
    ).daemon
    #expect(daemon.northbound.address == "ssl:[fd00::1]:6641")
    #expect(
        daemon.northbound.certificates
            == .init(
                privateKey: "/ovn-cert/tls.key", certificate: "/ovn-cert/tls.crt", authority: "/ovn-ca/ca-bundle.crt"))
    #expect(daemon.southbound == DatabaseAccess(address: "unix:/run/ovn/sb.sock"))
    #expect(try read(flags: ["sb-address": "tcp:n1:6642"]).daemon.southbound.address == "tcp:n1:6642")
    let standard = try read().daemon
    #expect(standard.northbound == DatabaseAccess() && standard.southbound == DatabaseAccess())
}

@Test(
    "an address needs a host and a port",
    arguments: [
        "ssl", "ssl:", "ssl::1", "ssl:n:0", "ssl:n:65536", "ssl:fd00::1:6641", "ssl:[10.0.0.1]:1", "ssl://n:1",
        "unix:db.sock", "udp:n:1", "n:1",
    ])
func badAddresses(_ text: String) {
    #expect(problems(flags: ["nb-address": text]).count { $0.hasSuffix("(BadAddress)") } == 1)
}

@Test("tells all errors at once")
func allErrors() {
    #expect(problems("[default]\nmtu=x\nencap-port=0\nodd line\n", flags: ["datapath": "magic"]).count == 4)
}

@Test("the kernel datapath may share the kernel's ports: it has the same connection table")
func sharedPorts() throws {
    #expect(try read(flags: ["ephemeral-port-range": "32768-60999"]).node.gateway.ephemeralPorts == 32768...60999)
}

@Test("a setting that has no effect yet is a warning when somebody sets it, and says so in the reference")
func withoutEffect() throws {
    let flags = ["allow-no-uplink": "true", "exgw-interface": "e1", "gateway-mode": "local"]
    let warnings = try read(flags: flags).warnings
    #expect(
        warnings.map(\.description) == [
            "--allow-no-uplink: allow-no-uplink has no effect yet: a gateway's bridge needs its network card (NoEffect)",
            "--exgw-interface: egw-interface has no effect yet: external gateways are not there yet (NoEffect)",
        ])
    #expect(try read(flags: ["gateway-mode": "shared"]).warnings.isEmpty)
    let marked = Setting.base.filter { $0.summary.hasSuffix("(no effect yet)") }.map(\.key)
    #expect(Set(marked) == ["allow-no-uplink", "egw-interface"])
}

@Test("host bits and small join networks are warnings")
func oddities() throws {
    let configuration = try read(flags: ["cluster-subnets": "10.1.2.0/16", "gateway-v4-join-subnet": "100.64.0.0/24"])
    #expect(configuration.cluster.clusterSubnets.map(\.description) == ["10.1.0.0/16/24"])
    #expect(configuration.warnings.map(\.reason) == ["HostBits", "TooSmall"])
}

@Test("the host's addresses and MTU are checked against the cluster's")
func hostChecks() throws {
    let cluster = try read().cluster
    let far = try #require(IPNetwork("172.30.0.1/24"))
    let near = try #require(IPNetwork("10.129.0.7/24"))
    #expect(cluster.conflicts(withHost: [far]).isEmpty)
    #expect(
        cluster.conflicts(withHost: [far, near]).map(\.message) == [
            "cluster-subnets 10.128.0.0/14 overlaps the host's network 10.129.0.0/24 (address 10.129.0.7/24); choose another range"
        ])
    #expect(cluster.problem(withUplink: "e0", mtu: 1458, isSingleNode: false) == nil)
    #expect(cluster.problem(withUplink: "e0", mtu: 1400, isSingleNode: true) == nil)
    #expect(
        cluster.problem(withUplink: "e0", mtu: 1457, isSingleNode: false)?.message
            == "MTU (1457) of network interface e0 is too small for specified overlay MTU (1400); set mtu to "
            + "1399 at most, or raise that of e0 by 1")
}

@Test("reads remarks, quotes and bare keys of ini files")
func ini() {
    let file = IniFile(parsing: "; x\n[A \"b\"]\r\nK = v # r\nq=\"a;\\\"b\" ; r\nbare\n[open\nx=\"no end\n=1\n")
    #expect(file.entries.map(\.value) == ["v", "a;\"b", "true"])
    #expect(file.entries.map(\.key) == ["k", "q", "bare"] && file.entries.allSatisfy { $0.section == "a b" })
    #expect(file.faults.map(\.line) == [6, 7, 8])
    #expect(IniFile(parsing: "a=1\n").faults.map(\.message) == ["a=1 stands before the first [section]"])
}
