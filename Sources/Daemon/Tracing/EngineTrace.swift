import Linux
import Model

/// What `ovn-trace` says becomes of a packet, in one zone.
struct EngineTrace: Equatable {
    /// A flow of an ACL table that the packet met, by the beginning of its identity.
    struct Step: Equatable {
        let flow: String
        /// `ls_out_acl`, or `ls_out_acl_eval`.
        let stage: String
        /// That the packet came from, or goes to.
        let port: String
    }

    struct Output: Equatable {
        let port: String
        /// Empty for a port of a pod; `remote` leads to another zone, `localnet` to the world.
        let type: String
    }

    var steps: [Step] = []
    /// Where it leaves the zone's switches; none when it is dropped or refused.
    var outputs: [Output] = []
    /// Those that the first load balancer on the way chooses from.
    var backends: [TransportAddress] = []
    private var isRefused = false
    /// As it leaves.
    var source: MACAddress?
    var destination: MACAddress?

    /// Where rules are judged; since OVN 23.06 a stage of its own puts the verdict in force.
    private static let stages = ["ls_in_acl", "ls_in_acl_after_lb", "ls_out_acl"].flatMap { [$0, "\($0)_eval"] }

    init(_ text: String) {
        var port = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("ingress(") || line.hasPrefix("egress(") {
                let ports = Self.quoted(line)
                port = ports[line.hasPrefix("egress(") ? "outport" : "inport"] ?? ""
            } else if let mark = line.firstRange(of: ", uuid ") {
                let words = line.split(separator: " ")
                let stage = words.count > 1 ? String(words[1]) : ""
                guard Self.stages.contains(stage) else { continue }
                steps.append(Step(flow: String(line[mark.upperBound...].prefix(8)), stage: stage, port: port))
            } else {
                read(line.drop { $0 == " " })
            }
        }
    }

    private mutating func read(_ action: Substring) {
        func address(_ field: String) -> MACAddress? {
            guard action.hasPrefix(field), action.hasSuffix(";") else { return nil }
            return MACAddress(String(action.dropFirst(field.count).dropLast()))
        }
        // What comes then is the refusal on its way back.
        if action.hasPrefix("reject {") { isRefused = true }
        if let start = action.firstRange(of: "(backends="), action.hasPrefix("ct_lb"), backends.isEmpty {
            let list = action[start.upperBound...].prefix { $0 != ";" && $0 != ")" }
            backends = list.split(separator: ",").compactMap { TransportAddress($0) }
        }
        source = address("eth.src = ") ?? source
        destination = address("eth.dst = ") ?? destination
        guard action.hasPrefix("/* output to \""), !isRefused else { return }
        let parts = action.split(separator: "\"", omittingEmptySubsequences: false)
        let type = parts.count > 3 ? String(parts[3]) : ""
        // A patch is a step within the zone.
        if type != "patch" { outputs.append(Output(port: String(parts[1]), type: type)) }
    }

    /// `dp="n1", inport="x_a"`, of a heading.
    private static func quoted(_ line: Substring) -> [Substring: String] {
        var values: [Substring: String] = [:]
        let inner = line.drop { $0 != "(" }.dropFirst()
        let parts = inner.split(separator: "\"", omittingEmptySubsequences: false)
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            let name = parts[index].filter { $0.isLetter }
            values[Substring(name)] = String(parts[index + 1])
        }
        return values
    }
}

/// A new connection's first packet, where it enters a zone.
struct TracedPacket {
    var datapath: String
    var inport: String
    var ethernet: (source: MACAddress, destination: MACAddress)
    var source: IPAddress
    var destination: IPAddress
    var traffic: Traffic
    /// Which backend a load balancer on the way is to choose; nil for whichever.
    var backend: TransportAddress?

    enum Traffic: Equatable {
        case transport(TransportProtocol, port: Int)
        case icmp

        /// `tcp/443`, `icmp`.
        init?(_ text: String) {
            if text.lowercased() == "icmp" {
                self = .icmp
                return
            }
            let parts = text.split(separator: "/")
            guard parts.count == 2, let transport = TransportProtocol(rawValue: parts[0].uppercased()),
                let port = Int(parts[1]), (1...65535).contains(port)
            else { return nil }
            self = .transport(transport, port: port)
        }

        func match(_ family: Family) -> String {
            switch self {
            case .transport(let transport, let port):
                let word = transport.rawValue.lowercased()
                return "\(word) && \(word).src == 40000 && \(word).dst == \(port)"
            case .icmp: return family == .v4 ? "icmp4 && icmp4.type == 8" : "icmp6 && icmp6.type == 128"
            }
        }
    }

    /// In the words of `ovn-trace`.
    var microflow: String {
        let ip = source.family == .v4 ? "ip4" : "ip6"
        return [
            "inport == \"\(inport)\"", "eth.src == \(ethernet.source)", "eth.dst == \(ethernet.destination)",
            "\(ip).src == \(source)", "\(ip).dst == \(destination)", "ip.ttl == 64", traffic.match(source.family),
        ].joined(separator: " && ")
    }

    func trace(southbound: DatabaseAccess) throws -> EngineTrace {
        // Every tracking of the connection on the way sees it for the first time.
        let new = Array(repeating: ["--ct", "new"], count: 12).flatMap(\.self)
        let choice = backend.map { ["--lb-dst", "\($0)"] } ?? []
        let command = ["ovn-trace"] + southbound.toolArguments + new + choice + [datapath, microflow]
        let outcome = try Command(command, deadline: .seconds(20)).outcome()
        guard outcome.succeeded else { throw TraceFailure(words: outcome.errors) }
        return EngineTrace(outcome.output)
    }
}

struct TraceFailure: Error, CustomStringConvertible {
    let words: String
    var description: String { "ovn-trace failed: \(words)" }
}
