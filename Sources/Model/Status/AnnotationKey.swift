/// The names of the annotations that the program reads and writes: those of OVN-Kubernetes.
public enum AnnotationKey {
    public static let podNetworks = "k8s.ovn.org/pod-networks"
    public static let nodeID = "k8s.ovn.org/node-id"
    public static let nodeSubnets = "k8s.ovn.org/node-subnets"
    public static let transitAddresses = "k8s.ovn.org/node-transit-switch-port-ifaddr"
    public static let networkIDs = "k8s.ovn.org/network-ids"
    public static let chassisID = "k8s.ovn.org/node-chassis-id"
    public static let encapsulationAddresses = "k8s.ovn.org/node-encap-ips"
    public static let gatewayConfiguration = "k8s.ovn.org/l3-gateway-config"
    public static let primaryAddresses = "k8s.ovn.org/node-primary-ifaddr"
    public static let hostCIDRs = "k8s.ovn.org/host-cidrs"
    public static let masqueradeSubnets = "k8s.ovn.org/node-masquerade-subnet"
    public static let gatewayMTUSupport = "k8s.ovn.org/gateway-mtu-support"
    public static let zoneName = "k8s.ovn.org/zone-name"
    public static let ingressSNATExcludeSubnets = "k8s.ovn.org/node-ingress-snat-exclude-subnets"

    /// Of other authors, read only.
    public static let defaultNetwork = "v1.multus-cni.io/default-network"
    public static let networks = "k8s.v1.cni.cncf.io/networks"
    public static let ingressBandwidth = "kubernetes.io/ingress-bandwidth"
    public static let egressBandwidth = "kubernetes.io/egress-bandwidth"
    public static let configurationSource = "kubernetes.io/config.source"
}
