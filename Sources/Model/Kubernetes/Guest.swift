/// What a pod says of the virtual machine that runs in it: KubeVirt's words.
///
/// While a machine moves it has two pods, on two nodes. It runs in the first one until the second one says that it is
/// ready.
public struct Guest: Hashable, Sendable {
    static let labels = (role: "kubevirt.io", machine: "vm.kubevirt.io/name", node: "kubevirt.io/nodeName")
    /// Any value will do.
    static let migration = "kubevirt.io/allow-pod-bridge-network-live-migration"
    static let targetReady = "kubevirt.io/migration-target-ready-timestamp"
    static let launcher = "virt-launcher"

    /// The name of the machine, the same in each of its pods.
    public let machine: String
    /// Whether the machine runs in this pod, or has been handed over to it.
    public let isReady: Bool
    /// When it was handed over, as it is written; empty when nobody has said.
    public let readySince: String

    public init(machine: String, isReady: Bool, readySince: String) {
        self.machine = machine
        self.isReady = isReady
        self.readySince = readySince
    }

    /// The labels that all pods of a machine have.
    public static func labels(of machine: String) -> [String: String] {
        [labels.role: launcher, labels.machine: machine]
    }
}

extension Pod {
    /// The machine that keeps its addresses when it moves to another pod; nil of a pod that is none's.
    public var guest: Guest? {
        guard labels[Guest.labels.role] == Guest.launcher, annotations[Guest.migration] != nil,
            let machine = labels[Guest.labels.machine], !machine.isEmpty
        else { return nil }
        let since = annotations[Guest.targetReady] ?? ""
        let isHere = !nodeName.isEmpty && labels[Guest.labels.node] == nodeName
        return Guest(machine: machine, isReady: isHere || !since.isEmpty, readySince: since)
    }
}
