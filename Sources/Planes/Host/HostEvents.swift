import Linux

/// What happens on the machine that may concern the host plane: news of links, addresses, routes, rules and
/// neighbours, and the coming and going of the switch.
final class HostEvents {
    private let monitor: NetlinkMonitor
    private let netfilter: NetlinkMonitor
    private let inotify: Inotify
    private let directory: String
    private var isWatching = false

    /// Works in the namespace of the calling thread.
    init(ovsDirectory: String) throws(SystemError) {
        directory = ovsDirectory
        monitor = try NetlinkMonitor([.links, .addresses, .routes, .rules, .neighbours])
        netfilter = try NetlinkMonitor(netfilter: ())
        inotify = try Inotify()
        watch()
    }

    var descriptors: [Descriptor] { [monitor.descriptor, netfilter.descriptor, inotify.descriptor] }

    /// Starts to watch the switch's directory once it is there.
    private func watch() {
        if !isWatching { isWatching = (try? inotify.watch(directory)) != nil }
    }

    /// Takes what has come and says which parts it may concern, and of which links there is news.
    func take(_ rows: HostRows, _ kernel: Kernel) throws(SystemError) -> (parts: HostParts, links: Set<String>) {
        var parts: HostParts = []
        var links: Set<String> = []
        watch()
        for event in try inotify.next() {
            if event.isLoss { isWatching = false }
            if event.isLoss || event.name.hasPrefix("ovs-vswitchd.") || event.name.hasSuffix(".mgmt") {
                parts.insert(.forwarding)
            }
        }
        if try hasLostRules() { parts.formUnion([.netfilter, .netfilterLost]) }
        while true {
            switch try monitor.next() {
            case .none: return (parts, links)
            case .overrun:
                kernel.forget()
                parts.formUnion(.onLinks.union(.rules))
            case .messages(let messages):
                for message in messages {
                    if message.subject == .links { links.formUnion(kernel.take(message)) }
                    parts.formUnion(Self.parts(of: message, rows))
                }
            }
        }
    }

    /// Whether something was removed from the packet filter. What is added to it is found by the next full comparison:
    /// asking each time would make every pod dearer.
    private func hasLostRules() throws(SystemError) -> Bool {
        var hasLost = false
        while true {
            switch try netfilter.next() {
            case .none: return hasLost
            case .overrun: hasLost = true
            case .messages(let messages): hasLost = hasLost || messages.contains(where: \.isNetfilterRemoval)
            }
        }
    }

    /// Other programs change routes and neighbours all the time: only what touches ours counts.
    private static func parts(of message: NetlinkReply, _ rows: HostRows) -> HostParts {
        switch message.subject {
        case .addresses: return [.addresses, .routes, .uplinks]
        case .rules: return .rules
        case .neighbours:
            guard let entry = NeighbourInfo(message) else { return [] }
            return rows.neighbours.values.contains { $0.address == entry.address } ? .neighbours : []
        case .routes:
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
