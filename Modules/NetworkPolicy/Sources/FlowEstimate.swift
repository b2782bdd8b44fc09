import Core
import Model
import Vocabulary

/// What a rule costs the switch of a node: each network that it names and each mask of its ports is a flow, in two
/// copies, for each protocol.
///
/// Members of selectors are not counted: they come and go, and the cell of a rule does not wake for each of them.
struct FlowEstimate {
    /// More of them for one rule are worth a warning.
    static let most = 50_000
    private(set) var flows = 0

    /// A rule of the engine that names so many networks, and ports of so many masks.
    mutating func add(networks: Int, masks: Int) { flows += 2 * (networks + masks) }

    func rejection(at place: String) -> Rejection? {
        guard flows > Self.most else { return nil }
        return Rejection(
            "PolicyTooLarge", field: place,
            "needs about \(flows) flows on each node with such pods; split it, or name fewer blocks and ports")
    }
}

extension FlowEstimate {
    /// Of a rule of a namespace's policy.
    init(networks: Int, _ ports: [NetworkPolicy.Port]?, _ traffic: Traffic) {
        guard let ports else {
            add(networks: networks, masks: 0)
            return
        }
        var plain: [TransportProtocol: [ClosedRange<Int>]] = [:]
        for port in Set(ports) {
            switch port.number {
            case .all: plain[port.transport, default: []] += PortRanges.all.ranges
            case .range(let range): plain[port.transport, default: []].append(range)
            // One rule for each number, of which there is mostly one; outwards it names pods, not blocks.
            case .named: add(networks: traffic == .ingress ? networks : 0, masks: 1)
            }
        }
        for ranges in plain.values { add(networks: networks, masks: PortRanges(ranges).maskCount) }
    }

    /// Of a rule of an administrator, as it has been cut.
    init(_ boxes: [AdminBox], _ families: [Family]) {
        for box in boxes {
            let networks = (box.peer.networks ?? []).count { families.contains($0.family) }
            if box.ports == .all {
                add(networks: networks, masks: 0)
                continue
            }
            for ranges in box.ports.ranges.values { add(networks: networks, masks: ranges.maskCount) }
            if box.ports.others { add(networks: networks, masks: Match.otherProtocolCount) }
        }
    }
}
