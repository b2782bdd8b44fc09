import Core
import Model
import ModuleHarness
import Testing
import Vocabulary

/// A new connection's first packet, as the rules of one pod's port see it.
struct TestPacket: Hashable {
    let traffic: Traffic
    /// Of the pod that is judged.
    let port: String
    let source: IPAddress
    let destination: IPAddress
    /// Nil: none of the three.
    let transport: TransportProtocol?
    let number: Int

    var peer: IPAddress { traffic == .ingress ? source : destination }

    /// As the header has it.
    var `protocol`: Int {
        switch transport {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        case nil: source.family == .v4 ? 1 : 58
        }
    }
}

/// Judges packets by the rows of a zone, as OVN's northd does: with tiers as since 23.06, or by priority alone.
struct EngineModel {
    private struct Rule {
        let tier: Int
        let priority: Int
        let action: String
        let direction: String
        let matches: (TestPacket) -> Bool
    }

    private var everywhere: [Rule] = []
    private var byPort: [String: [Rule]] = [:]

    init(_ node: NodeHarness) {
        let groups = node.rows(PortGroup.self)
        let names = MatchReader(
            groups: Dictionary(uniqueKeysWithValues: groups.map { ($0.key, Set($0.members("ports"))) }),
            sets: Dictionary(
                uniqueKeysWithValues: node.rows(AddressSet.self).map { ($0.key, $0.members("addresses")) }))
        var rules: [String: Rule] = [:]
        for row in node.rows(ACL.self) {
            rules[row.key] = Rule(
                tier: Int(row["tier"] ?? "") ?? 0, priority: Int(row["priority"] ?? "") ?? 0,
                action: row["action"] ?? "", direction: row["direction"] ?? "",
                matches: names.read((row["match"] ?? "")[...]))
        }
        everywhere = node.members(Topology.localSwitch("n1").acls).compactMap { rules[$0] }
        for group in groups {
            for port in group.members("ports") {
                byPort[port, default: []] += group.members("acls").compactMap { rules[$0] }
            }
        }
    }

    func allows(_ packet: TestPacket, hasTiers: Bool) -> Bool {
        let direction = packet.traffic.aclDirection.rawValue
        let met = (everywhere + (byPort[packet.port] ?? [])).filter { $0.direction == direction && $0.matches(packet) }
        for tier in 0...(hasTiers ? 3 : 0) {
            let here = hasTiers ? met.filter { $0.tier == tier } : met
            guard let highest = here.map(\.priority).max() else { continue }
            let verdicts = Set(
                here.filter { $0.priority == highest }.map { $0.action.hasPrefix("allow") ? "allow" : $0.action })
            // Which of them the engine would take is anybody's guess.
            #expect(verdicts.count == 1, "rules of one priority disagree on \(packet)")
            switch verdicts.first {
            case "allow": return true
            case "drop": return false
            default: #expect(hasTiers && verdicts == ["pass"], "an engine without tiers cannot \(verdicts)")
            }
        }
        return true
    }
}

/// Reads the part of OVN's match language that rules are made of.
private struct MatchReader {
    let groups: [String: Set<String>]
    let sets: [String: [String]]

    func read(_ text: Substring) -> (TestPacket) -> Bool {
        let any = parts(text, " || ")
        if any.count > 1 {
            let readers = any.map(read)
            return { packet in readers.contains { $0(packet) } }
        }
        let all = parts(text, " && ")
        if all.count > 1 {
            let readers = all.map(read)
            return { packet in readers.allSatisfy { $0(packet) } }
        }
        if text.hasPrefix("("), text.hasSuffix(")") { return read(text.dropFirst().dropLast()) }
        let sides = text.split(separator: " == ", maxSplits: 1)
        if sides.count == 2 { return equation(String(sides[0]), sides[1]) }
        let words = text.split(separator: " ").map(String.init)
        return words.count == 1 ? word(words[0]) : comparison(words)
    }

    /// The parts between signs that are in no brackets.
    private func parts(_ text: Substring, _ sign: String) -> [Substring] {
        var (found, depth, start, at): ([Substring], Int, Substring.Index, Substring.Index) =
            ([], 0, text.startIndex, text.startIndex)
        while at < text.endIndex {
            if "({".contains(text[at]) { depth += 1 }
            if ")}".contains(text[at]) { depth -= 1 }
            if depth == 0, text[at...].hasPrefix(sign) {
                found.append(text[start..<at])
                at = text.index(at, offsetBy: sign.count)
                start = at
            } else {
                at = text.index(after: at)
            }
        }
        return found + [text[start...]]
    }

    private func word(_ word: String) -> (TestPacket) -> Bool {
        switch word {
        case "ip4": { $0.source.family == .v4 }
        case "ip6": { $0.source.family == .v6 }
        case "tcp", "udp", "sctp": { $0.transport?.rawValue.lowercased() == word }
        // No test sends what neighbours need to find each other.
        case "arp", "nd": { _ in false }
        default: unknown(word)
        }
    }

    private func equation(_ field: String, _ value: Substring) -> (TestPacket) -> Bool {
        let values = value.drop { $0 == "{" }.split(separator: ", ").map { $0.filter { $0 != "}" } }
        switch field {
        case "inport", "outport":
            let ports = groups[String(value.dropFirst())] ?? []
            let traffic = field == "inport" ? Traffic.egress : .ingress
            return { $0.traffic == traffic && ports.contains($0.port) }
        case "ip4.src", "ip6.src", "ip4.dst", "ip6.dst":
            let networks = values.flatMap { $0.hasPrefix("$") ? sets[String($0.dropFirst())] ?? [] : [$0] }
                .compactMap { text in IPNetwork(text) ?? IPAddress(text).map(IPNetwork.init(host:)) }
            let isSource = field.hasSuffix("src")
            return { packet in networks.contains { $0.contains(isSource ? packet.source : packet.destination) } }
        default:
            let numbers = values.compactMap { Int($0) }
            return { packet in number(field, packet).map(numbers.contains) ?? false }
        }
    }

    /// `a <= field <= b`, of fields that have an order: to the engine protocols have none.
    private func comparison(_ words: [String]) -> (TestPacket) -> Bool {
        guard words.count == 5, words[1] == "<=", words[3] == "<=", words[2].hasSuffix(".dst"),
            let lowest = Int(words[0]), let highest = Int(words[4])
        else { return unknown(words.joined(separator: " ")) }
        return { packet in number(words[2], packet).map { (lowest...highest).contains($0) } ?? false }
    }

    private func number(_ field: String, _ packet: TestPacket) -> Int? {
        switch field {
        case "ip.proto": return packet.protocol
        case "tcp.dst", "udp.dst", "sctp.dst":
            return packet.transport?.rawValue.lowercased() == String(field.dropLast(4)) ? packet.number : nil
        default:
            Issue.record("\(field) is no field that this test knows")
            return nil
        }
    }

    private func unknown(_ text: String) -> (TestPacket) -> Bool {
        Issue.record("\(text) is no match that this test knows")
        return { _ in false }
    }
}
