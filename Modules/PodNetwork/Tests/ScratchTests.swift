import Core
import Model
import Testing
import Vocabulary
import PodNetwork

@Test func scratch() throws {
    let engine = Engine(scope: .node)
    let m: any NodeModule = try PodNetworkModule(.init()); try engine.enable(m)
    engine.expect(feed: "f", kinds: [Node.self, Pod.self, Namespace.self, Attachment.self, ClusterNetwork.self, LocalNode.self, OVSSystem.self, LinkAddress.self])
    for p in ["nb","sb","vs","host","api","obj"] { engine.attach(plane: p) }
    let cluster = ClusterNetwork(families: [.v4, .v6], clusterSubnets: [.init(IPNetwork("10.244.0.0/16")!, hostPrefix: 24), .init(IPNetwork("fd00:10:244::/48")!, hostPrefix: 64)], serviceNetworks: [IPNetwork("10.96.0.0/16")!], joinSubnets: .init(v4: IPNetwork("100.64.0.0/16"), v6: IPNetwork("fd98::/64")), transitSubnets: .init(v4: IPNetwork("100.88.0.0/16"), v6: IPNetwork("fd97::/64")), masqueradeSubnets: .init(v4: IPNetwork("169.254.169.0/29"), v6: IPNetwork("fd69::/125")))
    func node(_ n: String, _ i: Int) -> Node {
        Node(name: n, annotations: [NodeID.key: "\(i)", NodeSubnets.key: #"{"default":["10.244.\#(i).0/24","fd00:10:244:\#(i)::/64"]}"#, TransitAddresses.key: #"{"ipv4":"100.88.0.\#(i)/16","ipv6":"fd97::\#(i)/64"}"#, ChassisID.key: "c-\(n)", EncapsulationAddresses.key: #"["172.30.0.\#(i)"]"#], internalAddresses: [IPAddress("172.30.0.\(i)")!])
    }
    engine.apply(.changes(feed: "f", [.put(cluster), .put(LocalNode(nodeName: "n1", datapath: .netdev)), .put(node("n1", 2)), .put(node("n2", 3)), .put(OVSSystem(systemID: "c-n1")),
        .put(Pod(namespace: "shop", name: "web", uid: "u1", nodeName: "n1")), .put(Attachment(sandbox: "0123456789abcdef0123", netns: "/run/netns/x", podNamespace: "shop", podName: "web", podUID: "u1"))], lane: .bulk))
    engine.apply(.listed(feed: "f"))
    while engine.hasWork { let r = engine.turn(); for d in r.deltas { print("== \(d.plane)"); for row in d.rows { print(row.what, row.row); for c in row.columns { print("      ", row.row.table.columns[c.column].name, c.what) } } } }
    for p in engine.problems() { print("PROBLEM", p) }
    print(engine.missing())
}
