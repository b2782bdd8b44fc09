/// A thing that can be set: its place in the file, its flag, its default.
///
/// The environment variable is the flag in capitals: `--cluster-subnets` is `OVENBIRD_CLUSTER_SUBNETS`.
public struct Setting: Hashable, Sendable, CustomStringConvertible {
    public let section: String
    public let key: String
    public let flag: String
    public let standard: String
    private let text: String

    /// One line without a full stop.
    public var summary: String { Self.withoutEffect[self] == nil ? text : "\(text) (no effect yet)" }

    /// The last text is the summary, one before it the default. The flag is the key unless it is given.
    public init(_ section: String, _ key: String, flag: String? = nil, _ texts: String...) {
        self.section = section
        self.key = key
        self.flag = flag ?? key
        standard = texts.count > 1 ? texts[0] : ""
        text = texts.last ?? ""
    }

    public var variable: String {
        "OVENBIRD_" + flag.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// `gateway.mode`.
    public var description: String { "\(section).\(key)" }
}

/// Where a value comes from; later ones win over earlier ones.
public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case standard
    case file(String, line: Int)
    case environment(String)
    case flag(String)

    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let name, let line): "\(name):\(line)"
        case .environment(let name): name
        case .flag(let name): "--\(name)"
        }
    }
}

/// A setting as it is in force.
public struct SettingValue: Hashable, Sendable {
    public let setting: Setting
    public let text: String
    public let origin: SettingOrigin
}

extension Setting {
    static let mtu = Setting("default", "mtu", "1400", "MTU of pods")
    static let routableMTU = Setting(
        "default", "routable-mtu", "0", "MTU of pods' routes while the MTU is changed; 0 is off")
    static let clusterSubnets = Setting(
        "default", "cluster-subnets", "10.128.0.0/14/23",
        "pod ranges CIDR[/prefix of a node]; the first one's family is primary")
    static let encapType = Setting("default", "encap-type", "geneve", "tunnel protocol; only geneve")
    static let encapIP = Setting("default", "encap-ip", "tunnel addresses of this node; empty is its primary address")
    static let encapPort = Setting("default", "encap-port", "6081", "UDP port of the tunnels")
    static let conntrackZone = Setting(
        "default", "conntrack-zone", "64000", "first of five conntrack zones of the host side")
    static let inactivityProbe = Setting(
        "default", "inactivity-probe", "100000", "ms between probes of ovn-controller to its database")
    static let openflowProbe = Setting("default", "openflow-probe", "0", "seconds between OpenFlow probes; 0 is off")
    static let monitorAll = Setting(
        "default", "monitor-all", "true", "ovn-controller reads the whole southbound database")
    static let flowCache = Setting("default", "enable-lflow-cache", "true", "ovn-controller caches logical flows")

    static let serviceCIDRs = Setting(
        "kubernetes", "service-cidrs", flag: "k8s-service-cidrs", "172.16.1.0/24", "service ranges, one per family")
    static let kubeconfig = Setting("kubernetes", "kubeconfig", flag: "k8s-kubeconfig", "path of a kubeconfig")

    static let northAddress = Setting(
        "ovnnorth", "address", flag: "nb-address",
        "address of the northbound database: unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT; empty is this node's socket")
    static let northKey = Setting(
        "ovnnorth", "client-privkey", flag: "nb-client-privkey", "PEM file of the private key for ssl:")
    static let northCertificate = Setting(
        "ovnnorth", "client-cert", flag: "nb-client-cert", "PEM file of the certificate for ssl:")
    static let northAuthority = Setting(
        "ovnnorth", "client-cacert", flag: "nb-client-cacert", "PEM file of the server's authority for ssl:")

    static let southAddress = Setting(
        "ovnsouth", "address", flag: "sb-address",
        "address of the southbound database: unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT; empty is this node's socket")
    static let southKey = Setting(
        "ovnsouth", "client-privkey", flag: "sb-client-privkey", "PEM file of the private key for ssl:")
    static let southCertificate = Setting(
        "ovnsouth", "client-cert", flag: "sb-client-cert", "PEM file of the certificate for ssl:")
    static let southAuthority = Setting(
        "ovnsouth", "client-cacert", flag: "sb-client-cacert", "PEM file of the server's authority for ssl:")

