import Core
import Model
import Vocabulary

extension Report {
    /// A service on this node: what it asks for, what becomes of its endpoints, and its load balancers.
    static func service(_ id: String, _ engine: Engine, _ state: RunState) -> JSON? {
        let parts = id.split(separator: "/").map(String.init)
        guard parts.count == 2, let service = engine.object(Model.Service.self, parts[0], parts[1]) else { return nil }
        let node = engine.object(LocalNode.self, "", LocalNode.singleton)?.nodeName ?? ""
        let slices = engine.objects(kind: EndpointSlice.kind).compactMap { $0 as? EndpointSlice }.filter {
            $0.namespace == service.namespace && $0.labels[EndpointSlice.serviceLabel] == service.name
        }
        var endpoints: [JSON] = []
        for port in service.ports {
            for standing in Backends(of: service, port, slices, on: node).standings {
                endpoints.append([
                    "port": .string("\(port.transport) \(port.port)"), "endpoint": .string("\(standing.backend)"),
                    "node": .string(standing.node), "local": .boolean(!node.isEmpty && standing.node == node),
                    "used": .boolean(standing.isUsed), "reason": .string(standing.reason),
                ])
            }
        }
        let owners = engine.owners().filter { $0.value.contains { $0.object == service.id } }
        let rows = engine.rows().filter { owners[$0] != nil }
        return envelope(
            "Service",
            [
                "object": object(service.id, engine), "type": .string(service.type.rawValue),
                "addresses": .array(service.clusterIPs.map { .string($0) }),
                "affinity": .integer(service.affinity == .clientIP ? service.affinityTimeout : 0),
                "endpoints": .array(endpoints), "rows": .array(rows.map { row($0, owners[$0] ?? [], engine, state) }),
            ])
    }
}
