import Linux
import Testing

@testable import Lab

/// All that the daemon of a node has put in place, as the engine's and the system's own tools show it.
///
/// What changes by itself is left out: counters, numbers of devices, times.
struct Picture {
    /// Lines by what they are about.
    let parts: [String: [String]]

    init(_ lab: RealLab, _ node: String) throws {
        let place = "node:\(node)"
        let engine = lab.paths.engineDirectory(node)
        func lines(_ words: [String]) throws -> [String] {
            let outcome = try lab.probe.run(place, words)
            guard outcome.succeeded else {
                throw CommandError(command: words.joined(separator: " "), message: outcome.errors)
            }
            return outcome.output.split(separator: "\n").map { Self.plain($0) }.sorted()
        }
        func list(_ tool: String, _ columns: String, _ table: String) throws -> [String] {
            try lines([tool, "--no-headings", "--format=csv", "--columns=\(columns)", "list", table])
        }
        parts = [
            "nb": try lines(["ovsdb-client", "--format=csv", "dump", "unix:\(engine)/ovnnb_db.sock", "OVN_Northbound"])
                .filter { !$0.contains("nb_cfg") && !$0.contains("northd_internal_version") }
                // Whether a port is up is for the engine to say.
                .map { line in
                    for word in [",false", ",[]"] where line.hasSuffix(word) {
                        return line.dropLast(word.count) + ",true"
                    }
                    return line
                },
            "chassis": try list("ovn-sbctl", "name,hostname", "Chassis"),
            "encap": try list("ovn-sbctl", "chassis_name,ip,options,type", "Encap"),
            "bindings": try lines(["ovn-sbctl", "--no-headings", "show"]),
            "ports": try list("ovs-vsctl", "name,type,options,mac", "Interface"),
            "bridges": try list("ovs-vsctl", "name,datapath_type,fail_mode,other_config", "Bridge"),
            "system": try list("ovs-vsctl", "external_ids", "Open_vSwitch"),
            "flows": Files.exists("\(engine)/bre0.mgmt")
                ? try lines([
                    "ovs-ofctl", "-O", "OpenFlow15", "--no-stats", "--names", "dump-flows", "unix:\(engine)/bre0.mgmt",
                ]) : [],
            "addresses": try lines(["ip", "-o", "address", "show"]).filter { !$0.contains("scope link") },
            "routes": try lines(["ip", "-4", "route", "show", "table", "all"])
                + lines(["ip", "-6", "route", "show", "table", "all"]).filter { !$0.contains("fe80") },
            "rules": try lines(["ip", "rule"]) + lines(["ip", "-6", "rule"]),
            "neighbours": try lines(["ip", "neigh", "show", "nud", "permanent"]),
            "netfilter": try lines(["nft", "-s", "list", "ruleset"]),
        ]
    }

    /// Without numbers that the kernel gives by itself.
    private static func plain(_ line: Substring) -> String {
        let text = String(line)
        guard !text.contains("-") || !text.contains(",") else { return masked(text) }
        guard let first = text.split(separator: " ").first, first.hasSuffix(":"), Int(first.dropLast()) != nil,
            !text.contains("lookup")
        else { return text }
        return String(text.dropFirst(first.count)).trimmed
    }

    /// Rows are given new UUIDs when they are made anew.
    private static func masked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let dashes = [8, 13, 18, 23]
        func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
        var start = 0
        while start + 36 <= bytes.count {
            let isUUID = (0..<36).allSatisfy {
                dashes.contains($0) ? bytes[start + $0] == 45 : isHex(bytes[start + $0])
            }
            if isUUID { bytes.replaceSubrange(start..<start + 36, with: Array("UUID".utf8)) }
            start += isUUID ? 4 : 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What this picture has and the other has not, and the other way round.
    func differences(to other: Picture) -> [String] {
        parts.keys.sorted().flatMap { part in
            let mine = parts[part] ?? []
            let theirs = other.parts[part] ?? []
            return mine.filter { !theirs.contains($0) }.map { "\(part) - \($0)" }
                + theirs.filter { !mine.contains($0) }.map { "\(part) + \($0)" }
                + (mine.count != theirs.count && Set(mine) == Set(theirs) ? ["\(part): one twice"] : [])
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}

/// Waits until a node's dataplane is as in the picture; says what differs when that does not come.
func untilSame(
    _ lab: RealLab, _ node: String, as picture: Picture, within limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    try await until("\(node) is as before", within: limit, sourceLocation: sourceLocation) {
        let differences = try Picture(lab, node).differences(to: picture)
        if !differences.isEmpty { throw Words(differences.joined(separator: "\n")) }
        return true
    }
}
