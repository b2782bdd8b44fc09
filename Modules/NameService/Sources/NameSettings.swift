import Core
public import Model

/// What an operator can set for DHCP and DNS.
public struct NameSettings: ModuleSettings, Hashable {
    public static let kind = "NameSettings"
    public static let settings = [domainSetting, serverNamespaceSetting, serverNameSetting, leaseSetting]

    private static let domainSetting = Setting(
        "kubernetes", "cluster-domain", "cluster.local", "domain of the names of services")
    private static let serverNamespaceSetting = Setting(
        "kubernetes", "dns-service-namespace", "kube-system", "namespace of the cluster's name server")
    private static let serverNameSetting = Setting(
        "kubernetes", "dns-service-name", "kube-dns", "service of the cluster's name server")
    private static let leaseSetting = Setting(
        "name-service", "lease", flag: "dhcp-lease", "3500", "seconds that an address given by DHCP is good for")

    public var domain = "cluster.local"
    public var serverNamespace = "kube-system"
    public var serverName = "kube-dns"
    /// In seconds.
    public var lease = 3500

    public init() {}

    public init(_ reader: inout SettingsReader) {
        domain = reader.text(Self.domainSetting)
        serverNamespace = reader.text(Self.serverNamespaceSetting)
        serverName = reader.text(Self.serverNameSetting)
        lease = reader.integer(Self.leaseSetting, in: 60...Int(Int32.max))
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        if domain.count > 200 || !labels.allSatisfy(Self.isLabel) {
            reader.fail(
                Self.domainSetting, "BadName", "cluster-domain=\(domain) is not a domain name such as cluster.local")
        }
    }

    /// Lower case letters, digits and dashes inside (RFC 1123); it goes into rows as it is.
    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}
