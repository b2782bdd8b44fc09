import Core
import Model
import Vocabulary

extension Report {
    /// The rules that a pod's port is under: those of the port groups that hold it, with the objects that put it there.
    static func rules(on port: PodPort, _ engine: Engine) -> [JSON] {
        let member = RowRef<LogicalSwitchPort>(fixed: port.logicalPort)
        let any = RowRef<PortGroup>(fixed: "")
        var rules: [(order: (String, Int), json: JSON)] = []
        for group in engine.rows(plane: PortGroup.table.plane, table: PortGroup.table.name) {
            guard let content = engine.contents(of: group),
                case .set(let ports)? = content.columns[any.ports.index], ports.contains(member.value),
                case .set(let acls)? = content.columns[any.acls.index]
            else { continue }
            let by = engine.sources(of: group, column: any.ports.index, member: member.value).owners
                .map { "\($0.object)" }
            for case .row(let acl) in acls {
                guard let rule = rule(acl, engine) else { continue }
                let by = JSON.array(Set(by).sorted().map { .string($0) })
                rules.append((rule.order, .object(JSONObject([("row", .string("\(acl)")), ("by", by)] + rule.fields))))
            }
        }
        return rules.sorted { $0.order < $1.order }.map(\.json)
    }

    private static func rule(
        _ row: RowID, _ engine: Engine
    ) -> (order: (String, Int), fields: [(String, JSON)])? {
        guard let content = engine.contents(of: row) else { return nil }
        func text(_ name: String) -> String {
            guard let index = ACL.table.columns.firstIndex(where: { $0.name == name }),
                case .scalar(let value)? = content.columns[index]
            else { return "" }
            return "\(value)"
        }
        let direction = text("direction") == ACL.Direction.toLport.rawValue ? "ingress" : "egress"
        let priority = Int(text("priority")) ?? 0
        return (
            (direction, -priority),
            [
                ("direction", .string(direction)), ("priority", .integer(priority)),
                ("action", .string(text("action"))),
                ("match", .string(text("match"))),
            ]
        )
    }
}
