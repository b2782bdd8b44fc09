import Core
import Feeds
import Gateway
import Model
import ModuleHarness
import Testing
import Vocabulary

@Suite("The gateway of a node")
struct GatewayTests {
    @Test("gives the rows of each case", arguments: try CaseFile.all())
    func cases(file: CaseFile) throws {
        let reader = ManifestReader(decoders: KindDecoder.base)
        try file.check(try NodeHarness(GatewayModule.self), also: Host().all) { manifests in
            let contents = reader.read(Array(manifests.utf8), file: file.description)
            #expect(contents.problems.isEmpty)
            return contents.objects.map(\.object)
        }
    }

    @Test("is the same while its card's addresses are on the card and when they are on the bridge")
    func move() throws {
        let before = try harness(Host())
        var moved = Host(device: "bre0")
        moved.bridge = OVSBridge(name: "bre0", uplink: "e0", owned: true, ports: ["bre0", "e0"])
        let after = try harness(moved)
        #expect(before.object(NodeGateway.self, "", ".") == after.object(NodeGateway.self, "", "."))
        #expect(before.rows(NAT.self) == after.rows(NAT.self))
    }

    @Test("takes the addresses that the cluster knows the node by before others, and none that is not usable yet")
    func ownAddress() throws {
        let node = try harness(Host())
        func address(_ text: String, isTentative: Bool = false) throws -> LinkAddress {
            LinkAddress(device: "e0", address: try #require(IPNetwork(text)), isTentative: isTentative)
        }
        func addresses() throws -> [String] {
            try #require(node.object(NodeGateway.self, "", ".")).addresses.map(\.description)
        }
        try node.apply(
            try address("172.30.0.0/32"), try address("fd30::/128"), try address("fd30::2/64", isTentative: true))
        #expect(try addresses() == ["172.30.0.0/32", "172.30.0.1/24", "fd30::/128", "fd30::1/64"])
        let status = ["fd30::1", "172.30.0.1"].compactMap { IPAddress($0) }
        try node.apply(Node(name: "n1", internalAddresses: status))
        #expect(try addresses() == ["172.30.0.1/24", "172.30.0.0/32", "fd30::1/64", "fd30::/128"])
        #expect(node.rows(NAT.self).allSatisfy { ["172.30.0.1", "fd30::1"].contains($0["external_ip"]) })
        try node.apply(try address("fd30::2/64"))
        #expect(try addresses().contains("fd30::2/64"))
    }

    @Test("remembers connections that are over wherever the engine tracks any, and nowhere else")
    func memory() throws {
        func zones(_ node: NodeHarness) -> Set<String> {
            Set(node.row(SwitchDatapath.self, "netdev")?.map("ct_zones").keys.map { $0 } ?? [])
        }
        let node = try NodeHarness([DatapathStub(), GatewayModule()])
        try node.apply(Host().all)
        #expect(zones(node) == ["0"])
        try node.apply(OVSBridge(name: "br-int", zones: [7, 3]), OVSBridge(name: "br-else", zones: [9]))
        #expect(zones(node) == ["0", "3", "7"])
        try node.apply(OVSBridge(name: "br-int", zones: [7]))
        #expect(zones(node) == ["0", "7"])
    }

    @Test("has no flows until the engine has made the patch port")
    func patchPort() throws {
        var host = Host()
        host.hasPatch = false
        let node = try harness(host)
        #expect(node.rows(Flow.self).isEmpty)
        #expect(!node.rows(NAT.self).isEmpty)
        try node.apply(Host().patch)
        #expect(!node.rows(Flow.self).isEmpty)
    }

    @Test("keeps its rows when the routes become impossible, says so, and mends when they are right again")
    func impossible() throws {
        let host = Host()
        let node = try harness(host)
        let rows = node.text
        let elsewhere = Route(
            destination: .everything(.v6), nextHops: [.init(device: "e1", gateway: IPAddress("fd31::1"))], metric: 1)
        try node.apply(elsewhere)
        #expect(node.problems.map(\.reason) == ["MultipleGatewayInterfaces"])
        #expect(node.text == rows)
        try node.remove(elsewhere)
        #expect(node.problems.isEmpty)
    }

    @Test("refuses a card whose MTU leaves no room for the tunnel's head")
    func mtu() throws {
        var host = Host()
        host.mtu = 1450
        let node = try harness(host)
        #expect(
            node.problems.map(\.message).contains {
                $0.hasPrefix("MTU (1450) of network interface e0 is too small for specified overlay MTU (1400)")
            })
        #expect(node.rows(Bridge.self).isEmpty)
    }

    @Test("leaves a bridge alone that somebody else made")
    func foreignBridge() throws {
        var host = Host(device: "br-ex")
        host.bridge = OVSBridge(name: "br-ex", uplink: "e0", owned: false, ports: ["br-ex", "e0"])
        host.bridgeName = "br-ex"
        let node = try harness(host)
        #expect(node.rows(Bridge.self).isEmpty)
        #expect(node.rows(BridgedUplink.self).isEmpty)
        #expect(node.object(NodeGateway.self, "", ".")?.bridge == "br-ex")
    }

