public import Core
public import Model

extension Cell {
    /// Port group `name`, which shows the ports of the pods.
    @discardableResult
    public mutating func portGroup(
        _ name: String, of pods: Group<PodPort>, about description: [String: String]
    ) -> RowRef<PortGroup> {
        let group = add(PortGroup(key: .fixed(name), externalIDs: description, name: name))
        fill(group.ports, from: pods, PodPort.Port.self)
        return group
    }

    /// The addresses of the pods, in one address set per family; shared by all who name the same pods.
    public mutating func addresses(of pods: Group<PodPort>, _ families: [Family]) -> Addresses {
        var result = Addresses()
        for family in families {
            let name = "\(pods.name)_v\(family.rawValue)"
            let set = add(
                AddressSet(key: .fixed(name), externalIDs: ["k8s.ovn.org/owner-type": "Pods"], name: name))
            let column = SetColumn<IPAddress>(set.row, set.addresses.index)
            switch family {
            case .v4: fill(column, from: pods, PodPort.AddressV4.self)
            case .v6: fill(column, from: pods, PodPort.AddressV6.self)
            }
            result.formUnion(Addresses(set, family))
        }
        return result
    }

    /// The networks; a long list goes into address sets of its own, shared by all who have the same list.
    public mutating func addresses(of networks: [IPNetwork], _ families: [Family]) -> Addresses {
        var result = Addresses()
        for family in families {
            let own = networks.filter { $0.family == family }
            guard own.count > Self.longestList else {
                result.formUnion(Addresses(own))
                continue
            }
            let texts = own.sorted().map(\.description)
            let name = RowName.hashed(texts.joined(separator: ","))
            let set = add(
                AddressSet(
                    key: .fixed(name), addresses: texts, externalIDs: ["k8s.ovn.org/owner-type": "Networks"], name: name
                ))
            result.formUnion(Addresses(set, family))
        }
        return result
    }

    private static var longestList: Int { 30 }
}
