import Core
import Linux
import Model

/// Moves addresses and routes between NICs and the bridges that they are ports of.
///
/// Everything is first put on the new device and then taken off the old one, so wherever a crash falls, the next
/// round finds what it has to finish.
final class UplinkPart {
    /// What a device carries that has to move with it.
    private struct Load {
        var addresses: [AddressInfo]
        var routes: [RouteInfo]
        var isEmpty: Bool { addresses.isEmpty && routes.isEmpty }
    }

    private let kernel: Kernel
    /// What each uplink's bridge carried when it was last seen, and the bridge's index then.
    private var remembered: [RowID: (row: BridgedUplink, load: Load, index: Int)] = [:]

    init(_ kernel: Kernel) { self.kernel = kernel }

    func ensure(_ rows: [RowID: BridgedUplink], guardFailures: [String: String]) throws(NetlinkError) -> Standings {
        for (row, old) in remembered.sorted(by: { $0.key < $1.key }) where rows[row] != old.row {
            try undo(old.row, old.load)
            remembered[row] = nil
        }
        var standings: Standings = [:]
        for (row, uplink) in rows.sorted(by: { $0.key < $1.key }) {
            if let failure = guardFailures[uplink.nic] {
                standings[row] = .refused(failure)
                continue
            }
            do { standings[row] = try ensure(row, uplink) } catch { standings[row] = Standing(error) }
        }
        return standings
    }

    private func ensure(_ row: RowID, _ uplink: BridgedUplink) throws(NetlinkError) -> Standing {
        guard let nic = try kernel.links()[uplink.nic], let bridge = try kernel.links()[uplink.bridge],
            nic.mac == bridge.mac
        else { return .waiting }
        let before = kernel.writes.value
        for link in [bridge, nic] where !link.isUp {
            try kernel.write { socket throws(NetlinkError) in
                try socket.setLink(link.index, link.name, LinkSettings(up: true))
            }
        }
        let load = try load(of: nic.index)
        if !load.isEmpty { try move(load, from: nic, to: bridge) }
        if let old = remembered[row], old.index != bridge.index || !bridge.isUp {
            // Somebody made the bridge anew, or took it down: what it carried is lost.
            try move(old.load, from: nil, to: bridge)
        }
        kernel.forget()
        let carried = try self.load(of: bridge.index)
        kernel.forget()
        // A bridge on its way out loses its addresses first: that is not to be remembered.
        if let now = try kernel.links()[uplink.bridge], now.isUp, now.index == bridge.index {
            remembered[row] = (uplink, carried, bridge.index)
        }
        return kernel.writes.value == before ? .right : .written
    }

    /// Back from the bridge, or from memory when the bridge is gone already.
    private func undo(_ uplink: BridgedUplink, _ load: Load) throws(NetlinkError) {
        guard let nic = try kernel.links()[uplink.nic] else { return }
        let bridge = try kernel.links()[uplink.bridge]
        let current = try bridge.map { link throws(NetlinkError) in try self.load(of: link.index) }
        try move(current ?? load, from: bridge, to: nic)
    }

    /// The addresses and routes of a device that are neither the kernel's own nor ours.
    private func load(of index: Int) throws(NetlinkError) -> Load {
        let addresses = try kernel.addresses().filter {
            $0.index == index && $0.scope == 0 && $0.origin != Kernel.origin && !$0.address.address.isLinkLocal
        }
        let routes = try kernel.routes().filter { route in
            route.nextHops.contains { $0.index == index } && route.type == RouteInfo.unicast && route.table != 255
                && route.origin != 2 && route.origin != Kernel.origin && !route.destination.address.isLinkLocal
                && !route.destination.address.isMulticast
        }
        return Load(addresses: addresses, routes: routes.sorted { Self.order($0) < Self.order($1) })
    }

    /// Routes to networks on the link first, then those through gateways, then the default ones.
    private static func order(_ route: RouteInfo) -> Int {
        if route.destination.length == 0 { return 2 }
        return route.nextHops.contains { $0.gateway != nil } ? 1 : 0
    }

    private func move(_ load: Load, from old: LinkInfo?, to new: LinkInfo) throws(NetlinkError) {
        let there = try kernel.addresses().filter { $0.index == new.index }.map(\.address)
        for address in load.addresses where !there.contains(address.address) {
            var moved = address
            moved.index = new.index
            moved.flags |= AddressInfo.noDetection
            // Labels begin with the name of the device.
            moved.label = nil
            try kernel.write { socket throws(NetlinkError) in try socket.setAddress(moved, on: new.name) }
        }
        for route in load.routes {
            var moved = route
            moved.nextHops = route.nextHops.map { hop in
                var hop = hop
                if old == nil || hop.index == old?.index { hop.index = new.index }
                return hop
            }
            try kernel.write { socket throws(NetlinkError) in try socket.setRoute(moved) }
        }
        guard let old else { return }
        for address in load.addresses {
            try kernel.write { socket throws(NetlinkError) in try socket.deleteAddress(address, on: old.name) }
        }
        // IPv6 keeps the old route beside the new one where the kernel sees them as two.
        for route in try self.load(of: old.index).routes {
            try kernel.write { socket throws(NetlinkError) in try socket.deleteRoute(route) }
        }
    }
}
