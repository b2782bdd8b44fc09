public import Core
public import Model

extension Cell {
    /// The pods of a guest's machine that have not ended: the one where it runs comes first. None of a pod that is no
    /// guest's.
    public mutating func launchers(of pod: Pod) -> [Pod] {
        guard let guest = pod.guest else { return [] }
        let all = group(
            of: Pod.self, in: .namespace(pod.namespace),
            matching: LabelSelector(labels: Guest.labels(of: guest.machine)), only: [Pod.isOnPodNetwork])
        return list(all).filter { $0.guest != nil }.sorted(by: Pod.runsRather)
    }

    /// Whether packets for the pod's addresses go to this pod, and not to another one of the same machine.
    public mutating func isReached(_ pod: Pod) -> Bool {
        pod.guest == nil || launchers(of: pod).first?.id == pod.id
    }
}

extension Pod {
    /// Whether a machine is rather in the first of two of its pods.
    ///
    /// Of those that are ready in the last one: only where it goes to becomes ready after it. Of those that are not yet
    /// in the first one: where it goes to is made after where it is, and its addresses come from there.
    fileprivate static func runsRather(_ a: Pod, _ b: Pod) -> Bool {
        let (first, second) = (a.guest?.isReady == true, b.guest?.isReady == true)
        guard first == second else { return first }
        if first {
            let (since, other) = (a.guest?.readySince ?? "", b.guest?.readySince ?? "")
            return (a.created, since, b.name) > (b.created, other, a.name)
        }
        let (known, other) = (a.annotations[PodNetworks.key] != nil, b.annotations[PodNetworks.key] != nil)
        guard known == other else { return known }
        return (a.created, a.name) < (b.created, b.name)
    }
}
