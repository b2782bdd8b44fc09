import Core
import Model
import Vocabulary

extension Report {
    /// Whose each address is, for commands that show addresses of packets: pods, nodes, services.
    static func names(of node: String, _ engine: Engine) -> JSON {
        var items: [JSON] = []
        func add(_ name: String, _ addresses: [IPAddress]) {
            items += addresses.map { ["address": .string("\($0)"), "name": .string(name)] }
        }
        for case let pod as PodPort in engine.objects(kind: PodPort.kind) {
            add("\(pod.namespace)/\(pod.name)", pod.addresses.map(\.address))
        }
        for case let node as Node in engine.objects(kind: Node.kind) {
            add("node:\(node.name)", node.internalAddresses)
        }
        for case let node as NodeNetwork in engine.objects(kind: NodeNetwork.kind) {
            add("node:\(node.name)", Family.allCases.compactMap { node.management($0) })
        }
        for case let service as Service in engine.objects(kind: Service.kind) {
            add("service:\(service.namespace)/\(service.name)", service.clusterIPs.compactMap { IPAddress($0) })
        }
        return envelope("NameList", ["node": .string(node), "items": .array(items)])
    }
}
