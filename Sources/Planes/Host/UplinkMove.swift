import Glibc
import Linux
import Model

/// What a device carries that has to move with it.
struct UplinkLoad: Sendable {
    var addresses: [AddressInfo] = []
    var routes: [RouteInfo] = []

    /// The addresses and routes of a device that are neither the kernel's own nor ours.
    init(of index: Int, _ kernel: Kernel) throws(NetlinkError) {
        addresses = try kernel.addresses().filter {
            $0.index == index && $0.scope == 0 && $0.origin != Kernel.origin && !$0.address.address.isLinkLocal
        }
        routes = try kernel.routes().filter { route in
            route.nextHops.contains { $0.index == index } && route.type == RouteInfo.unicast && route.table != 255
                && route.origin != 2 && route.origin != Kernel.origin && !route.destination.address.isLinkLocal
                && !route.destination.address.isMulticast
        }.sorted { Self.order($0) < Self.order($1) }
    }

    init(routes: [RouteInfo] = []) { self.routes = routes }

    /// Routes to networks on the link first, then those through gateways, then the default ones.
    private static func order(_ route: RouteInfo) -> Int {
        if route.destination.length == 0 { return 2 }
        return route.nextHops.contains { $0.gateway != nil } ? 1 : 0
    }
}

/// A move of addresses and routes to a device. What the kernel does not take holds up nothing else.
struct UplinkMove {
    let kernel: Kernel
    let new: LinkInfo
    /// The devices that the new one stands for in routes.
    let devices: Set<Int>
    private(set) var errors: [NetlinkError] = []
    private(set) var refused: [RouteInfo] = []

    init(_ kernel: Kernel, to new: LinkInfo, insteadOf devices: Set<Int>) {
        self.kernel = kernel
        self.new = new
        self.devices = devices
    }

    /// Puts everything on the new device, and then takes it off the old one, if that is still there.
    mutating func take(_ load: UplinkLoad, from old: LinkInfo? = nil) throws(NetlinkError) {
        var taken = UplinkLoad()
        let there = try kernel.addresses().filter { $0.index == new.index }.map(\.address)
        for address in load.addresses {
            var moved = address
            moved.index = new.index
            moved.flags |= AddressInfo.noDetection
            // Labels begin with the name of the device.
            moved.label = nil
            let isThere = there.contains(address.address)
            if !isThere {
                guard
                    try write({ [new] socket throws(NetlinkError) in try socket.setAddress(moved, on: new.name) })
                else { continue }
            }
            taken.addresses.append(address)
        }
        for route in load.routes {
            var moved = route
            for position in moved.nextHops.indices where devices.contains(moved.nextHops[position].index) {
                moved.nextHops[position].index = new.index
            }
            if try write({ socket throws(NetlinkError) in try socket.setRoute(moved) }) {
                taken.routes.append(route)
            } else {
                refused.append(route)
            }
        }
        if let old { try remove(taken, from: old) }
    }

    private mutating func write(
        _ body: (NetlinkSocket) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        do { try kernel.write(body) } catch {
            // A device that goes meanwhile is waited for.
            if error.code == ENODEV { throw error }
            errors.append(error)
            return false
        }
        return true
    }

    private func remove(_ load: UplinkLoad, from old: LinkInfo) throws(NetlinkError) {
        for address in load.addresses {
            try kernel.write { socket throws(NetlinkError) in try socket.deleteAddress(address, on: old.name) }
        }
        // IPv6 keeps the old route beside the new one where the kernel sees them as two.
        for route in try UplinkLoad(of: old.index, kernel).routes
        where load.routes.contains(where: route.isInPlace(of:)) {
            try kernel.write { socket throws(NetlinkError) in try socket.deleteRoute(route) }
        }
    }
}

extension RouteInfo {
    /// Whether the kernel takes both for the same route.
    func isInPlace(of other: RouteInfo) -> Bool {
        destination == other.destination && table == other.table && metric == other.metric
            && nextHops.map(\.gateway) == other.nextHops.map(\.gateway)
    }
}
