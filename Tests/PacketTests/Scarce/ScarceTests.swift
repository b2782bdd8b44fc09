import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    /// Four node subnets, and four pods to a node: all that can run out does.
    @Suite("In a lab with few addresses", .serialized, .timeLimit(.minutes(1)), InLab.scarce)
    struct Scarce {}
}

extension Trait where Self == InLab {
    static var scarce: InLab {
        InLab(
            name: "t-pk-few-\(getpid() % 10_000)", families: .v4v6,
            clusterSubnets: ["10.244.0.0/27/29", "fd00:10:244::/62/64"],
            pods: [LabPod("a1", on: "n1"), LabPod("b1", on: "n2")])
    }
}

extension PacketLab {
    /// What a daemon has written about an object; empty when it has written nothing.
    func status(of object: ObjectID, by writer: String) -> JSONCursor {
        let text = try? Files.read("\(paths.status)/\(writer)/\(ObjectOverlay.fileName(of: object))")
        return JSONCursor(text.flatMap { try? JSON(parsing: $0) } ?? .null)
    }

    /// Its events and conditions with this reason, as text.
    func words(about object: ObjectID, by writer: String, _ reason: String) throws -> [String] {
        let status = status(of: object, by: writer)
        let events = try status["events"].elements()
        let conditions = try status["conditions"].members().map(\.value)
        return try (events + conditions).filter { try $0["reason"].string(or: "") == reason }
            .map { try $0["message"].string(or: "") }
    }
}

extension Packets.Scarce {
    @Test("a pod that finds its node's subnet full waits, says so, and starts when another goes")
    func subnetIsFull() async throws {
        let lab = try Packets.lab()
        for name in ["c1", "c2", "c3"] { try await lab.run(LabPod(name, on: "n2")) }
        try lab.add(LabPod("waits", on: "n2"))
        let subnet = "\(try await lab.network(of: "n2"))"
        let report = try await lab.report { report in
            report.pods.contains { $0.name == "waits" && $0.message.contains("SubnetFull") }
        }
        let words = report.pods.first { $0.name == "waits" }?.message ?? ""
        #expect(words.contains("n2") && words.contains(subnet), "\(words)")
        let pod = Pod.id("t", "waits")
        let isTold = try await eventually(within: .seconds(5)) {
            try lab.words(about: pod, by: "n2", "SubnetFull").count { $0.contains("n2") && $0.contains(subnet) } == 2
        }
        #expect(isTold, "an event and a condition: \(lab.status(of: pod, by: "n2").value?.text() ?? "nothing")")
        // Others are not held up: neither this node's nor those of another.
        #expect(try await lab.pings("t/a1", lab.address("t/c1", .v4)))
        try await lab.run(LabPod("a2", on: "n1"))

        try await lab.remove("c2")
        try await lab.report { $0.pods.contains { $0.name == "waits" && $0.phase == .running } }
        for family in lab.families {
            let address = try await lab.address("t/waits", family)
            let answers = try await eventually(within: .seconds(5)) {
                try await lab.asks("t/a1", address)?.name == "waits"
            }
            #expect(answers, "\(family)")
            #expect(try await lab.pings("t/c1", address), "\(family)")
        }
        let isQuiet = try await eventually(within: .seconds(5)) {
            try lab.words(about: pod, by: "n2", "SubnetFull").isEmpty
        }
        #expect(isQuiet)
        for name in ["c1", "c3", "waits", "a2"] { try await lab.remove(name) }
    }

    @Test("an ADD ends within a second when its pod is deleted, and leaves nothing")
    func deletedWhileAdded() async throws {
        let lab = try Packets.lab()
        let controller = try #require(
            pid_t(Files.read("\(lab.paths.engineDirectory("n1"))/ovn-controller.pid").filter(\.isNumber)))
        // Without it no port is ever installed.
        kill(controller, SIGSTOP)
        defer { kill(controller, SIGCONT) }
        let pod = LabPod("late", on: "n1", [Lab.attachedByHand: "true"])
        try lab.add(pod)
        let sandbox = String(repeating: "5ca2ce00", count: 8)
        let namespace = lab.paths.pod(sandbox)
        _ = try NetworkNamespace.create(namespace)
        defer { try? NetworkNamespace.delete(namespace) }
        let plugin = Plugin(paths: lab.paths, executable: lab.record.plugin, node: "n1")
        let plan = PodPlan(Pod(namespace: "t", name: "late", uid: "uid-late"), on: "n1")
        let adding = Task { try await onThread { try plugin.call(.add, sandbox: sandbox, pod: plan) } }
        var traces: [String] = []
        let isWired = try await eventually(within: .seconds(10)) {
            traces = try await lab.leftovers("n1", of: "late", sandbox)
            return ["lsp-list", "list-ports", "ip link", "attachments"].allSatisfy { part in
                traces.contains { $0.hasPrefix(part) }
            }
        }
        #expect(isWired, "\(traces)")

        let began = ContinuousClock.now
        try Files.remove("\(lab.directory)/manifests/late.yaml")
        let error = await #expect(throws: (any Error).self) { try await adding.value }
        let time = began.duration(to: .now)
        print("measured: pod deleted to the end of its ADD: \(time)")
        #expect(time < .seconds(1))
        #expect(error.map { "\($0)" }?.contains("late was deleted") == true, "\(String(describing: error))")
        kill(controller, SIGCONT)
        let isGone = try await eventually(within: .seconds(5)) {
            traces = try await lab.leftovers("n1", of: "late", sandbox)
            return traces.isEmpty
        }
        #expect(isGone, "\(traces)")
        let links = try NetworkNamespace.named(namespace).run { try Command("ip", "-o", "link").run() }
        #expect(!links.contains("eth0"), "\(links)")
        // The runtime's DEL, and a second one, are fine.
        for _ in 0..<2 {
            #expect(throws: Never.self) { try plugin.call(.del, sandbox: sandbox, pod: plan) }
        }
    }
}

extension PacketLab {
    /// A node's IPv4 subnet.
    fileprivate func network(of node: String) async throws -> IPNetwork {
        let text = try await shell("node:\(node)", "ovn-nbctl get logical_switch \(node) other_config:subnet")
        return try #require(IPNetwork(text.filter { $0 != "\"" && $0 != "\n" }))
    }

    /// What there is of a pod or its sandbox on a node, each with where it was found.
    fileprivate func leftovers(_ node: String, of pod: String, _ sandbox: String) async throws -> [String] {
        let device = sandbox.prefix(15)
        let script = """
            ovn-nbctl lsp-list \(node) | grep 't_\(pod))' | sed 's/^/lsp-list: /'
            ovs-vsctl list-ports br-int | grep \(device) | sed 's/^/list-ports: /'
            ip -o link | grep \(device) | sed 's/^/ip link: /'
            nft list ruleset | grep \(device) | sed 's/^/nft: /'
            ls \(paths.runDirectory(node))/attachments | grep \(device) | sed 's/^/attachments: /'
            grep -l 't/\(pod)"' \(paths.status)/\(node)/* | sed 's/^/status: /'
            true
            """
        return try await shell("node:\(node)", script).split(separator: "\n").map(String.init)
    }
}
