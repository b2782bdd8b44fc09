import Core
import Linux
import Model

/// Makes, adopts and removes the veth pairs of pods.
///
/// In the order that keeps the host out of reach: pair, ingress drop, pod's end, host's end up. The last step waits
/// until the row is open.
final class PodLinks {
    private let kernel: Kernel
    /// What was put in place or found in place.
    private var applied: [RowID: PodLink] = [:]

    init(_ kernel: Kernel) { self.kernel = kernel }

    /// The note on the host's end by which it is known to be ours.
    private static func alias(_ link: PodLink) -> String { "\(aliasPrefix)\(link.sandbox) \(link.interface)" }
    private static let aliasPrefix = "ovenbird "

    /// Removes pairs that no row asks for any more, also those that an earlier run of the program left behind.
    func removeStale(_ wanted: some Collection<PodLink>) throws(NetlinkError) -> Bool {
        let names = Dictionary(wanted.map { ($0.hostInterface, Self.alias($0)) }) { first, _ in first }
        var removed = false
        for link in try kernel.links().values {
            guard let alias = link.alias, alias.hasPrefix(Self.aliasPrefix), names[link.name] != alias else { continue }
            try kernel.write(link: link.name) { socket throws(NetlinkError) in
                try socket.deleteLink(link.index, link.name)
            }
            removed = true
        }
        return removed
    }

    func forget(_ row: RowID) { applied[row] = nil }

    /// Brings the pairs of these rows into their desired state. `guardDevices` puts the ingress drop of the given
    /// devices in place and says which of them failed, in what words.
    func ensure(
        _ rows: [(RowID, PodLink)], guardDevices: ([IngressDevice]) -> [String: String]
    ) -> Standings {
        var standings: Standings = [:]
        var devices: [IngressDevice] = []
        var ready: [(row: RowID, link: PodLink, namespace: NetworkNamespace, isNew: Bool)] = []
        for (row, link) in rows {
            do {
                let namespace = try Self.namespace(of: link)
                let pair = try pair(row, link, namespace)
                standings[row] = pair.isNew ? .written : .right
                ready.append((row, link, namespace, pair.isNew))
                if link.ingressDrop {
                    devices.append(IngressDevice(name: link.hostInterface, index: pair.index, isNew: pair.isNew))
                }
            } catch { standings[row] = Standing(error) }
        }
        let failures = guardDevices(devices)
        for (row, link, namespace, isNew) in ready {
            if let failure = failures[link.hostInterface] {
                standings[row] = .refused(failure)
                continue
            }
            do {
                let isReady = !isNew && isOnlyToOpen(row, link)
                if try finish(link, namespace, isReady: isReady) { standings[row] = .written }
                applied[row] = link
            } catch { standings[row] = Standing(error) }
        }
        return standings
    }

    private static func namespace(of link: PodLink) throws -> NetworkNamespace {
        do { return try NetworkNamespace(path: link.netns) } catch {
            throw MalformedRow(
                description: "the network namespace \(link.netns) of sandbox \(link.sandbox) cannot be opened: "
                    + SystemError.text(of: error.code))
        }
    }

    /// The pair's host end, made when it is not there.
    private func pair(
        _ row: RowID, _ link: PodLink, _ namespace: NetworkNamespace
    ) throws -> (index: Int, isNew: Bool) {
        if let found = try kernel.links()[link.hostInterface] {
            if found.alias == Self.alias(link) {
                if try applied[row]?.netns == link.netns || isPeer(found.index, link, namespace) {
                    return (found.index, false)
                }
                // The sandbox has another namespace than when the pair was made.
                try kernel.write(link: found.name) { socket throws(NetlinkError) in
                    try socket.deleteLink(found.index, found.name)
                }
                return try make(link, namespace)
            }
            guard found.kind == "veth", found.alias == nil, try isPeer(found.index, link, namespace) else {
                throw MalformedRow(description: "a device \(link.hostInterface) that is not ours is in the way")
            }
            try kernel.write(link: found.name) { socket throws(NetlinkError) in
                try socket.setLink(found.index, found.name, LinkSettings(alias: Self.alias(link)))
            }
            return (found.index, false)
        }
        return try make(link, namespace)
    }

    private func make(_ link: PodLink, _ namespace: NetworkNamespace) throws -> (index: Int, isNew: Bool) {
        try kernel.write(link: link.hostInterface) { socket throws(NetlinkError) in
            try socket.makeVeth(
                VethEnd(link.hostInterface, mtu: link.mtu, alias: Self.alias(link)),
                peer: VethEnd(link.interface, mac: link.mac, mtu: link.mtu, namespace: namespace))
        }
        guard let made = try kernel.links()[link.hostInterface] else {
            throw MalformedRow(description: "the device \(link.hostInterface) vanished as soon as it was made")
        }
        return (made.index, true)
    }

    /// Whether a veth is the other end of the pod's interface: a pair that was made and not yet marked, or one that an
    /// earlier run has made. What starts a virtual machine gives the pod's end another name.
    private func isPeer(_ index: Int, _ link: PodLink, _ namespace: NetworkNamespace) throws -> Bool {
        let name = link.interface
        return try namespace.run {
            let socket = try NetlinkSocket()
            return try socket.link(named: name)?.peer == index || socket.links().contains { $0.peer == index }
        }
    }

    /// Whether everything but the last step has been done: pods wait for it.
    private func isOnlyToOpen(_ row: RowID, _ link: PodLink) -> Bool {
        guard var before = applied[row], !before.isOpen else { return false }
        before.isOpen = true
        return before == link
    }

    private func finish(_ link: PodLink, _ namespace: NetworkNamespace, isReady: Bool) throws -> Bool {
        let end = PodEnd(link: link, writes: kernel.writes)
        let written = try !isReady && namespace.run { try end.ensure() }
        let raised = try raiseHostEnd(link)
        // Asked for the pod's end, the kernel takes notice at once that it has a carrier: until then it drops what the
        // pod sends.
        if raised, link.isOpen { _ = try namespace.run { try NetlinkSocket().link(named: link.interface) } }
        return raised || written
    }

    private func raiseHostEnd(_ link: PodLink) throws -> Bool {
        guard let host = try kernel.links()[link.hostInterface] else { return false }
        let isToRise = link.isOpen && !host.isUp
        guard isToRise || host.mtu != link.mtu || host.addressGenerationMode == 0 else { return false }
        // In a message of its own: the kernel would first bring the link up and make a link-local address.
        if host.addressGenerationMode == 0 {
            try kernel.write(link: host.name) { socket throws(NetlinkError) in
                try socket.setLink(host.index, host.name, LinkSettings(addressGenerationMode: 1))
            }
        }
        if isToRise || host.mtu != link.mtu {
            try kernel.write(link: host.name) { socket throws(NetlinkError) in
                try socket.setLink(
                    host.index, host.name, LinkSettings(up: isToRise ? true : nil, mtu: link.mtu))
            }
        }
        return true
    }

    /// Whether the host's end is as it should be, without a look into the pod.
    func isHostEndRight(_ link: PodLink) throws(NetlinkError) -> Bool {
        guard let host = try kernel.links()[link.hostInterface] else { return false }
        return host.alias == Self.alias(link) && (host.isUp || !link.isOpen) && host.mtu == link.mtu
            && host.addressGenerationMode != 0
    }
}
