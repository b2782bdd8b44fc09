import Foundation

/// The installed schemas with what newer engines add.
public enum NewerSchema {
    /// The northbound schema with the tiers of rules, as OVN 23.06 has them.
    public static func tiers(_ schema: String) throws -> String {
        guard var root = try JSONSerialization.jsonObject(with: Data(schema.utf8)) as? [String: Any],
            var tables = root["tables"] as? [String: Any], var rules = tables["ACL"] as? [String: Any],
            var columns = rules["columns"] as? [String: Any]
        else { throw DatabaseServer.Failed(description: "the schema has no rules") }
        columns["tier"] = ["type": ["key": ["type": "integer", "minInteger": 0, "maxInteger": 3] as [String: Any]]]
        let actions = ["allow", "allow-related", "allow-stateless", "drop", "reject", "pass"]
        columns["action"] = ["type": ["key": ["type": "string", "enum": ["set", actions] as [Any]] as [String: Any]]]
        rules["columns"] = columns
        tables["ACL"] = rules
        root["tables"] = tables
        return String(decoding: try JSONSerialization.data(withJSONObject: root), as: UTF8.self)
    }
}
