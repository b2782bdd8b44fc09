import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// A place that asks an address and port.
struct Way: Sendable, CustomStringConvertible {
    let from: String
    let to: IPAddress
    let port: Int

    var description: String { "\(from) to \(to) port \(port)" }

    /// As `socat` wants it.
    func socat(_ transport: String = "TCP") -> String {
        to.family == .v4 ? "\(transport)4:\(to):\(port)" : "\(transport)6:[\(to)]:\(port)"
    }
}

extension PacketLab {
    /// Makes the external addresses of the suite's services known outside: they are behind the first node.
    func routeExternal() async throws {
        try await shell(
            "outside", "ip route replace 172.31.0.0/16 via 172.30.0.1; ip route replace fd31::/16 via fd30::1")
    }

    /// How many milliseconds pass until a place is refused, three times; none when one is not refused.
    func refusals(_ way: Way, udp: Bool = false) async throws -> [Int] {
        let open = "exec 3<>/dev/\(udp ? "udp" : "tcp")/\(way.to)/\(way.port)"
        let ask = udp ? "\(open); echo x >&3; read -t 10 -u 3" : open
        let script = """
            for i in 1 2 3; do
              began=$EPOCHREALTIME
              (\(ask)) 2>&1 | grep -q "Connection refused" || exit 1
              ended=$EPOCHREALTIME
              echo $(( (${ended/./} - ${began/./}) / 1000 ))
            done
            """
        let outcome = try await outcome(way.from, "bash", "-c", script)
        guard outcome.succeeded else { return [] }
        return outcome.output.split(separator: "\n").compactMap { Int($0) }
    }

    /// How many of many connections, one right after the other, are refused.
    func refusals(_ way: Way, of times: Int) async throws -> Int {
        let script = """
            for i in $(seq \(times)); do
              (exec 3<>/dev/tcp/\(way.to)/\(way.port)) 2>&1
            done | grep -c "connect: Connection refused" || true
            """
        let outcome = try await outcome(way.from, "bash", "-c", script, deadline: .seconds(90))
        return Int(outcome.output.prefix { $0.isNumber }) ?? 0
    }

    /// The names of the servers that answer datagrams, each from another port.
    func datagrams(_ way: Way, times: Int) async throws -> [Answer] {
        let script = """
            for i in $(seq \(times)); do
              bash -c 'exec 3<>/dev/udp/\(way.to)/\(way.port); echo hello >&3; timeout 3 head -n 1 <&3 || echo silence'
            done
            """
        return try await shell(way.from, script, deadline: .seconds(60)).split(separator: "\n").map {
            Answer(String($0))
        }
    }

    /// What a command of the program prints, and its exit code.
    func ovenbird(_ arguments: String...) async throws -> Command.Outcome {
        let command = Command([Executables.ovenbird] + arguments + ["--lab", paths.name], deadline: .seconds(20))
        return try await onThread { try command.outcome() }
    }

    /// How many transactions a node's daemon has written to its northbound database.
    func northboundWrites(_ node: String) async throws -> Int {
        let outcome = try await ovenbird("status", "--node", node, "-o", "json")
        let planes = JSONCursor(try JSON(parsing: outcome.output))["items"]
        for item in try planes.elements() {
            for plane in try item["planes"].elements() where try plane["name"].string() == "nb" {
                return try plane["writes"].integer()
            }
        }
        throw LabFailure("no word of the northbound database in the status of \(node)")
    }

    /// The same when nobody writes any more: the test before may have left something to do.
    func settledWrites(_ node: String) async throws -> Int {
        var writes = try await northboundWrites(node)
        _ = try await eventually(within: .seconds(20)) {
            let before = writes
            try await Task.sleep(for: .milliseconds(500))
            writes = try await northboundWrites(node)
            return writes == before
        }
        return writes
    }

    /// Names of servers that speak first and go on listening, of connections that come together.
    func firstWords(_ way: Way, times: Int) async throws -> [String] {
        let script = """
            ask() { timeout 10 bash -c 'exec 3<>/dev/tcp/\(way.to)/\(way.port) && read -t 8 -r word rest <&3 && echo "$word"'; }
            for i in $(seq \(times)); do ask & done; wait
            """
        return try await outcome(way.from, "bash", "-c", script, deadline: .seconds(60)).output
            .split(separator: "\n").map(String.init)
    }

    /// A process of a node's engine.
    func process(_ name: String, of node: String) throws -> pid_t {
        try #require(pid_t(try Files.read("\(paths.runDirectory(node))/engine/\(name).pid").filter(\.isNumber)))
    }
}
