import Core
import LiveMigration
import Model
import ModuleHarness
import Testing
import Vocabulary

@Suite("Where the addresses of a virtual machine lead")
struct LiveMigrationTests {
    private static let target = "2026-12-01T10:00:00Z"

    private func harness(_ machine: Machine = Machine(), _ pods: [any Kind]...) throws -> NodeHarness {
        let harness = try NodeHarness(LiveMigrationModule.self)
        try harness.apply(machine.world + pods.flatMap { $0 })
        return harness
    }

    /// `10.244.2.9/32 via 100.88.0.3`, sorted.
    private func routes(_ node: NodeHarness) -> [String] {
        node.rows(LogicalRouterStaticRoute.self).map { row in
            let policy = row["policy"] == "src-ip" ? "from " : ""
            let port = row["output_port"].map { " by \($0)" } ?? ""
            return "\(policy)\(row["ip_prefix"] ?? "") via \(row["nexthop"] ?? "")\(port)"
        }.sorted()
    }

    private let arrived = [
        "10.244.2.9/32 via 10.244.2.9 by rtos-n1", "fd00:10:244:2::9/128 via fd00:10:244:2::9 by rtos-n1",
        "from 10.244.2.0/24 via 100.64.0.1", "from fd00:10:244:2::/64 via fd98::1",
    ]
    private let onThird = ["10.244.2.9/32 via 100.88.0.3", "fd00:10:244:2::9/128 via fd97::3"]

    @Test("at home a machine is found as any pod", arguments: [1, 2])
    func home(home: Int) throws {
        let machine = Machine(home: home)
        let node = try harness(machine, machine.launcher("vm-1", on: "n\(home)", isReady: true))
        #expect(node.rows.isEmpty)
    }

    @Test("a machine that has come here is found on this node's switch, and leaves by this node")
    func here() throws {
        let machine = Machine()
        let node = try harness(
            machine, machine.launcher("vm-1", on: "n2", isReady: true), machine.launcher("vm-2", on: "n1"))
        #expect(node.rows.isEmpty, "not yet")
        try node.apply(machine.launcher("vm-2", on: "n1", isReady: true, since: Self.target))
        #expect(routes(node) == arrived)
        #expect(node.members(Topology.router.staticRoutes).count == 4)
        let bindings = node.rows(StaticMACBinding.self)
        #expect(bindings.map { $0["ip"] } == ["10.244.2.9", "fd00:10:244:2::9"])
        #expect(bindings.allSatisfy { $0["logical_port"] == "rtos-n1" && $0["mac"] == "0a:58:0a:f4:02:09" })
        #expect(bindings.allSatisfy { $0["override_dynamic_mac"] == "true" })
        #expect(node.rows(LogicalSwitchPort.self).isEmpty)
    }

    @Test("two machines of one home leave by one route, and each alone has it")
    func shared() throws {
        let one = Machine()
        let two = Machine(namespace: "bank")
        let node = try harness(one, one.launcher("vm-1", on: "n1", isReady: true))
        try node.apply(two.launcher("vm-1", on: "n1", isReady: true))
        #expect(routes(node).filter { $0.hasPrefix("from") }.count == 2)
        try node.remove(one.launcher("vm-1", on: "n1").map(\.id))
        #expect(routes(node) == arrived)
    }

    @Test("in local mode a machine leaves by the host, and without a gateway not at all")
    func exits() throws {
        let local = Machine(mode: .local)
        let node = try harness(local, local.launcher("vm-1", on: "n1", isReady: true))
        #expect(routes(node).contains("from 10.244.2.0/24 via 10.244.1.2"))
        #expect(routes(node).contains("from fd00:10:244:2::/64 via fd00:10:244:1::2"))
        try node.apply(Machine(mode: .disabled).local)
        #expect(routes(node) == Array(arrived.prefix(2)))
    }

    @Test("of a machine on a third node only the way is known; one that is where it began needs none")
    func elsewhere() throws {
        let machine = Machine()
        let node = try harness(
            machine, machine.launcher("vm-1", on: "n2", isReady: true), machine.launcher("vm-2", on: "n3"))
        #expect(node.rows.isEmpty)
        try node.apply(machine.launcher("vm-2", on: "n3", since: Self.target))
        #expect(routes(node) == onThird)
        #expect(node.rows(LogicalRouterPort.self).isEmpty && node.rows(StaticMACBinding.self).isEmpty)
    }

