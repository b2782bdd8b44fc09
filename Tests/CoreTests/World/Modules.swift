import Core

/// Fills an isolation group, a group per policy, and address sets of peers.
struct PolicyModule: NodeModule {
    static let manifest = Manifest(
        name: "policy", summary: "Policies of the tests", reads: [Policy.self, Pod.self, Namespace.self],
        writes: [.rows(PortGroup.self), .rows(ACL.self), .rows(AddressSet.self)])

    init() {}

    func register(on node: inout NodeScope) { node.each(Policy.self, policy) }

    private func policy(_ policy: Policy, _ cell: inout Cell) throws(Rejection) {
        let subjects = cell.group(
            of: Pod.self, in: .namespace(policy.namespace), matching: policy.subject, only: [Pod.isLocal])
        guard cell.any(subjects) else { return }
        let isolation = cell.add(PortGroup(key: .fixed("isolated"), name: "isolated"))
        cell.fill(isolation.ports, from: subjects, Pod.Port.self)
        if policy.isBroken { throw Rejection("Broken", field: "spec", "broken on purpose") }
        let group = cell.add(PortGroup(key: .group(subjects.name, ""), ids: ["of": "policy"]))
        cell.fill(group.ports, from: subjects, Pod.Port.self)
        var match = "none"
        if let selector = policy.peers {
            let peers = cell.group(of: Pod.self, in: policy.peerScope, matching: selector)
            let set = cell.add(AddressSet(key: .group(peers.name, "v4")))
            cell.fill(set.addresses, from: peers, Pod.Address.self)
            match = "$\(peers.name)"
        }
        cell.add(ACL(key: .own("in"), match: match, priority: 1001), to: group.acls)
    }
}

/// Nested cells, derived objects, explicit members in filled columns, and rows that several cells build.
struct MarkerModule: NodeModule {
    static let manifest = Manifest(
        name: "marker", summary: "Marks of the tests", reads: [Marker.self, Pod.self, Namespace.self],
        publishes: [Mark.self], writes: [.rows(Route.self), .columns(PortGroup.self, "name", "ports", "external_ids")])

    init() {}

    func register(on node: inout NodeScope) {
        node.each(Marker.self, marker)
        node.each(Mark.self) { mark, cell throws(Rejection) in
            cell.add(Route(key: .own("mark"), mark: mark.value))
        }
    }

    private func marker(_ marker: Marker, _ cell: inout Cell) throws(Rejection) {
        let shared = cell.add(Route(key: .fixed("shared"), via: marker.banner))
        for extra in marker.extra { cell.add(extra, to: shared.pods) }
        for extra in marker.extra { cell.add(extra, to: RowRef<PortGroup>(fixed: "isolated").ports) }
        cell.amend(PortGroup(key: .fixed("isolated"), name: marker.banner))
        if let entry = marker.entry { cell.set("entry", to: entry, in: RowRef<PortGroup>(fixed: "isolated").ids) }
        let pods = cell.group(of: Pod.self, in: .namespaces(marker.namespaces), matching: marker.pods)
        cell.fill(shared.pods, from: pods, Pod.Port.self)
        cell.each(pods, run: MarkPod(marker: marker.name, mark: marker.mark))
        let value = marker.mark
        cell.each(pods) { pod, cell throws(Rejection) in
            let namespace = cell.get(Namespace.self, "", pod.namespace)
            cell.add(Route(key: .own("direct"), via: namespace?.labels["tier"] ?? "none", mark: value))
        }
    }
}

struct MarkPod: Child {
    let marker: String
    let mark: Int

    func run(_ pod: Pod, _ cell: inout Cell) throws(Rejection) {
        cell.publish(Mark(namespace: pod.namespace, name: pod.name, value: mark))
        cell.add(Route(key: .own(marker), via: pod.addresses.first, mark: mark))
    }
}

extension Engine {
    func put(_ objects: any Kind...) { apply(.changes(feed: "test", objects.map { .put($0) }, lane: .bulk)) }
    func remove(_ objects: any Kind...) { apply(.changes(feed: "test", objects.map { .remove($0.id) }, lane: .bulk)) }

    /// The whole table, for comparison.
    var table: [RowID: RowContent] {
        var table: [RowID: RowContent] = [:]
        for row in rows() { table[row] = contents(of: row) }
        return table
    }

    func members(_ row: RowID, _ column: String) -> [String] {
        guard let index = row.table.columns.firstIndex(where: { $0.name == column }),
            case .set(let values)? = contents(of: row)?.columns[index]
        else { return [] }
        return values.map(\.description).sorted()
    }
}
