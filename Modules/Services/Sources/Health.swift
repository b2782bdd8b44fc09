import Core
import Model
import Vocabulary

/// Tells load balancers outside whether this node has endpoints of its own.
enum Health {
    static func add(_ service: Service, at port: Int, _ plan: Plan, _ cell: inout Cell) {
        let addresses = plan.backends.values.reduce(into: Set<IPAddress>()) { $0.formUnion($1.localReady) }
        // An endpoint with an address per family is one.
        let ready = Family.allCases.map { family in addresses.count { $0.family == family } }.max() ?? 0
        let body: JSON = [
            "service": ["namespace": .string(service.namespace), "name": .string(service.name)],
            "localEndpoints": .integer(ready), "serviceProxyHealthy": true,
        ]
        cell.add(
            HTTPAnswer(
                port: port, status: ready == 0 ? 503 : 200,
                headers: [
                    "Content-Type": "application/json", "X-Load-Balancing-Endpoint-Weight": "\(ready)",
                ], body: body.text()))
    }
}
