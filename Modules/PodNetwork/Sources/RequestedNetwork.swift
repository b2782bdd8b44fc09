import Core
import Model

/// What a pod asks for on the cluster's own network: addresses, MAC, gateways, and where its default routes go.
///
/// The annotation is a list of one network selection, as the Network Plumbing Working Group writes them. A plain name of
/// a network asks for nothing.
struct RequestedNetwork: Hashable {
    var addresses: [IPAddress] = []
    var mac: MACAddress?
    var gateways: [IPAddress] = []
    /// Families whose default route another network of the pod carries.
    var elsewhere: Set<Family> = []

    static let field = path(of: AnnotationKey.defaultNetwork)

    private static func path(of key: String) -> String {
        FieldPath.member(.member(.root("metadata"), "annotations"), key).description
    }

    /// What a pod has that cannot be asked any more.
    init(keeping network: PodNetworkAssignment) {
        mac = network.mac
        gateways = network.gateways
        elsewhere = Set(network.addresses.map(\.family)).subtracting(network.gateways.map(\.family))
    }

    init(_ pod: Pod) throws(Rejection) {
        for network in try Self.selections(AnnotationKey.networks, pod) ?? [] {
            for gateway in try network["default-route"].elements() { elsewhere.insert(try gateway.address().family) }
        }
        guard let list = try Self.selections(AnnotationKey.defaultNetwork, pod) else { return }
        guard list.count == 1 else {
            throw Rejection("BadAnnotation", field: Self.field, "has \(list.count) networks; the pod has one")
        }
        for ip in try list[0]["ips"].elements() {
            let text = try ip.string()
            guard let address = IPNetwork(text)?.address ?? IPAddress(text) else { throw ip.badValue("an IP address") }
            guard !addresses.contains(where: { $0.family == address.family }) else {
                throw ip.rejection("BadValue", "\(text) is the second \(address.family) address; a pod has one")
            }
            addresses.append(address)
        }
        mac = try list[0]["mac"].optional { cursor throws(Rejection) in try cursor.mac() }
        for gateway in try list[0]["gateway"].elements() { gateways.append(try gateway.address()) }
    }

    /// The network selections of an annotation; nil when there are none, or only names.
    private static func selections(_ key: String, _ pod: Pod) throws(Rejection) -> [JSONCursor]? {
        guard let text = pod.annotations[key], text.contains(where: { $0 == "[" || $0 == "{" }) else { return nil }
        let json: JSON
        do { json = try JSON(parsing: text) } catch {
            throw Rejection("BadAnnotation", field: path(of: key), "is not JSON: \(error)")
        }
        return try JSONCursor(json, at: path(of: key)).elements()
    }

    /// Where in a node's subnet the requested address lies; nil when none of this family is asked for.
    func offset(in subnet: IPNetwork, of pool: ClosedRange<Int>) throws(Rejection) -> Int? {
        guard let address = addresses.first(where: { $0.family == subnet.family }) else { return nil }
        guard subnet.contains(address) else {
            throw Rejection(
                "AddressNotInSubnet", field: Self.field,
                "\(address) is not in \(subnet), the subnet of the pod's node: choose one of it, or another node")
        }
        let offset = Int(truncatingIfNeeded: address.number - subnet.base.number)
        guard pool.contains(offset) else {
            throw Rejection(
                "AddressReserved", field: Self.field,
                "\(address) is none for pods: those of \(subnet) are \(subnet[pool.lowerBound]) to "
                    + "\(subnet[pool.upperBound])")
        }
        return offset
    }
}
