import Glibc
import Linux
import LocalHTTP
import Model
import Supervision
import Testing

@testable import Lab

/// One node without a cluster: a network namespace with the network cards that a test gives it, in which the real
/// daemon is run. Gone with its owner.
final class LoneNode: Sendable {
    let name: String
    let directory: String
    let namespace: NetworkNamespace
    private let outside: NetworkNamespace

    /// - Parameters:
    ///   - cards: the names of its network cards. They lead to one other host.
    ///   - setup: `ip` commands, run on the node.
    init(_ name: String, cards: [String], setup: [String], outside: [String] = []) throws {
        self.name = "ovbt-\(name)-\(getpid())"
        directory = "/tmp/ovbt-\(name)-\(getpid())"
        try Self.remove(self.name, directory)
        try Files.makeDirectory("\(directory)/manifests")
        namespace = try NetworkNamespace.create(self.name)
        self.outside = try NetworkNamespace.create(self.name + "-out")
        try RealLab.write(
            """
            apiVersion: v1
            kind: Node
            metadata:
              name: n1
              annotations: {k8s.ovn.org/node-id: "2"}
            status: {addresses: [{type: InternalIP, address: 172.30.0.1}, {type: InternalIP, address: "fd30::1"}]}
            """, to: "\(directory)/manifests/node.yaml")
        var lines = ["link set lo up"]
        var others = ["link set lo up"]
        for card in cards {
            lines += [
                "link add \(card) type veth peer name \(card) netns \(self.name)-out", "link set \(card) up",
            ]
            others.append("link set \(card) up")
        }
        try ip(lines + setup)
        try ip(others + outside, in: self.outside)
    }

    deinit { try? Self.remove(name, directory) }

    private static func remove(_ name: String, _ directory: String) throws {
        for space in [name, name + "-out"] where NetworkNamespace.names().contains(space) {
            for pid in try processes(in: space) { kill(pid, SIGKILL) }
            try NetworkNamespace.delete(space)
        }
        try Command("rm", "-rf", directory).run()
    }

    static func processes(in namespace: String) throws -> [pid_t] {
        try Command("ip", "netns", "pids", namespace).run().split(separator: "\n").compactMap { pid_t($0) }
    }

    func ip(_ lines: [String], in other: NetworkNamespace? = nil) throws {
        let text = lines.map { $0 + "\n" }.joined()
        try Command("ip", "-batch", "-", input: text, in: other ?? namespace).run()
    }

    /// Runs a command on the node.
    @discardableResult
    func run(_ words: String...) throws -> String { try Command(words, in: namespace).run() }

    /// The configuration file; what a test adds comes last.
    func configure(
        mtu: Int = 1400, clusterSubnets: String = "10.244.0.0/16/24,fd00:10:244::/48/64",
        gateway: String = "mode=shared", more: String = ""
    ) throws {
        try RealLab.write(
            """
            [default]
            mtu=\(mtu)
            cluster-subnets=\(clusterSubnets)
            [kubernetes]
            service-cidrs=10.96.0.0/16,fd00:10:96::/112
            [gateway]
            \(gateway)
            ephemeral-port-range=61000-65535
            [cni]
            conf-dir=\(directory)/net.d
            plugin=ovenbird-cni
            [ovenbird]
            datapath=netdev
            \(more)
            """, to: "\(directory)/node.conf")
    }

    func command(_ more: [String] = []) -> [String] {
        [
            RealLab.program, "node", "--name", "n1", "--config", "\(directory)/node.conf", "--run-dir",
            "\(directory)/run", "--manifests", "\(directory)/manifests", "--status-dir", "\(directory)/status",
            "--supervise",
        ] + more
    }

    /// Runs the daemon until it ends by itself.
    func refusal(_ more: [String] = []) async throws -> Command.Outcome {
        try await Command(command(more), deadline: .seconds(20), in: namespace).outcome()
    }

    /// Starts the daemon; it goes on until somebody ends it.
    func start() throws -> ChildProcess {
        let command = command()
        let log = try Descriptor(open: "\(directory)/log", flags: O_WRONLY | O_CREAT | O_APPEND)
        return try namespace.run { try ChildProcess(command, output: .descriptor(log), errors: .descriptor(log)) }
    }

    var daemon: DaemonView { DaemonView(name: "n1", socket: "\(directory)/run/control.sock", note: "") }
    var log: String { (try? Files.read("\(directory)/log")) ?? "" }

    /// What is not as it was.
    func changes(since before: [String: [String]]) throws -> [String] {
        let now = try network()
        return now.keys.sorted().flatMap { part in
            (now[part] ?? []).filter { before[part]?.contains($0) != true }.map { "\(part) + \($0)" }
                + (before[part] ?? []).filter { now[part]?.contains($0) != true }.map { "\(part) - \($0)" }
        }
    }

    /// What the machine's network looks like; the one device may stand for the other.
    func network(_ device: String? = nil, as other: String? = nil) throws -> [String: [String]] {
        func lines(_ words: String...) throws -> [String] {
            try Command(words, in: namespace).run().split(separator: "\n").map { line in
                let words = line.split { $0 == " " || $0 == "\\" }.map(String.init).filter { $0 != "linkdown" }
                return words.map { $0 == device ? other ?? $0 : $0 }.joined(separator: " ")
            }.sorted()
        }
        return [
            // The kernel gives and takes link-local ones by itself.
            "addresses": try lines("ip", "-o", "address", "show", "scope", "global").map { line in
                line.split(separator: " ").dropFirst().joined(separator: " ")
            },
            "routes": try lines("ip", "route"),
            "v6 routes": try lines("ip", "-6", "route").filter { !$0.contains("fe80") && !$0.contains("multicast") },
            "links": try lines("ip", "-o", "link").map { String($0.split(separator: ":")[1]) },
            "rules": try lines("ip", "rule"), "netfilter": try lines("nft", "list", "ruleset"),
        ]
    }
}
