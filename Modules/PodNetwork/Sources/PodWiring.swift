import Core
import Model
import Vocabulary

/// The cable of a pod: a veth from the pod's namespace into the integration bridge, for as long as the runtime keeps
/// the pod attached.
enum PodWiring {
    static func handle(_ attachment: Attachment, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.cluster(),
            let local = cell.localNode(),
            let node = cell.get(NodeNetwork.self, "", local.nodeName),
            let port = cell.get(PodPort.self, attachment.podNamespace, attachment.podName), port.isLocal
        else { return }
        let pod = cell.get(Pod.self, port.namespace, port.name)
        guard attachment.podUID.isEmpty || attachment.podUID == port.uid || pod?.isStatic == true else {
            // Known by its manifest alone; the runtime has heard its uid earlier.
            if port.uid.isEmpty { return }
            // Not as an error that keeps what was: the port is the other pod's now.
            cell.report(
                Rejection(
                    "OtherPod",
                    "the runtime attaches \(attachment.podNamespace)/\(attachment.podName) with uid "
                        + "\(attachment.podUID), but that pod is now \(port.uid)"))
            return
        }
        // What cannot be read is told at the pod.
        let limits = pod.flatMap { try? Bandwidth($0) }
        let device = attachment.hostInterface
        let interface = cell.add(
            Interface(
                key: .fixed(device),
                externalIDs: [
                    "iface-id": port.logicalPort, "sandbox": attachment.sandbox,
                    "attached_mac": port.mac.description, "pod-if-name": attachment.interface,
                    "ip_addresses": port.addresses.map(\.description).joined(separator: ","),
                ].merging(port.version) { own, _ in own },
                name: device))
        var cable = Port(
            key: .fixed(device), interfaces: [interface], name: device, otherConfig: ["transient": "true"])
        cable.qos = limits?.ingress.map { rate in
            cell.add(
                VSwitchQoS(
                    key: .own("ingress"), externalIDs: ["sandbox": attachment.sandbox],
                    otherConfig: ["max-rate": String(rate)], type: "linux-htb"))
        }
        cell.add(cable, to: Topology.integration.ports)
        // With the userspace datapath the kernel sees every frame too, and would answer for the host around all
        // rules; and it never fills in a checksum that the pod left to its card.
        let isUserspace = local.datapath == .netdev
        let seen = cell.get(OVSInterface.self, "", device)
        // A machine configures itself, by asking. What stood in its pod would answer in its place.
        let isGuest = pod?.guest != nil
        cell.add(
            PodLink(
                sandbox: attachment.sandbox, interface: attachment.interface, hostInterface: device,
                netns: attachment.netns, mac: port.mac, mtu: cluster.mtu, addresses: isGuest ? [] : port.addresses,
                gateways: isGuest ? [] : port.gateways,
                routes: isGuest
                    ? []
                    : PodAddressing.routes(port.addresses, node, cluster).map { route in
                        PodRoute(route.destination, via: route.nextHop, mtu: cluster.routableMTU)
                    }, ingressDrop: isUserspace, checksumOffloadOff: isUserspace,
                egressRate: limits?.egress, isOpen: seen?.installed == true && seen?.sandbox == attachment.sandbox))
    }
}

extension PodPort {
    /// Port and interface meet only when both are of this pod, and not of another one of the same name.
    var version: [String: String] { uid.isEmpty ? [:] : ["iface-id-ver": uid] }
}
