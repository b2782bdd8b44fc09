public import Core
public import Model
import Vocabulary

/// What a namespace wants logged of its policies: published for namespaces that log anything.
public struct PolicyLogging: Kind {
    public static let kind = "PolicyLogging"
    /// The namespace's.
    public let name: String
    public let allow: ACL.Severity?
    public let deny: ACL.Severity?
}

/// The annotation by which namespaces and admin policies ask for log lines.
struct LoggingAnnotation: Equatable {
    static let key = "k8s.ovn.org/acl-logging"
    var allow: ACL.Severity?
    var deny: ACL.Severity?
    /// Of admin policies, where the engine has a rule for what they pass on.
    var pass: ACL.Severity?
    /// A word that is no severity turns its half off; text that does not parse turns all off.
    var faults: [Rejection] = []

    init(_ annotations: [String: String]) {
        guard let text = annotations[Self.key], !text.isEmpty else { return }
        let field = "metadata.annotations[\"\(Self.key)\"]"
        guard let json = try? JSON(parsing: text), case .object(let object) = json else {
            faults = [
                Rejection(
                    "BadAnnotation", field: field,
                    "\(text) is not like {\"deny\":\"alert\",\"allow\":\"notice\"}; nothing is logged")
            ]
            return
        }
        allow = severity(object, "allow", field)
        deny = severity(object, "deny", field)
        pass = severity(object, "pass", field)
    }

    private mutating func severity(_ object: JSONObject, _ key: String, _ field: String) -> ACL.Severity? {
        guard let value = object[key] else { return nil }
        if case .string(let word) = value {
            if word.isEmpty { return nil }
            if let severity = ACL.Severity(rawValue: word) { return severity }
        }
        let words = ACL.Severity.allCases.map(\.rawValue).joined(separator: ", ")
        faults.append(
            Rejection("BadAnnotation", field: field, "\(key): \(value.text()) is none of \(words); it is not logged"))
        return nil
    }
}

enum Logging {
    static func handle(_ namespace: Namespace, _ cell: inout Cell) throws(Rejection) {
        let wanted = LoggingAnnotation(namespace.annotations)
        for fault in wanted.faults { cell.report(fault) }
        guard wanted.allow != nil || wanted.deny != nil else { return }
        cell.publish(PolicyLogging(name: namespace.name, allow: wanted.allow, deny: wanted.deny))
    }
}

/// How the packets that a rule decides are logged.
struct ACLLog: Hashable, Sendable {
    let name: String
    let severity: ACL.Severity
    /// Lines per second.
    let rate: Int

    static let meter = "acl-logging"

    /// The name that the log line bears; the database takes no more than 63 characters.
    var shortName: String {
        var text = name
        while text.utf8.count > 63 { text.removeLast() }
        return text
    }

    /// A fair meter: each rule has the whole rate, so a loud one does not silence the others.
    func addMeter(_ cell: inout Cell) {
        let band = cell.add(MeterBand(key: .fixed(Self.meter), action: .drop, rate: rate))
        cell.add(Meter(key: .fixed(Self.meter), bands: [band], fair: true, name: Self.meter, unit: .pktps))
    }
}

extension ACL {
    /// An ACL with a built match, and with the columns that log it if it is to be.
    init(
        key: RowKey, action: Action, direction: Direction, externalIDs: [String: String], match: Match,
        options: [String: String]?, priority: Int, tier: Int = PolicyTier.namespaces, log: ACLLog? = nil
    ) {
        // Without a log there is no meter either: the engine computes all its flows anew when a meter is named.
        self.init(
            key: key, action: action, direction: direction, externalIDs: externalIDs, log: log == nil ? nil : true,
            match: match.description, meter: log == nil ? nil : ACLLog.meter, name: log?.shortName, options: options,
            priority: priority, severity: log?.severity, tier: tier)
    }
}
