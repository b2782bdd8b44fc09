import Core
public import Model

/// The network configuration that the runtime writes to standard input.
public struct CNIConfiguration: Sendable, Hashable {
    /// The interface of a container, as GC names it.
    public struct Attachment: Sendable, Hashable {
        public let containerID: String
        public let interface: String

        public init(containerID: String, interface: String) {
            self.containerID = containerID
            self.interface = interface
        }
    }

    public let version: CNIVersion
    public let name: String
    /// Where the node daemon listens, when the configuration says so.
    public let socket: String?
    /// What ADD answered, for CHECK and DEL.
    public let previousResult: JSON?
    /// GC: what the runtime still knows; everything else may go. Nil when the configuration has no such list.
    public let validAttachments: Set<Attachment>?
    /// All of it, as it was written.
    public let json: JSON

    /// Reads a configuration; `command` is what it is used for.
    public init(_ bytes: some Sequence<UInt8>, for command: CNICommand) throws(CNIError) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw CNIError(
                .undecodable, "the network configuration on standard input is not JSON", details: "\(error)")
        }
        try self.init(json, for: command)
    }

    public init(_ json: JSON, for command: CNICommand) throws(CNIError) {
        let cursor = JSONCursor(json)
        guard case .object = json else {
            throw CNIError(
                .undecodable, "the network configuration is not an object", details: "found \(json.summary)")
        }
        self.json = json
        version = try Self.version(cursor["cniVersion"], for: command)
        do {
            name = try cursor["name"].string()
            socket = try cursor["socket"].optional { cursor throws(Rejection) in try cursor.string() }
            previousResult = cursor["prevResult"].value
            validAttachments = try Self.valid(cursor["cni.dev/valid-attachments"])
        } catch {
            throw CNIError(.invalidConfiguration, "the network configuration is wrong", details: "\(error)")
        }
        guard Self.isName(name) else {
            throw CNIError(
                .invalidConfiguration, "the network configuration is wrong",
                details: "name: \"\(name)\" must begin with a letter or digit and have only those, '_', '.' and '-'")
        }
        if let type = cursor["plugins"].value {
            throw CNIError(
                .invalidConfiguration, "the network configuration is wrong",
                details: "plugins: \(type.summary): the runtime hands over one plugin's part, not the list")
        }
    }

    private static func version(_ cursor: JSONCursor, for command: CNICommand) throws(CNIError) -> CNIVersion {
        let text: String
        do { text = try cursor.string() } catch {
            throw CNIError(.invalidConfiguration, "the network configuration is wrong", details: "\(error)")
        }
        let known = CNIVersion.allCases.map(\.rawValue).joined(separator: ", ")
        guard let version = CNIVersion(rawValue: text) else {
            throw CNIError(
                .incompatibleVersion, "incompatible CNI versions",
                details: "the configuration has cniVersion \"\(text)\"; this plugin supports \(known)")
        }
        guard version >= command.since else {
            throw CNIError(
                .incompatibleVersion, "incompatible CNI versions",
                details: "\(command.rawValue) needs cniVersion \(command.since.rawValue) or newer, not \(text)")
        }
        return version
    }

    private static func valid(_ cursor: JSONCursor) throws(Rejection) -> Set<Attachment>? {
        guard cursor.isPresent else { return nil }
        var result: Set<Attachment> = []
        for element in try cursor.elements() {
            result.insert(
                Attachment(
                    containerID: try element["containerID"].string(), interface: try element["ifname"].string()))
        }
        return result
    }

    /// A network's name or a container's id, as the specification restricts them.
    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5f || $0 == 0x2e || $0 == 0x2d }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
