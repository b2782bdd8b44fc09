import Core
import Linux
import Model
import Vocabulary

/// What becomes of a new connection in this zone, and which objects decide: the engine's own trace, joined with the
/// owners of the rows behind its flows.
struct PacketQuestion: Sendable {
    let scheduler: Scheduler
    let northbound: DatabaseAccess
    let southbound: DatabaseAccess

    /// A part of the question that makes no sense.
    struct Refused: Error { let message: String }

    /// `from` is `Pod/NS/NAME`, `Node/NAME`, or, with the addresses as it crossed, `Zone/NODE`.
    func answer(_ query: [String: String]) async throws -> JSON {
        guard let traffic = TracedPacket.Traffic(query["traffic"] ?? "") else {
            throw Refused(message: "\(query["traffic"] ?? "") is not like tcp/443, udp/53 or icmp (BadTraffic)")
        }
        guard let destination = IPAddress(query["to"] ?? "") else {
            throw Refused(message: "\(query["to"] ?? "") is no address (BadAddress)")
        }
        let entry = await scheduler.ask { engine, _ in Self.entry(query, destination, traffic, engine) }
        var packet = try entry.get()
        if let text = query["backend"] {
            guard let backend = TransportAddress(text) else {
                throw Refused(message: "\(text) is not like 10.244.1.5:80 (BadBackend)")
            }
            packet.backend = backend
        }
        let southbound = southbound
        let northbound = northbound
        let (trace, rules) = try await onThread { [packet] in
            let trace = try packet.trace(southbound: southbound)
            return (trace, try Self.rules(trace, northbound, southbound))
        }
        return await scheduler.ask { [packet] engine, _ in
            Report.envelope(
                "Trace",
                [
                    "source": .string("\(packet.source)"), "destination": .string("\(packet.destination)"),
                    "decisions": .array(
                        trace.steps.compactMap { step in
                            rules[step.flow].flatMap { Report.decision(step, rule: $0, engine) }
                        }),
                    "backends": .array(trace.backends.map { .string("\($0)") }),
                    "outputs": .array(
                        trace.outputs.map { ["port": .string($0.port), "type": .string($0.type)] }),
                    "ethernet": [
                        "source": .string("\(trace.source ?? packet.ethernet.source)"),
                        "destination": .string("\(trace.destination ?? packet.ethernet.destination)"),
                    ],
                ])
        }
    }

    // MARK: the packet

    private static func entry(
        _ query: [String: String], _ to: IPAddress, _ traffic: TracedPacket.Traffic, _ engine: Engine
    ) -> Result<TracedPacket, Refused> {
        let node = engine.object(LocalNode.self, "", LocalNode.singleton)?.nodeName ?? ""
        guard let network = engine.object(NodeNetwork.self, "", node), let gateway = network.gatewayMAC else {
            return .failure(Refused(message: "the node has no network yet (NotReady)"))
        }
        let from = (query["from"] ?? "").split(separator: "/").map(String.init)
        let switched = network.subnet(to.family).flatMap { $0.contains(to) ? neighbour(to, network, engine) : nil }
        func packet(_ inport: String, _ source: IPAddress?, _ mac: MACAddress?) -> Result<TracedPacket, Refused> {
            guard let source, let mac else {
                return .failure(
                    Refused(message: "\(from.joined(separator: "/")) has no \(to.family) address (NoAddress)"))
            }
            return .success(
                TracedPacket(
                    datapath: Topology.nodeSwitch(node), inport: inport, ethernet: (mac, switched ?? gateway),
                    source: source, destination: to, traffic: traffic))
        }
        switch (from.first, from.count) {
        case ("Pod", 3):
            guard let pod = engine.object(PodPort.self, from[1], from[2]), pod.isLocal else {
                return .failure(Refused(message: "pod \(from[1])/\(from[2]) is not on \(node) (NotFound)"))
            }
            return packet(pod.logicalPort, pod.addresses.map(\.address).first { $0.family == to.family }, pod.mac)
        case ("Node", 2):
            return packet(Topology.managementPort(node), network.management(to.family), network.managementMAC)
        case ("Zone", 2):
            guard let source = IPAddress(query["source"] ?? ""),
                let sender = MACAddress(query["ethernetSource"] ?? ""),
                let receiver = MACAddress(query["ethernetDestination"] ?? "")
            else { return .failure(Refused(message: "a packet of another zone needs its addresses (BadAddress)")) }
            return .success(
                TracedPacket(
                    datapath: Topology.transitSwitch, inport: Topology.transitToRouter(from[1]),
                    ethernet: (sender, receiver), source: source, destination: to, traffic: traffic))
        default:
            return .failure(Refused(message: "a packet comes from Pod/NS/NAME, Node/NAME or Zone/NAME (BadSource)"))
        }
    }

