public import Model

/// A failure as the CNI specification writes it: a code that the runtime acts on, and words for the operator.
public struct CNIError: Error, Sendable, Hashable {
    /// What the specification says a failure is; below 100 the codes are its own.
    public enum Code: Int, Sendable, Hashable {
        case incompatibleVersion = 1
        case unsupportedField = 2
        case unknownContainer = 3
        case invalidEnvironment = 4
        case inputOutput = 5
        case undecodable = 6
        case invalidConfiguration = 7
        /// The runtime tries the same again.
        case tryAgainLater = 11
        /// STATUS: no ADD can be served.
        case unavailable = 50
        /// STATUS: no ADD can be served, and running containers may be cut off.
        case limited = 51
        /// Ours: the pod's network could not be made.
        case failed = 100
        /// Ours: CHECK found that the pod's network is not as ADD made it.
        case drifted = 101
    }

    public let code: Code
    public let message: String
    public let details: String

    public init(_ code: Code, _ message: String, details: String = "") {
        self.code = code
        self.message = message
        self.details = details
    }

    /// The error object, as it goes to standard output.
    public func json(for version: CNIVersion) -> JSON {
        var object = JSONObject([
            ("cniVersion", .string(version.rawValue)), ("code", .integer(code.rawValue)), ("msg", .string(message)),
        ])
        if !details.isEmpty { object["details"] = .string(details) }
        return .object(object)
    }

    /// Reads an error object; nil when it is none.
    public init?(_ json: JSON) {
        let cursor = JSONCursor(json)
        guard let number = try? cursor["code"].integer(), let message = try? cursor["msg"].string() else { return nil }
        let details = try? cursor["details"].string()
        self.init(Code(rawValue: number) ?? .failed, message, details: details ?? "")
    }
}

extension CNIError: CustomStringConvertible {
    public var description: String {
        "\(message)\(details.isEmpty ? "" : ": \(details)") (CNI code \(code.rawValue))"
    }
}
