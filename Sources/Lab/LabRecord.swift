import CNI
import Core
import Glibc
import Linux
public import Model

/// Which families of addresses a lab has, the primary one first.
public enum LabFamilies: String, Sendable, Hashable, CaseIterable {
    case v4, v6, v4v6, v6v4

    public var list: [Family] {
        switch self {
        case .v4: [.v4]
        case .v6: [.v6]
        case .v4v6: [.v4, .v6]
        case .v6v4: [.v6, .v4]
        }
    }
}

/// What a lab is: written when it is made, read by every command about it.
public struct LabRecord: Sendable, Hashable {
    public var name: String
    /// The user's manifests.
    public var manifests: String
    public var nodes: [String]
    public var families: LabFamilies
    /// As in the daemons' configuration: `CIDR/HOSTPREFIX`. Those of every lab when empty.
    public var clusterSubnets: [String]
    /// The program with the commands `node` and `cluster`, and what comes before them.
    public var daemon: [String]
    /// The CNI executable.
    public var plugin: String
    /// Seconds since 1970.
    public var began: Int

    public init(
        name: String, manifests: String, nodes: Int, families: LabFamilies, clusterSubnets: [String] = [],
        daemon: [String], plugin: String, began: Int
    ) {
        self.name = name
        self.manifests = manifests
        self.nodes = (1...max(nodes, 1)).map { "n\($0)" }
        self.families = families
        self.clusterSubnets = clusterSubnets
        self.daemon = daemon
        self.plugin = plugin
        self.began = began
    }

    /// Reads the record of a lab; nil when there is none.
    public init?(_ paths: LabPaths) {
        guard let text = try? Files.read(paths.record), let json = try? JSON(parsing: text) else { return nil }
        let cursor = JSONCursor(json)
        do {
            name = try cursor["name"].string()
            manifests = try cursor["manifests"].string()
            nodes = try cursor["nodes"].strings()
            families = try cursor["families"].choice()
            clusterSubnets = try cursor["clusterSubnets"].strings()
            daemon = try cursor["daemon"].strings()
            plugin = try cursor["plugin"].string()
            began = try cursor["began"].integer()
        } catch {
            return nil
        }
    }

    public func save(_ paths: LabPaths) throws {
        let json: JSON = [
            "name": .string(name), "manifests": .string(manifests), "nodes": .array(nodes.map { .string($0) }),
            "families": .string(families.rawValue), "clusterSubnets": .array(clusterSubnets.map { .string($0) }),
            "daemon": .array(daemon.map { .string($0) }),
            "plugin": .string(plugin), "began": .integer(began),
        ]
        try AtomicFile.write(json.text(.pretty).utf8, to: paths.record)
    }

    /// Where the lab's programs look for others: the lab's own `ovenbird` comes first.
    var searchPath: String {
        let own = daemon.first.map { $0.split(separator: "/").dropLast().map { "/\($0)" }.joined() } ?? ""
        let all = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return own.isEmpty ? all : "\(own):\(all)"
    }

    /// The number of a node: 1 for `n1`.
    public func number(of node: String) -> Int { (nodes.firstIndex(of: node) ?? 0) + 1 }

    /// The address of a node on the lab's network.
    public func address(of node: String, _ family: Family) -> String {
        family == .v4 ? "172.30.0.\(number(of: node))" : "fd30::\(String(number(of: node), radix: 16))"
    }

    /// The address of the host outside.
    public static func outsideAddress(_ family: Family) -> String { family == .v4 ? "172.30.0.100" : "fd30::100" }

    static func prefix(_ family: Family) -> Int { family == .v4 ? 24 : 64 }
}