    @Test("at home something stands in for a machine that is away, with its MAC and without its addresses")
    func standIn() throws {
        let machine = Machine(home: 1)
        let node = try harness(
            machine, machine.launcher("vm-1", on: "n1", isReady: true),
            machine.launcher("vm-2", on: "n2", since: Self.target))
        let onRouter = try #require(node.row(LogicalRouterPort.self, "rtog_shop_vm"))
        #expect(onRouter["mac"] == "0a:58:0a:f4:01:09")
        #expect(onRouter.members("networks") == ["fe80::858:aff:fef4:109/64"])
        let onSwitch = try #require(node.row(LogicalSwitchPort.self, "gtor_shop_vm"))
        #expect(onSwitch.members("addresses") == ["0a:58:0a:f4:01:09 10.244.1.9 fd00:10:244:1::9"])
        #expect(onSwitch["type"] == "router" && onSwitch.map("options") == ["router-port": "rtog_shop_vm"])
        #expect(node.members(Topology.localSwitch("n1").ports) == ["gtor_shop_vm"])
        #expect(node.members(Topology.router.ports) == ["rtog_shop_vm"])
        #expect(routes(node) == ["10.244.1.9/32 via 100.88.0.2", "fd00:10:244:1::9/128 via fd97::2"])
        // The machine of that name in another namespace is another one.
        let other = Machine(namespace: "bank", home: 1)
        try node.apply(other.launcher("vm-1", on: "n3", isReady: true))
        #expect(node.members(Topology.router.ports) == ["rtog_bank_vm", "rtog_shop_vm"])
        // It comes home.
        try node.apply(machine.launcher("vm-3", on: "n1", since: "2026-12-01T11:00:00Z"))
        #expect(node.members(Topology.router.ports) == ["rtog_bank_vm"])
        #expect(node.row(LogicalSwitchPort.self, "gtor_shop_vm") == nil)
    }

    @Test("any order of news gives the same ways", arguments: [true, false])
    func order(sourceEndsFirst: Bool) throws {
        let machine = Machine()
        let node = try harness(
            machine, machine.launcher("vm-1", on: "n2", isReady: true), machine.launcher("vm-2", on: "n3"))
        let ended = machine.launcher("vm-1", on: "n2", isReady: true, .succeeded)
        let ready = machine.launcher("vm-2", on: "n3", isReady: true, since: Self.target)
        if sourceEndsFirst { try node.remove([PodPort.id("shop", "vm-1")]) }
        for news in sourceEndsFirst ? [ended, ready] : [ready, ended] { try node.apply(news) }
        #expect(routes(node) == onThird)
    }

    @Test("a machine that failed to move is where it was")
    func failed() throws {
        let machine = Machine()
        let node = try harness(
            machine, machine.launcher("vm-1", on: "n3", isReady: true),
            machine.launcher("vm-2", on: "n1", since: Self.target))
        #expect(routes(node) == arrived)
        try node.apply(machine.launcher("vm-2", on: "n1", since: Self.target, .failed))
        #expect(routes(node) == onThird)
    }

    @Test("the later of two hand-overs counts, by when pods were made and then by what they say")
    func later() throws {
        let machine = Machine()
        let first = machine.launcher("vm-1", on: "n1", since: Self.target)
        let node = try harness(machine, first, machine.launcher("vm-2", on: "n3", since: "2026-12-01T11:00:00Z"))
        #expect(routes(node) == onThird)
        var made = first
        if var pod = first.first as? Pod {
            pod.created = "2026-12-01T12:00:00Z"
            made[0] = pod
        }
        try node.apply(made)
        #expect(routes(node) == arrived)
    }

    @Test("one family is enough", arguments: Family.allCases)
    func singleStack(family: Family) throws {
        let machine = Machine(families: [family])
        let node = try harness(machine, machine.launcher("vm-1", on: "n1", isReady: true))
        #expect(routes(node) == arrived.filter { $0.contains(":") == (family == .v6) })
        let away = Machine(families: [family], home: 1)
        let home = try harness(away, away.launcher("vm-1", on: "n2", isReady: true))
        let answered = family == .v4 ? "10.244.1.9" : "fd00:10:244:1::9"
        #expect(
            home.row(LogicalSwitchPort.self, "gtor_shop_vm")?.members("addresses") == ["0a:58:0a:f4:01:09 \(answered)"])
    }

    @Test("a pod that is no machine's has no rows here")
    func plain() throws {
        let machine = Machine()
        let pod = Pod(namespace: "shop", name: "vm-1", labels: ["kubevirt.io": "virt-launcher"], nodeName: "n1")
        #expect(try harness(machine, machine.launcher("vm-1", on: "n1").suffix(1) + [pod]).rows.isEmpty)
    }

    @Test("keeps the laws of every module", arguments: [1, 2, 3])
    func laws(home: Int) throws {
        let machine = Machine(home: home)
        let pods =
            machine.launcher("vm-1", on: "n1", isReady: true) + machine.launcher("vm-2", on: "n3", since: Self.target)
            + Machine(namespace: "bank", home: home).launcher("vm-1", on: "n1", isReady: true)
        try ModuleLaws.check(LiveMigrationModule.self, machine.world + pods)
    }
}