    static let gatewayMode = Setting("gateway", "mode", flag: "gateway-mode", "shared, local, or empty for no gateway")
    static let gatewayInterface = Setting(
        "gateway", "interface", flag: "gateway-interface", "uplink or its bridge; empty is by the default route")
    static let nextHop = Setting(
        "gateway", "next-hop", flag: "gateway-nexthop", "next hops, one per family; empty is by the default route")
    static let vlan = Setting("gateway", "vlan-id", flag: "gateway-vlanid", "0", "VLAN of the uplink; only 0, none")
    static let nodePort = Setting("gateway", "nodeport", "false", "serve node ports")
    static let disableSNAT = Setting(
        "gateway", "disable-snat-multiple-gws", "false", "SNAT for this node's pods only, one by one")
    static let joinV4 = Setting(
        "gateway", "v4-join-subnet", flag: "gateway-v4-join-subnet", "100.64.0.0/16", "addresses between routers")
    static let joinV6 = Setting(
        "gateway", "v6-join-subnet", flag: "gateway-v6-join-subnet", "fd98::/64", "addresses between routers")
    static let masqueradeV4 = Setting(
        "gateway", "v4-masquerade-subnet", flag: "gateway-v4-masquerade-subnet", "169.254.169.0/29",
        "addresses between OVN and host")
    static let masqueradeV6 = Setting(
        "gateway", "v6-masquerade-subnet", flag: "gateway-v6-masquerade-subnet", "fd69::/125",
        "addresses between OVN and host")
    static let ephemeralPorts = Setting(
        "gateway", "ephemeral-port-range", "61000-65535", "source ports of what leaves by the node's address")
    static let disableMTUCheck = Setting(
        "gateway", "disable-pkt-mtu-check", "false", "routers do not tell senders that a packet is too big")
    static let disableForwarding = Setting(
        "gateway", "disable-forwarding", "false", "the host forwards nothing through the gateway but the cluster's")
    static let allowNoUplink = Setting(
        "gateway", "allow-no-uplink", "false", "a bridge without uplink will do; local mode only")
    static let singleNode = Setting("gateway", "single-node", "false", "there is no other node")
    static let egressInterface = Setting(
        "gateway", "egw-interface", flag: "exgw-interface", "uplink of external gateways")

    static let transitV4 = Setting(
        "clustermanager", "v4-transit-subnet", flag: "cluster-manager-v4-transit-subnet", "100.88.0.0/16",
        "addresses between zones")
    static let transitV6 = Setting(
        "clustermanager", "v6-transit-subnet", flag: "cluster-manager-v6-transit-subnet", "fd97::/64",
        "addresses between zones")

    static let cniDirectory = Setting(
        "cni", "conf-dir", flag: "cni-conf-dir", "/etc/cni/net.d", "where runtimes look for the CNI configuration")
    static let cniPlugin = Setting(
        "cni", "plugin", flag: "cni-plugin", "ovn-k8s-cni-overlay", "name of the CNI executable")

    static let nodeName = Setting("ovenbird", "node-name", "name of this node; empty is the host's name")
    static let datapath = Setting("ovenbird", "datapath", "system", "netdev (userspace) or system (kernel)")
    static let manifests = Setting("ovenbird", "manifests", "directories of manifests instead of the Kubernetes API")
    static let statusDirectory = Setting("ovenbird", "status-dir", "where status goes that has no API server")
    static let runDirectory = Setting("ovenbird", "run-dir", "/run/ovenbird", "sockets of the daemon")
    static let cniVersion = Setting("ovenbird", "cni-version", "1.0.0", "version in the CNI configuration file")

    /// What is read and checked, for files that peers share, and does nothing, with the reason.
    static let withoutEffect: [Setting: String] = [
        allowNoUplink: "a gateway's bridge needs its network card",
        egressInterface: "external gateways are not there yet",
    ]

    /// The settings of the daemons and of what all modules share, in the order of the reference.
    public static let base: [Setting] = [
        mtu, routableMTU, clusterSubnets, encapType, encapIP, encapPort, conntrackZone, inactivityProbe, openflowProbe,
        monitorAll, flowCache, serviceCIDRs, kubeconfig,
        northAddress, northKey, northCertificate, northAuthority,
        southAddress, southKey, southCertificate, southAuthority, gatewayMode, gatewayInterface, nextHop, vlan,
        nodePort, disableSNAT, joinV4, joinV6, masqueradeV4, masqueradeV6, ephemeralPorts, disableMTUCheck,
        disableForwarding,
        allowNoUplink, singleNode, egressInterface, transitV4, transitV6, cniDirectory, cniPlugin, nodeName, datapath,
        manifests, statusDirectory, runDirectory, cniVersion,
    ]
}
