public import Core
import Model
import Vocabulary

/// A pod with a port of the name that a rule asks for: published so that the rule's cell learns that there is one, and
/// wakes when the first comes and the last goes, not at each pod.
public struct NamedPortHolder: Kind {
    public static let kind = "NamedPortHolder"
    fileprivate static let question = "question"
    public let name: String
    public let labels: [String: String]

    fileprivate init(_ question: String, _ holder: String) {
        name = "\(question)/\(holder)"
        labels = [Self.question: question]
    }
}

/// Looks for a pod that has a port of this name, among those whom a rule lets receive.
struct PortSearch {
    /// Who asks: unique among all rules.
    let rule: String
    let name: String
    /// Any of them will do.
    let transports: [TransportProtocol]

    private var question: String {
        "\(rule)/\(transports.map(\.rawValue).sorted().joined(separator: ","))/\(name)"
    }

    /// Whether there are pods, and none has the port.
    func isInVain(among receivers: [(pods: Group<PodPort>, networks: [IPNetwork]?)], _ cell: inout Cell) -> Bool {
        var hasPods = false
        for (place, some) in receivers.enumerated() {
            if cell.any(some.pods) { hasPods = true }
            cell.each(
                some.pods,
                run: PortHolder(
                    question: question, place: place, name: name, transports: transports, networks: some.networks))
        }
        let holders = cell.group(
            of: NamedPortHolder.self, matching: LabelSelector(labels: [NamedPortHolder.question: question]))
        return !cell.any(holders) && hasPods
    }
}

private struct PortHolder: Child {
    let question: String
    let place: Int
    let name: String
    let transports: [TransportProtocol]
    /// Where the pod must be, if that is limited.
    let networks: [IPNetwork]?

    func run(_ pod: PodPort, _ cell: inout Cell) throws(Rejection) {
        if let networks, !pod.addresses.contains(where: { own in networks.contains { $0.contains(own.address) } }) {
            return
        }
        let ports = cell.get(Pod.self, pod.namespace, pod.name)?.containers.flatMap(\.ports) ?? []
        guard ports.contains(where: { $0.name == name && transports.contains($0.transport) }) else { return }
        cell.publish(NamedPortHolder(question, "\(place)/\(pod.namespace)/\(pod.name)"))
    }
}
