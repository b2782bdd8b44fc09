import Core
import Model
import Vocabulary

/// A port that the receiving pod names: each pod may mean another number, and a pod without that name gets nothing.
struct NamedPort: Sendable, Equatable {
    let traffic: Traffic
    let transport: TransportProtocol
    let name: String
    let peers: Peers
    let subjects: Group<PodPort>
    let families: [Family]
    let isStateless: Bool
    let log: ACLLog?
    /// The policy's identity.
    let policy: String
    let place: String

    func add(_ list: [NetworkPolicy.Peer]?, _ resolver: PeerResolver, _ cell: inout Cell) {
        if traffic == .ingress { return cell.each(subjects, run: NamedBySubject(port: self)) }
        var receivers: [(pods: Group<PodPort>, networks: [IPNetwork]?)] = []
        if let list {
            for peer in list {
                switch peer {
                case .pods(let namespaces, let pods):
                    receivers.append((resolver.group(namespaces, pods ?? .everything, &cell), nil))
                case .block(let network, let except):
                    receivers.append((cell.group(of: PodPort.self), network.subtracting(except)))
                }
            }
        } else {
            receivers = [(cell.group(of: PodPort.self), nil)]
        }
        for (pods, networks) in receivers {
            let source =
                networks?.map(\.description).joined(separator: ",") ?? (list == nil ? "all" : "\(pods.name)")
            cell.each(pods, run: NamedByPeer(port: self, source: source, networks: networks))
        }
        let search = PortSearch(rule: "\(policy)/\(place)", name: name, transports: [transport])
        guard search.isInVain(among: receivers, &cell) else { return }
        cell.report(
            Rejection(
                "UnknownPort", field: place,
                "none of the pods that may be reached has a \(transport.rawValue) port named \(name)"))
    }

    /// The numbers that a pod's containers give the name.
    func numbers(_ pod: PodPort, _ cell: inout Cell) -> [Int] {
        let object = cell.get(Pod.self, pod.namespace, pod.name)
        let ports = object?.containers.flatMap(\.ports).filter { $0.name == name && $0.transport == transport } ?? []
        return Set(ports.map(\.number)).sorted()
    }

    func allowance(_ number: Int, _ peers: Peers) -> Allowance {
        Allowance(
            traffic: traffic, peers: peers, ports: [transport: PortRanges([number...number])],
            isStateless: isStateless, log: log)
    }
}

/// Ingress: the subject itself receives.
struct NamedBySubject: Child {
    let port: NamedPort

    func run(_ pod: PodPort, _ cell: inout Cell) throws(Rejection) {
        let numbers = port.numbers(pod, &cell)
        if numbers.isEmpty {
            cell.report(
                Rejection(
                    "UnknownPort", field: port.place,
                    "a pod that the policy selects has no \(port.transport.rawValue) port named \(port.name)"))
        }
        for number in numbers {
            guard let group = port.allowance(number, port.peers).add(port.families, &cell) else { continue }
            cell.add(RowRef<LogicalSwitchPort>(fixed: pod.logicalPort), to: group.ports)
        }
    }
}

/// Egress: the peer receives; the peers that mean one number share an address set.
struct NamedByPeer: Child {
    let port: NamedPort
    /// Which peers: part of the name of their address sets.
    let source: String
    /// Where the peer must be, if that is limited.
    let networks: [IPNetwork]?

    func run(_ pod: PodPort, _ cell: inout Cell) throws(Rejection) {
        for number in port.numbers(pod, &cell) {
            var peers = Addresses()
            for family in port.families {
                let own = pod.addresses.map(\.address).filter { address in
                    address.family == family && networks?.contains { $0.contains(address) } ?? true
                }
                guard !own.isEmpty else { continue }
                let content = "\(source)|\(port.transport.rawValue)|\(port.name)|\(number)|v\(family.rawValue)"
                let name = RowName.hashed(content)
                let set = cell.add(
                    AddressSet(
                        key: .fixed(name), addresses: own.map(\.description),
                        externalIDs: ["k8s.ovn.org/owner-type": "NamedPort", "k8s.ovn.org/id": content], name: name))
                peers.formUnion(Addresses(set, family))
            }
            guard !peers.isEmpty,
                let group = port.allowance(number, .some(peers)).add(port.families, &cell)
            else { continue }
            cell.fill(group.ports, from: port.subjects, PodPort.Port.self)
        }
    }
}
