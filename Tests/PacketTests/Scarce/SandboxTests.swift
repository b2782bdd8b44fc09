import CNI
import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// A pod's sandbox that a test makes and attaches itself, as a container runtime does.
private struct Sandbox: Sendable {
    let id: String
    private let plan: PodPlan
    private let plugin: Plugin
    private let namespace: String

    /// - Parameter seed: eight hexadecimal digits.
    init(_ lab: PacketLab, _ pod: String, _ seed: String, uid: String? = nil) throws {
        id = String(repeating: seed, count: 8)
        plan = PodPlan(Pod(namespace: "t", name: pod, uid: uid ?? "uid-\(pod)"), on: "n1")
        plugin = Plugin(paths: lab.paths, executable: lab.record.plugin, node: "n1")
        namespace = lab.paths.pod(id)
        _ = try NetworkNamespace.create(namespace)
    }

    func delete() { try? NetworkNamespace.delete(namespace) }

    @discardableResult
    func call(_ command: CNICommand) throws -> JSON { try plugin.call(command, sandbox: id, pod: plan) }

    func links() throws -> String {
        try NetworkNamespace.named(namespace).run { try Command("ip", "-o", "link").run() }
    }

    /// Whether a ping of its own is answered.
    func reaches(_ address: IPAddress) throws -> Bool {
        try Command(
            ["ping", "-n", "-q", "-c", "1", "-i", "0.2", "-w", "2", "\(address)"],
            in: try NetworkNamespace.named(namespace)
        ).outcome().succeeded
    }
}

extension Packets.Scarce {
    @Test("an ADD ends at once when its pod is deleted, and leaves nothing")
    func deletedWhileAdded() async throws {
        let lab = try Packets.lab()
        let controller = try #require(
            pid_t(Files.read("\(lab.paths.engineDirectory("n1"))/ovn-controller.pid").filter(\.isNumber)))
        // Without it no port is ever installed.
        kill(controller, SIGSTOP)
        defer { kill(controller, SIGCONT) }
        let pod = LabPod("late", on: "n1", [Lab.attachedByHand: "true"])
        try lab.add(pod)
        let sandbox = try Sandbox(lab, "late", "5ca2ce00")
        defer { sandbox.delete() }
        try await lab.knows(pod: "late")
        let adding = Task { try await onThread { try sandbox.call(.add) } }
        var traces: [String] = []
        let isWired = try await eventually(within: .seconds(20)) {
            traces = try await lab.leftovers("n1", of: "late", sandbox.id)
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
        #expect(time < .seconds(5))
        #expect(error.map { "\($0)" }?.contains("late was deleted") == true, "\(String(describing: error))")
        kill(controller, SIGCONT)
        let isGone = try await eventually(within: .seconds(20)) {
            traces = try await lab.leftovers("n1", of: "late", sandbox.id)
            return traces.isEmpty
        }
        #expect(isGone, "\(traces)")
        #expect(try !sandbox.links().contains("eth0"))
        // The runtime's DEL, and a second one, are fine.
        for _ in 0..<2 { #expect(throws: Never.self) { try sandbox.call(.del) } }
    }

    @Test("of two sandboxes of a pod the newer has its port, whatever the runtime says of the older later")
    func addedTwice() async throws {
        let lab = try Packets.lab()
        try lab.add(LabPod("twice", on: "n1", [Lab.attachedByHand: "true"]))
        try await lab.knows(pod: "twice")
        let sandboxes = try ["01dbead0", "0ecbead0"].map { try Sandbox(lab, "twice", $0) }
        let stranger = try Sandbox(lab, "twice", "dead0000", uid: "uid-of-its-predecessor")
        defer { for sandbox in sandboxes + [stranger] { sandbox.delete() } }
        let target = try await lab.address("t/a1", .v4)
        func holders() async throws -> [String] {
            try await lab.shell(
                "node:n1", "ovs-vsctl --bare --columns=name find Interface external_ids:iface-id=t_twice"
            ).split(separator: "\n").map(String.init)
        }
        var answers: [JSON] = []
        for sandbox in sandboxes {
            answers.append(try await onThread { try sandbox.call(.add)["ips"] ?? .null })
            #expect(try sandbox.reaches(target))
            #expect(try await holders() == [String(sandbox.id.prefix(15))])
        }
        #expect(answers[0] == answers[1] && answers[0] != .null, "the pod keeps its addresses")
        #expect(try !sandboxes[0].reaches(target))
        try sandboxes[0].call(.del)
        #expect(try sandboxes[1].reaches(target))

        let began = ContinuousClock.now
        let error = #expect(throws: (any Error).self) { try stranger.call(.add) }
        #expect(began.duration(to: .now) < .seconds(5))
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains("uid-of-its-predecessor") && words.contains("uid-twice"), "\(words)")
        #expect(try !stranger.links().contains("eth0"))
        #expect(try await holders() == [String(sandboxes[1].id.prefix(15))])
        #expect(try sandboxes[1].reaches(target))

        try Files.remove("\(lab.directory)/manifests/twice.yaml")
        for sandbox in sandboxes + sandboxes { #expect(throws: Never.self) { try sandbox.call(.del) } }
        let isGone = try await eventually(within: .seconds(20)) {
            var traces: [String] = []
            for sandbox in sandboxes + [stranger] {
                traces += try await lab.leftovers("n1", of: "twice", sandbox.id)
            }
            return traces.isEmpty
        }
        #expect(isGone)
    }
}

extension PacketLab {
    /// What there is of a pod or its sandbox on a node, each with where it was found.
    /// Waits until the daemon has read a pod's manifest: an ADD of a pod that nobody knows of is refused.
    fileprivate func knows(pod: String) async throws {
        let isKnown = try await eventually {
            try await shell("node:n1", "ovn-nbctl lsp-list n1").contains("t_\(pod))")
        }
        try #require(isKnown)
    }

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