    @Test("translates what leaves to ports that the host never uses, and only then", arguments: [Family.v4, .v6])
    func translation(family: Family) throws {
        let node = try harness(Host())
        let own = family == .v4 ? "172.30.0.1" : "fd30::1"
        let rows = node.rows(NAT.self).filter { $0["external_ip"] == own }
        #expect(rows.count == 3)
        #expect(rows.filter { $0["external_port_range"] == "61000-65535" }.count == 2)
        let forHost = rows.first { $0["external_port_range"] == nil }
        #expect(forHost?["logical_ip"] == (family == .v4 ? "169.254.169.2" : "fd69::/64"))
    }

    @Test("keeps the other ends of tunnels known, where the datapath would drop a first packet")
    func tunnelEnds() throws {
        func other(_ name: String, _ ends: String...) -> NodeNetwork {
            NodeNetwork(
                name: name, isLocal: false, nodeID: 3, subnets: [], transit: [], join: [], chassisID: "c",
                encapsulationAddresses: ends.compactMap { IPAddress($0) })
        }
        let node = try harness(Host())
        let before = Set(node.rows(HostNeighbour.self).map(\.key))
        func asked() -> Set<String> { Set(node.rows(HostNeighbour.self).map(\.key)).subtracting(before) }
        try node.apply(other("n2", "172.30.0.2", "fd30::2"), other("n3", "192.0.2.3"))
        #expect(asked() == ["bre0 172.30.0.2", "bre0 fd30::2", "bre0 172.30.0.100"], "n3 is behind a router")
        #expect(node.row(HostNeighbour.self, "bre0 172.30.0.2")?["mac"] == nil)
        try node.apply(LocalNode(nodeName: "n1", gateway: .init(mode: .shared), datapath: .system))
        #expect(asked().isEmpty)
    }

    @Test("keeps the laws of every module")
    func laws() throws { try ModuleLaws.check(GatewayModule.self, Host().all) }

    private func harness(_ host: Host) throws -> NodeHarness {
        let harness = try NodeHarness(GatewayModule.self)
        try harness.apply(host.all)
        return harness
    }

    private func settings(_ change: (inout LocalNode.Gateway) -> Void) -> LocalNode {
        var gateway = LocalNode.Gateway(mode: .shared)
        change(&gateway)
        return LocalNode(nodeName: "n1", gateway: gateway, datapath: .netdev)
    }

    @Test("translates for its own pods one by one when it is told to, and for no others")
    func onePodAtATime() throws {
        func pod(_ name: String, isLocal: Bool, _ addresses: String...) -> PodPort {
            PodPort(
                namespace: "shop", name: name, labels: [:], uid: name, node: isLocal ? "n1" : "n2", isLocal: isLocal,
                addresses: addresses.compactMap { IPNetwork($0) }, mac: MACAddress(number: 1), gateways: [])
        }
        let web = pod("web", isLocal: true, "10.244.1.5/24", "fd00:10:244:1::5/64")
        let node = try harness(Host())
        try node.apply(web, pod("db", isLocal: false, "10.244.2.5/24"))
        func translated() -> Set<String> { Set(node.rows(NAT.self).compactMap { $0["logical_ip"] }) }
        let always: Set = ["100.64.0.2", "fd98::2", "169.254.169.2", "fd69::/64"]
        #expect(translated() == always.union(["10.244.0.0/16", "fd00:10:244::/48"]))
        try node.apply(settings { $0.disableSNATMultipleGateways = true })
        #expect(translated() == always.union(["10.244.1.5", "fd00:10:244:1::5"]))
        let own = node.rows(NAT.self).filter { $0["logical_ip"] == "10.244.1.5" }
        #expect(own.map { $0["external_ip"] } == ["172.30.0.1"])
        #expect(own.map { $0["external_port_range"] } == ["61000-65535"])
        #expect(node.members(RowRef<LogicalRouter>(fixed: "GR_n1").nat).count == 6)
        try node.remove(web)
        #expect(translated() == always)
    }

    @Test("lets the host forward nothing through its bridge but the cluster's, when it is told to")
    func noForwarding() throws {
        let node = try harness(Host())
        func chain() -> TableRow? { node.rows(NetfilterChain.self).first { $0["name"] == "through-gateway" } }
        #expect(chain() == nil)
        try node.apply(settings { $0.disableForwarding = true })
        let rules = try #require(chain()).description
        for network in ["10.244.0.0/16", "10.96.0.0/16", "169.254.169.0/29"] {
            #expect(rules.contains("ip saddr \(network) accept") && rules.contains("ip daddr \(network) accept"))
        }
        #expect(rules.contains("ip6 daddr fd00:10:96::/112 accept"))
        #expect(rules.contains("iifname != \"bre0\" oifname != \"bre0\" accept"))
    }

    @Test("has a router that tells no sender of packets that are too big, when it is told to")
    func noSizes() throws {
        let node = try harness(Host())
        func options() -> [String: String]? { node.row(LogicalRouterPort.self, "rtoj-GR_n1")?.map("options") }
        #expect(options() == ["gateway_mtu": "1400"])
        try node.apply(settings { $0.disablePacketMTUCheck = true })
        #expect(options() == [:])
    }
}

/// The row of the datapath, which another module makes.
private struct DatapathStub: NodeModule {
    static let manifest = Manifest(
        name: "datapath", summary: "A row of others", reads: [LocalNode.self], writes: [.rows(SwitchDatapath.self)])
    func register(on node: inout NodeScope) {
        node.each(LocalNode.self) { local, cell throws(Rejection) in
            cell.add(SwitchDatapath(key: .fixed(local.datapath.rawValue)))
        }
    }
}
