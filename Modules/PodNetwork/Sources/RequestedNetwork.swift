import Core
import Model

/// What a pod asks for on the cluster's own network: addresses, MAC, gateways.
///
/// The annotation is a list of one network selection, as the Network Plumbing Working Group writes them. A plain name of
/// a network asks for nothing.
struct RequestedNetwork: Hashable {
    var addresses: [IPAddress] = []
    var mac: MACAddress?
    var gateways: [IPAddress] = []

    static let field = FieldPath.member(.member(.root("metadata"), "annotations"), AnnotationKey.defaultNetwork)
        .description

    init(_ pod: Pod) throws(Rejection) {
        guard let text = pod.annotations[AnnotationKey.defaultNetwork], text.contains(where: { $0 == "[" || $0 == "{" })
        else { return }
        let json: JSON
        do { json = try JSON(parsing: text) } catch {
            throw Rejection("BadAnnotation", field: Self.field, "is not JSON: \(error)")
        }
        let list = try JSONCursor(json, at: Self.field).elements()
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
