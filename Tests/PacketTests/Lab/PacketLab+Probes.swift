import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension PacketLab {
    var families: [Family] { record.families.list }
    var outside: String { "outside" }

    /// The result of a program in a place, whatever it is.
    func outcome(_ place: String, _ arguments: String..., deadline: Duration = .seconds(20)) async throws
        -> Command.Outcome
    {
        try await onThread { [probe] in try probe.run(place, arguments, deadline: deadline) }
    }

    /// What a script prints in a place; a script that fails is an error.
    @discardableResult
    func shell(_ place: String, _ script: String, deadline: Duration = .seconds(30)) async throws -> String {
        let outcome = try await outcome(place, "sh", "-c", script, deadline: deadline)
        guard outcome.succeeded else {
            throw CommandError(command: "\(place): \(script)", message: "\(outcome.exit) \(outcome.errors)")
        }
        return outcome.output
    }

    /// The one address of a place in a family.
    func address(_ place: String, _ family: Family) async throws -> IPAddress {
        let all = try await onThread { [probe] in try probe.addresses(of: place) }
        return try #require(all.first { $0.family == family }, "\(place) has no \(family) address")
    }

    func pings(_ from: String, _ to: IPAddress, within seconds: Int = 3) async throws -> Bool {
        try await onThread { [probe] in try probe.pings(from, to, within: seconds) }
    }

    /// Whether an echo request of this many bytes, IP header and all, that must not be fragmented, is answered.
    func pings(_ from: String, _ to: IPAddress, bytes: Int) async throws -> Bool {
        let payload = bytes - (to.family == .v4 ? 28 : 48)
        return try await outcome(
            from, "ping", "-n", "-q", "-M", "do", "-s", "\(payload)", "-c", "1", "-i", "0.2", "-w", "1", "\(to)"
        ).succeeded
    }

    /// What a server on TCP says first.
    func asks(_ from: String, _ to: IPAddress, port: Int = 8080) async throws -> Answer? {
        let text = try await onThread { [probe] in try probe.asks(from, to, port: port) }
        return text.map(Answer.init)
    }

    /// What a server on UDP answers to a line.
    func asksByUDP(_ from: String, _ to: IPAddress, port: Int = 8080) async throws -> Answer? {
        // It ends with the first datagram; one of a kind that waits for more would cost seconds.
        let output = try await shell(
            from, "bash -c 'exec 3<>/dev/udp/\(to)/\(port); echo hello >&3; timeout 3 head -n 1 <&3' || true")
        return output.isEmpty ? nil : Answer(output)
    }

    /// A server's words: a name, if it has one, and the address that it was asked from.
    struct Answer: CustomStringConvertible {
        let description: String
        init(_ text: String) { description = String(text.prefix { $0 != "\n" }) }

        var name: String { description.split(separator: " ").first.map(String.init) ?? "" }
        var asker: IPAddress? { description.split(separator: " ").lazy.compactMap { IPAddress($0) }.first }
    }

    /// Runs a server in a place that says its name and its client's address, while the body runs.
    func answering<T>(
        _ place: String, _ port: Int, as name: String, echo: Bool = false, _ body: () async throws -> T
    ) async throws -> T {
        try await serving(
            place, ["ovenbird", "lab", "answer", name, "--port", "\(port)"] + (echo ? ["--echo"] : []),
            isListening: "ss -Huln sport = :\(port) | grep -q .", body)
    }

    /// Runs a program for each client of a place, while the body runs, which begins when the place listens.
    func serving<T>(
        _ place: String, tcp port: Int, _ answer: String, _ body: () async throws -> T
    ) async throws -> T {
        try await serving(
            place, ["socat", "TCP6-LISTEN:\(port),fork,reuseaddr,ipv6only=0,backlog=128", answer],
            isListening: "ss -Htln sport = :\(port) | grep -q .", body)
    }

    /// The same with UDP.
    func serving<T>(
        _ place: String, udp port: Int, _ answer: String, _ body: () async throws -> T
    ) async throws -> T {
        try await serving(
            place, ["socat", "UDP6-RECVFROM:\(port),fork,reuseaddr,ipv6only=0", answer],
            isListening: "ss -Huln sport = :\(port) | grep -q .", body)
    }

    private func serving<T>(
        _ place: String, _ command: [String], isListening: String, _ body: () async throws -> T
    ) async throws -> T {
        let server = try await onThread { [probe] in try probe.start(place, command) }
        do {
            try await shell(place, "for i in $(seq 200); do \(isListening) && exit 0; sleep 0.02; done; exit 1")
            let result = try await body()
            try await onThread { _ = try server.stop(grace: .seconds(1)) }
            return result
        } catch {
            _ = try? await onThread { try server.stop(grace: .seconds(1)) }
            throw error
        }
    }
}

/// Looks again and again until something holds, and once more when the time is up; false when it does not hold then.
/// A look may fail: tools do, while what they ask is being started again.
func eventually(within limit: Duration = .seconds(20), _ holds: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while true {
        let isLast = ContinuousClock.now >= end
        do { if try await holds() { return true } } catch { if isLast { throw error } }
        if isLast { return false }
        try await Task.sleep(for: .milliseconds(50))
    }
}