    private static func neighbour(_ address: IPAddress, _ network: NodeNetwork, _ engine: Engine) -> MACAddress? {
        if network.management(address.family) == address { return network.managementMAC }
        let pods = engine.objects(kind: PodPort.kind).lazy.compactMap { $0 as? PodPort }
        return pods.first { $0.isLocal && $0.addresses.contains { $0.address == address } }?.mac
    }

    // MARK: the rules behind flows

    /// The key of the ACL row behind each flow. A flow names its ACL by the beginning of the identity.
    private static func rules(
        _ trace: EngineTrace, _ northbound: DatabaseAccess, _ southbound: DatabaseAccess
    ) throws -> [String: String] {
        let flows = Set(trace.steps.map(\.flow)).sorted()
        let hints = try records("ovn-sbctl", southbound, "Logical_Flow", flows, "stage-hint")
        let acls = Set(hints.values).sorted()
        // What belongs to other tables (a router's port, a load balancer) is no ACL.
        let keys = try records("ovn-nbctl", northbound, "ACL", acls, "ovenbird")
        return hints.compactMapValues { keys[$0] }
    }

    private static func records(
        _ tool: String, _ database: DatabaseAccess, _ table: String, _ names: [String], _ key: String
    ) throws -> [String: String] {
        var found: [String: String] = [:]
        guard !names.isEmpty else { return found }
        let outcome = try Command(
            [tool] + database.toolArguments
                + ["--if-exists", "--format=json", "--columns=_uuid,external_ids", "list", table] + names
        ).outcome()
        guard outcome.succeeded else { throw TraceFailure(words: outcome.errors) }
        let answer = JSONCursor(try JSON(parsing: outcome.output))
        for row in try answer["data"].elements() {
            let cells = try row.elements()
            guard cells.count == 2 else { continue }
            let uuid = try cells[0].elements()[1].string()
            for entry in try cells[1].elements()[1].elements() {
                let pair = try entry.elements()
                if try pair[0].string() == key { found[String(uuid.prefix(8))] = try pair[1].string() }
            }
        }
        return found
    }
}

extension Report {
    /// An ACL that decided over a packet of a port, with the objects that put the port under it; nil for one that
    /// left it to the next tier.
    static func decision(_ step: EngineTrace.Step, rule key: String, _ engine: Engine) -> JSON? {
        let acl = RowRef<ACL>(fixed: key)
        let member = RowRef<LogicalSwitchPort>(fixed: step.port)
        let columns = RowRef<PortGroup>(fixed: "")
        var owners: [ObjectID] = []
        for group in engine.rows(plane: PortGroup.table.plane, table: PortGroup.table.name) {
            guard let content = engine.contents(of: group),
                case .set(let acls)? = content.columns[columns.acls.index], acls.contains(acl.value),
                case .set(let ports)? = content.columns[columns.ports.index], ports.contains(member.value)
            else { continue }
            owners += engine.sources(of: group, column: columns.ports.index, member: member.value).owners.map(\.object)
        }
        guard case .row(let row) = acl.value else { return nil }
        // A rule of a whole switch holds nobody by name.
        if owners.isEmpty { owners = engine.owners(of: row).map(\.object) }
        let action = ACL.table.columns.firstIndex { $0.name == "action" }
            .flatMap { engine.contents(of: row)?.columns[$0] }
        func acts(_ ways: ACL.Action...) -> Bool { ways.contains { action == .scalar(.string($0.rawValue)) } }
        if acts(.pass) { return nil }
        return [
            "direction": .string((step.stage.contains("_out_") ? Traffic.ingress : .egress).rawValue),
            "verdict": .string(acts(.drop, .reject) ? "drop" : "allow"), "port": .string(step.port),
            "row": .string(row.description),
            "by": .array(Set(owners.map(\.description)).sorted().map { .string($0) }),
        ]
    }
}
