import Core
public import Model

/// One line of the engine's log about a packet that a policy let through or dropped.
public struct PolicyLogLine: Sendable, Hashable {
    public let time: String
    /// As the rule has it: `NP:shop:db:Ingress:0`.
    public let name: String
    /// `allow`, `drop`.
    public let verdict: String
    public let severity: String
    /// `tcp`, `udp6`, `icmp`.
    public let transport: String
    public let source: IPAddress?
    public let destination: IPAddress?
    public let port: Int?
    public let flags: String

    /// Nil for lines about other things.
    public init?(_ text: String) {
        let parts = text.split(separator: "|", maxSplits: 4)
        guard parts.count == 5, parts[2].hasPrefix("acl_log"),
            let cut = parts[4].firstRange(of: ": "), let quote = parts[4].firstRange(of: "name=\""),
            let end = parts[4][quote.upperBound...].firstIndex(of: "\"")
        else { return nil }
        time = String(parts[0])
        name = String(parts[4][quote.upperBound..<end])
        var head: [Substring: Substring] = [:]
        for word in parts[4][end..<cut.lowerBound].split(separator: ", ") {
            let pair = word.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { head[pair[0]] = pair[1] }
        }
        verdict = String(head["verdict"] ?? "")
        severity = String(head["severity"] ?? "")
        let packet = parts[4][cut.upperBound...].split(separator: ",")
        transport = packet.first.map(String.init) ?? ""
        var fields: [Substring: Substring] = [:]
        for word in packet.dropFirst() {
            let pair = word.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { fields[pair[0]] = pair[1] }
        }
        source = (fields["nw_src"] ?? fields["ipv6_src"]).flatMap { IPAddress($0) }
        destination = (fields["nw_dst"] ?? fields["ipv6_dst"]).flatMap { IPAddress($0) }
        port = fields["tp_dst"].flatMap { Int($0) }
        flags = String(fields["tcp_flags"]?.prefix { !$0.isWhitespace } ?? "")
    }

    /// The rule for a reader: `shop/db ingress rule 0`, `shop ingress isolation`, `admin guard egress rule 1`.
    public var rule: String {
        let parts = name.split(separator: ":").map(String.init)
        switch (parts.first, parts.count) {
        case ("NP", 3): return "\(parts[1]) \(parts[2].lowercased()) isolation"
        case ("NP", 5): return "\(parts[1])/\(parts[2]) \(parts[3].lowercased()) rule \(parts[4])"
        case ("ANP", 4): return "admin \(parts[1]) \(parts[2].lowercased()) rule \(parts[3])"
        case ("BANP", 4): return "baseline \(parts[2].lowercased()) rule \(parts[3])"
        default: return name
        }
    }

    /// Whether a policy has decided, `shop/db`; or, by the name of a namespace alone, its isolation.
    public func isBy(_ policy: String) -> Bool {
        let parts = name.split(separator: ":").map(String.init)
        return switch parts.first {
        case "NP": (parts.count == 5 ? "\(parts[1])/\(parts[2])" : parts[1]) == policy
        default: parts.dropFirst().first == policy
        }
    }
}
