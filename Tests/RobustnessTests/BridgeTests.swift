import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// The node's own network card becomes a port of a bridge, under the feet of everything that uses it.
    @Suite(.serialized, .timeLimit(.minutes(3)))
    struct Bridging {
        private static let setup = [
            "addr add 172.30.0.1/24 dev e0", "addr add 172.30.0.51/32 dev e0", "addr add 192.0.2.10/24 dev e0",
            "addr add fd30::1/64 dev e0 nodad", "addr add fd31::1/64 dev e0 nodad",
            "route add default via 172.30.0.100 dev e0 metric 100",
            "route add default via 172.30.0.101 dev e0 metric 200 proto static",
            "route add 203.0.113.0/24 via 172.30.0.100 dev e0 metric 50 proto static src 172.30.0.1",
            "route add 198.51.100.7/32 dev e0 scope link proto 66",
            "route add default via fd30::100 dev e0 metric 100",
            "route add 2001:db8:77::/48 via fd30::100 dev e0 metric 77 proto static",
        ]
        private static let outside = ["addr add 172.30.0.100/24 dev e0", "addr add fd30::100/64 dev e0 nodad"]

        private func node(_ name: String) throws -> LoneNode {
            let node = try LoneNode(name, cards: ["e0"], setup: Self.setup, outside: Self.outside)
            try node.configure()
            return node
        }

        /// The card's own addresses and routes; ours come beside them.
        private func own(_ part: String, _ all: [String: [String]]) -> [String] {
            (all[part] ?? []).filter { line in
                let isCard = line.contains(" e0 ") || line.hasSuffix(" e0") || line.hasPrefix("e0 ")
                return isCard && !line.contains("fe80") && !line.contains("169.254.169") && !line.contains("fd69::")
                    && !line.contains("10.96.0.0/16") && !line.contains("fd00:10:96::")
            }
        }

        /// Whether a device has what the card had before.
        private func has(_ node: LoneNode, _ device: String, _ before: [String: [String]]) throws -> Bool {
            let now = try device == "e0" ? node.network() : node.network(device, as: "e0")
            for part in ["addresses", "routes", "v6 routes"] {
                let old = own(part, before)
                let new = own(part, now)
                if old != new {
                    throw Words("\(part):\n\(old.joined(separator: "\n"))\nnow:\n\(new.joined(separator: "\n"))")
                }
            }
            return true
        }

        /// The addresses and routes that were there before are on the bridge, and on the card no more.
        private func isMoved(_ node: LoneNode, _ before: [String: [String]]) throws -> Bool {
            guard try has(node, "bre0", before) else { return false }
            let left = try node.run("ip", "-o", "address", "show", "dev", "e0", "scope", "global")
            if !left.isEmpty { throw Words(left) }
            return true
        }

        @Test(
            "addresses, metrics and routes are the same afterwards, and hardly a packet is lost; a second start changes nothing"
        )
        func moves() async throws {
            let node = try node("bridge")
            let before = try node.network()
            let ping = try await LonePing(node)
            let child = try node.start()
            try await until("everything has moved to the bridge") { try isMoved(node, before) }
            try await until("the first daemon has put everything in place") {
                let routes = try node.run("ip", "route") + node.run("ip", "-6", "route")
                guard routes.contains("169.254.169.1 dev bre0"), routes.contains("fd69::1 dev bre0") else {
                    return false
                }
                return try await node.daemon.audit().allSatisfy { $0.answered && $0.writes == 0 }
            }
            let result = try await ping.stop()
            print("measured: network card into bridge: \(result)")
            #expect(result.gap <= 3000, "\(result)")
            child.signal(SIGKILL)
            _ = try await onThread { try child.wait() }
            let after = try node.network()
            let again = try node.start()
            try await until("the daemon has compared everything") {
                try await node.daemon.status()["planes"].elements().allSatisfy { try $0["confirmed"].integer() > 0 }
            }
            #expect(try await node.daemon.writes().filter { $0.value != 0 } == [:])
            let changes = try node.changes(since: after)
            #expect(changes == [])
            _ = try await onThread { try again.stop() }
        }

        /// Waits until a daemon has nothing left to do.
        private func untilInPlace(_ node: LoneNode) async throws {
            try await until("the daemon has put everything in place", within: .seconds(45)) {
                let routes = try node.run("ip", "route") + node.run("ip", "-6", "route")
                guard routes.contains("169.254.169.1 dev bre0"), routes.contains("fd69::1 dev bre0") else {
                    return false
                }
                return try await node.daemon.audit().allSatisfy { $0.answered && $0.writes == 0 }
            }
        }

        static let changes: [(what: String, gateway: String, more: String)] = [
            ("mode", "mode=", ""), ("module", "mode=shared", "[modules]\ngateway=false\nservices=false"),
            ("interface", "mode=shared\ninterface=e1\nnext-hop=172.31.0.100", ""),
        ]

        @Test(
            "a card has its own back when the daemon is started again without need for its bridge", arguments: changes)
        func isGivenBack(_ what: String, _ gateway: String, _ more: String) async throws {
            let node = try LoneNode(
                "back", cards: ["e0", "e1"], setup: Self.setup + ["addr add 172.31.0.1/24 dev e1"],
                outside: Self.outside)
            try node.configure()
            let before = try node.network()
            let first = try node.start()
            try await until("everything has moved to the bridge") { try isMoved(node, before) }
            try await untilInPlace(node)
            _ = try await onThread { try first.stop() }
            #expect(try isMoved(node, before), "it stays while nobody is there")
            try node.configure(gateway: gateway, more: more)
            let second = try node.start()
            // What no event tells of is found when everything is compared, every twenty seconds.
            try await until("everything is back on the card", within: .seconds(45)) { try has(node, "e0", before) }
            try await until("the bridge is gone") { try !node.run("ip", "-o", "link").contains("bre0") }
            #expect(try has(node, "e0", before), "\(what)")
            try node.run("ping", "-c", "1", "-W", "5", "172.30.0.100")
            let isOther = try node.run("ip", "-o", "link").contains("bre1")
            #expect(isOther == (what == "interface"))
            _ = try await onThread { try second.stop() }
        }

        @Test("a daemon that is killed while it moves them goes on where it was", arguments: [0, 15, 30, 60, 120])
        func isKilled(milliseconds: Int) async throws {
            let node = try node("killed")
            let before = try node.network()
            let first = try node.start()
            try await until("the bridge is there") { try node.run("ip", "-o", "link").contains("bre0") }
            try await Task.sleep(for: .milliseconds(milliseconds))
            first.signal(SIGKILL)
            _ = try await onThread { try first.wait() }
            let second = try node.start()
            try await until("everything has moved to the bridge") { try isMoved(node, before) }
            _ = try await onThread { try second.stop() }
        }
    }
}

/// A row of echo requests from the host outside to a lone node.
final class LonePing: Sendable {
    private let process: ChildProcess
    private let output: Descriptor

    init(_ node: LoneNode) async throws {
        let path = "\(node.directory)/ping"
        let stream = try Descriptor(open: path, flags: O_RDWR | O_CREAT)
        output = stream
        process = try NetworkNamespace.named(node.name + "-out").run {
            try ChildProcess(
                ["ping", "-n", "-i", "0.01", "172.30.0.1"], output: .descriptor(stream), errors: .descriptor(stream))
        }
        try await until("an answer") { try !Pinging.answered(in: stream).isEmpty }
    }

    deinit { process.signal(SIGKILL) }

    func stop() async throws -> Pinging.Result {
        let stream = output
        let count = try Pinging.answered(in: stream).count
        try await until("more answers") { try Pinging.answered(in: stream).count >= count + 20 }
        let process = process
        process.signal(SIGINT)
        _ = try await onThread { try process.wait() }
        return Pinging.Result(try Pinging.answered(in: stream))
    }
}
