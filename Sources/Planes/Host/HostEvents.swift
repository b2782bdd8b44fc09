import CLinux
import Linux

/// What happens on the machine that may concern the host plane: news of links, addresses, routes, rules and
/// neighbours, and the coming and going of the switch.
final class HostEvents {
    private let monitor: NetlinkMonitor
    private let inotify: Inotify
    private let directory: String
    private var isWatching = false

    /// Works in the namespace of the calling thread.
    init(ovsDirectory: String) throws(SystemError) {
        directory = ovsDirectory
        let groups: [rtnetlink_groups] = [
            RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
            RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
        ]
        monitor = try NetlinkMonitor(groups: groups.reduce(0) { $0 | 1 << ($1.rawValue - 1) })
        inotify = try Inotify()
        watch()
    }

    var descriptors: [Descriptor] { [monitor.descriptor, inotify.descriptor] }

    /// Starts to watch the switch's directory once it is there.
    private func watch() {
        if !isWatching { isWatching = (try? inotify.watch(directory)) != nil }
    }

    /// Takes what has come and says which parts it may concern.
    func take(_ rows: HostRows) throws(SystemError) -> HostParts {
        var parts: HostParts = []
        watch()
        for event in try inotify.next() {
            if event.isLoss { isWatching = false }
            if event.isLoss || event.name.hasPrefix("ovs-vswitchd.") || event.name.hasSuffix(".mgmt") {
                parts.insert(.forwarding)
            }
        }
        while true {
            switch try monitor.next() {
            case .none: return parts
            case .overrun: parts.formUnion(.onLinks.union(.rules))
            case .messages(let messages): for message in messages { parts.formUnion(Self.parts(of: message, rows)) }
            }
        }
    }

    /// Other programs change routes and neighbours all the time: only what touches ours counts.
    private static func parts(of message: NetlinkReply, _ rows: HostRows) -> HostParts {
        switch message.type {
        case Int(RTM_NEWLINK), Int(RTM_DELLINK): return .onLinks
        case Int(RTM_NEWADDR), Int(RTM_DELADDR): return [.addresses, .routes, .uplinks]
        case Int(RTM_NEWRULE), Int(RTM_DELRULE): return .rules
        case Int(RTM_NEWNEIGH), Int(RTM_DELNEIGH):
            guard let entry = NeighbourInfo(message) else { return [] }
            return rows.neighbours.values.contains { $0.address == entry.address } ? .neighbours : []
        case Int(RTM_NEWROUTE), Int(RTM_DELROUTE):
            guard let route = RouteInfo(message), route.table != 255 else { return [] }
            var parts: HostParts = rows.uplinks.isEmpty ? [] : .uplinks
            let isOurs = route.origin == Kernel.origin
            if isOurs || rows.routes.values.contains(where: { $0.destination == route.destination }) {
                parts.insert(.routes)
            }
            return parts
        default: return []
        }
    }
}
