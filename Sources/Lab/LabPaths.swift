import Glibc
import Linux

/// Where everything of one lab is: below one directory, in network namespaces whose names begin alike.
public struct LabPaths: Sendable, Hashable {
    /// Where labs are unless somebody says otherwise.
    public static let standardRoot = "/run/ovenbird/labs"

    public let name: String
    public let directory: String

    public init(name: String, root: String = standardRoot) {
        self.name = name
        directory = "\(root)/\(name)"
    }

    /// Lower case letters, digits and dashes, so that a name fits into file names, namespaces and sockets.
    public static func isName(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        return isPlain && (1...20).contains(name.utf8.count) && !name.hasPrefix("-")
    }

    /// A name for a lab of the manifests in a directory: the directory's own.
    public static func name(for directory: String) -> String {
        let last = directory.split(separator: "/").last.map(String.init) ?? "lab"
        let plain = last.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let name = String(plain.drop { $0 == "-" }.prefix(20))
        return isName(name) ? name : "lab"
    }

    // MARK: Network namespaces

    /// No lab's prefix begins with another's: names have no dots.
    public var namespacePrefix: String { "ovb.\(name)." }
    /// The switch between the nodes.
    public var network: String { namespacePrefix + "net" }
    /// A host outside the cluster; the nodes' default route goes there.
    public var outside: String { namespacePrefix + "outside" }
    public func node(_ node: String) -> String { namespacePrefix + node }
    public func pod(_ sandbox: String) -> String { namespacePrefix + "pod." + sandbox.prefix(12) }

    // MARK: Files

    public var record: String { "\(directory)/lab.json" }
    public var pidFile: String { "\(directory)/lab.pid" }
    public var socket: String { "\(directory)/lab.sock" }
    /// What the lab itself adds to the manifests: its nodes.
    public var objects: String { "\(directory)/objects" }
    /// What `lab apply` adds.
    public var applied: String { "\(directory)/applied" }
    /// What daemons say about objects.
    public var status: String { "\(directory)/status" }
    public var logs: String { "\(directory)/logs" }
    public var hosts: String { "\(directory)/hosts" }
    /// What pods were given that their manifests do not say.
    public var admissions: String { "\(directory)/admissions.json" }
    public var clusterDirectory: String { "\(directory)/cluster" }
    public func nodeDirectory(_ node: String) -> String { "\(directory)/nodes/\(node)" }
    public func runDirectory(_ node: String) -> String { "\(directory)/nodes/\(node)/run" }
    /// Where the node daemon keeps its engine: see `NodeEngine`.
    public func engineDirectory(_ node: String) -> String { "\(runDirectory(node))/engine" }
    public func cniSocket(_ node: String) -> String { "\(runDirectory(node))/cni.sock" }
    public func pods(_ node: String) -> String { "\(nodeDirectory(node))/pods" }
    public func configuration(_ node: String) -> String { "\(nodeDirectory(node))/ovenbird.conf" }
}
