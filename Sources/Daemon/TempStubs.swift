import Core
import Linux
import Model
import OVSDB
struct NetlinkFeed: Feed {
    let name = "netlink"
    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        let s = try NetlinkSocket()
        var old: [ObjectID: any Kind] = [:]
        var listed = false
        while !Task.isCancelled {
            var now: [any Kind] = []
            let links = try s.links()
            let names = Dictionary(links.map { ($0.index, $0.name) }, uniquingKeysWith: { a, _ in a })
            for l in links { now.append(Link(name: l.name, index: l.index, mac: l.mac, mtu: l.mtu, isUp: l.isUp, type: l.kind ?? "")) }
            for a in try s.addresses() { now.append(LinkAddress(device: names[a.index] ?? "", address: a.address, scope: .init(rawValue: a.scope) ?? .global, isDeprecated: a.flags & AddressInfo.deprecated != 0)) }
            for r in try s.routes() where r.type == 1 && (r.table == 254 || r.table == 7) { now.append(Route(destination: r.destination, nextHops: r.nextHops.map { .init(device: names[$0.index] ?? "", gateway: $0.gateway) }, metric: r.metric, table: r.table, source: r.source, origin: r.origin)) }
            let ids = Set(now.map(\.id))
            var changes: [ObjectChange] = old.keys.filter { !ids.contains($0) }.map { .remove($0) }
            changes += now.map { .put($0) }
            old = Dictionary(now.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
            emit(.changes(feed: name, changes, lane: .bulk))
            if !listed { emit(.listed(feed: name)); listed = true }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
struct VSwitchFeed: Feed {
    let name = "ovs"
    let db: Database
    init(_ d: Database) { db = d
        d.monitor("Interface", columns: ["name", "type", "external_ids", "ofport", "mac_in_use"])
        d.monitor("Bridge", columns: ["name", "datapath_type", "external_ids", "ports", "other_config"])
        d.monitor("Port", columns: ["name"])
        d.monitor("Open_vSwitch", columns: ["external_ids", "ovs_version"])
    }
    func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {
        let (news, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let sub = db.subscribe(to: ["Interface", "Bridge", "Port", "Open_vSwitch"]) { bell.yield() }
        bell.yield()
        var old: [ObjectID: any Kind] = [:]
        var listed = false
        for await _ in news {
            let n = sub.take()
            if !n.isConnected && !listed { continue }
            let now: [any Kind] = db.read { r in
                var now: [any Kind] = []
                guard let i = r["Interface"], let b = r["Bridge"], let p = r["Port"], let o = r["Open_vSwitch"] else { return now }
                for u in i.rows.keys {
                    let ids = i.value(u, "external_ids")
                    now.append(OVSInterface(name: i.value(u, "name")?.single?.text ?? "", type: i.value(u, "type")?.single?.text ?? "", ifaceID: ids?.text(of: "iface-id"), sandbox: ids?.text(of: "sandbox"), installed: ids?.text(of: "ovn-installed") == "true", ofport: i.value(u, "ofport")?.single?.number.flatMap { $0 > 0 ? $0 : nil }, mac: i.value(u, "mac_in_use")?.single?.text))
                }
                for u in b.rows.keys {
                    let ids = b.value(u, "external_ids")
                    now.append(OVSBridge(name: b.value(u, "name")?.single?.text ?? "", datapathType: b.value(u, "datapath_type")?.single?.text ?? "", uplink: ids?.text(of: "bridge-uplink"), owned: ids?.text(of: "ovenbird") != nil, ports: (b.value(u, "ports")?.members ?? []).compactMap { $0.reference.flatMap { p.value($0, "name")?.single?.text } }, hwaddr: b.value(u, "other_config")?.text(of: "hwaddr")))
                }
                for u in o.rows.keys { let ids = o.value(u, "external_ids"); now.append(OVSSystem(systemID: ids?.text(of: "system-id"), hostname: ids?.text(of: "hostname"))) }
                return now
            }
            if now.isEmpty { continue }
            let ids = Set(now.map(\.id))
            var changes: [ObjectChange] = old.keys.filter { !ids.contains($0) }.map { .remove($0) }
            changes += now.map { .put($0) }
            old = Dictionary(now.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
            emit(.changes(feed: name, changes, lane: .bulk))
            if !listed { emit(.listed(feed: name)); listed = true }
        }
    }
}
struct OpenFlowPlane: Plane { let name = "of"; let s: AsyncStream<UInt64>; let c: AsyncStream<UInt64>.Continuation; init(directory: String) throws { (s, c) = AsyncStream.makeStream() }; func apply(_ d: Delta) { c.yield(d.turn) }; func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws { report(.connected(plane: name, true)); for await t in s { report(.confirmed(plane: name, turn: t)) } } }
