import Core

/// One port per local pod, on one switch.
struct PodModule: NodeModule {
    static let manifest = Manifest(
        name: "pods", summary: "Ports of pods", reads: [Pod.self, Namespace.self],
        writes: [.rows(SwitchPort.self), .rows(Switch.self)])

    func register(on node: inout NodeScope) {
        node.each(Pod.self) { pod, cell throws(Rejection) in
            guard pod.isLocal else { return }
            let node = cell.add(Switch(key: .fixed("node"), name: "node"))
            let name = "\(pod.namespace)_\(pod.name)"
            cell.add(SwitchPort(key: .fixed(name), name: name), to: node.ports)
        }
        node.each(Namespace.self) { _, _ throws(Rejection) in }
    }
}

/// Network policies as a module's author would write them.
struct PolicyModule: NodeModule {
    static let manifest = Manifest(
        name: "policies", summary: "Network policies", reads: [Policy.self, Pod.self, Namespace.self],
        writes: [.rows(PortGroup.self), .rows(AddressSet.self), .rows(ACL.self)])

    func register(on node: inout NodeScope) { node.each(Policy.self, policy) }

    private func policy(_ policy: Policy, _ cell: inout Cell) throws(Rejection) {
        let subjects = cell.group(
            of: Pod.self, in: .namespace(policy.namespace), matching: policy.subject, only: [Pod.isLocal])
        guard cell.any(subjects) else { return }
        let isolated = cell.add(PortGroup(key: .fixed("isolated"), name: "isolated"))
        cell.add(
            ACL(key: .fixed("isolated"), action: "drop", match: "outport == @isolated", priority: 1000),
            to: isolated.acls)
        cell.fill(isolated.ports, from: subjects, Pod.Port.self)
        guard !policy.rules.isEmpty else { return }

        let name = subjects.name.description
        let group = cell.add(PortGroup(key: .group(subjects.name, ""), name: name))
        cell.fill(group.ports, from: subjects, Pod.Port.self)
        for (index, peer) in policy.rules.enumerated() {
            let pods = cell.group(of: Pod.self, in: peer.scope, matching: peer.pods)
            let source = pods.name.description
            let set = cell.add(AddressSet(key: .group(pods.name, ""), name: source))
            cell.fill(set.addresses, from: pods, Pod.Address.self)
            cell.add(
                ACL(
                    key: .own("in\(index)"), action: "allow-related",
                    match: "outport == @\(name) && ip4.src == $\(source)",
                    priority: 1001), to: group.acls)
        }
    }
}
