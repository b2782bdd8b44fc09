import Core
public import Model

/// What an operator can set for DHCP and DNS.
public struct NameSettings: ModuleSettings, Hashable {
    public static let kind = "NameSettings"
    public static let settings = [clusterDomain, nameServerNamespace, nameServer, dhcpLease]

    private static let clusterDomain = Setting(
        "kubernetes", "cluster-domain", "cluster.local", "domain of the names of services")
    private static let nameServerNamespace = Setting(
        "kubernetes", "dns-service-namespace", "kube-system", "namespace of the cluster's name server")
    private static let nameServer = Setting(
        "kubernetes", "dns-service-name", "kube-dns", "service of the cluster's name server")
    private static let dhcpLease = Setting(
        "name-service", "lease", flag: "dhcp-lease", "3500", "seconds that an address given by DHCP is good for")

    public var domain = "cluster.local"
    public var serverNamespace = "kube-system"
    public var serverName = "kube-dns"
    /// In seconds.
    public var lease = 3500

    public init() {}

    public init(_ reader: inout SettingsReader) {
        domain = reader.text(Self.clusterDomain)
        serverNamespace = reader.text(Self.nameServerNamespace)
        serverName = reader.text(Self.nameServer)
        lease = reader.integer(Self.dhcpLease, in: 60...Int(Int32.max))
        // It goes into rows as it is.
        if !Metadata.isSubdomain(domain) {
            reader.fail(
                Self.clusterDomain, "BadName", "cluster-domain=\(domain) is not a domain name such as cluster.local")
        }
    }
}
