import Linux
import Model

/// The kernel's links, addresses and routes as the host plane sees them.
///
/// Links are read once, and follow the kernel's news: with hundreds of pods, reading them is what a round costs.
/// Addresses are read once per round, and forgotten at each write.
final class Kernel {
    /// By this number our routes, rules, addresses and neighbours are known.
    static let origin = 0x4f

    private let socket: NetlinkSocket
    let writes: WriteCounter
    private var knownLinks: [String: LinkInfo]?
    private var knownAddresses: [AddressInfo]?
    /// Links that were written to since news was last taken.
    private var written: Set<String> = []

    /// Works in the namespace of the calling thread.
    init(writes: WriteCounter) throws(SystemError) {
        socket = try NetlinkSocket()
        self.writes = writes
    }

    /// Forgets what was read.
    func forget() {
        knownLinks = nil
        knownAddresses = nil
    }

    /// Reads one link that is to be changed: the news of what has just happened to it may not have been taken yet. Nil
    /// when it is not there.
    func link(now name: String) throws(NetlinkError) -> LinkInfo? {
        let link = try socket.link(named: name)
        if knownLinks != nil { knownLinks?[name] = link }
        return link
    }

    func forgetAddresses() { knownAddresses = nil }

    /// All news has been taken: what is known of links is true now.
    func beginRound() {
        knownAddresses = nil
        written = []
    }

    /// Takes news of a link; says of which names there may be something to do, nil when of any. The echo of an own
    /// write may hide what another program did at the same time, so it is looked at once more.
    func take(_ news: NetlinkReply) -> Set<String>? {
        guard let link = LinkInfo(news), var links = knownLinks else { return nil }
        knownLinks = nil  // so that there is one copy
        let old = links.values.first { $0.index == link.index }
        if let old { links[old.name] = nil }
        if !news.isEndOfLink { links[link.name] = link }
        knownLinks = links
        let isNew = news.isEndOfLink ? old != nil : old != link || written.contains(link.name)
        return isNew ? [link.name, old?.name ?? link.name] : []
    }

    /// Writes addresses, routes, rules or neighbours.
    func write(_ body: (NetlinkSocket) throws(NetlinkError) -> Void) throws(NetlinkError) {
        writes.add()
        knownAddresses = nil
        try body(socket)
    }

    /// Writes to one link; of the others, what is known stays true.
    func write(link name: String, _ body: (NetlinkSocket) throws(NetlinkError) -> Void) throws(NetlinkError) {
        writes.add()
        knownAddresses = nil
        knownLinks?[name] = nil
        written.insert(name)
        try body(socket)
        _ = try link(now: name)
    }

    func links() throws(NetlinkError) -> [String: LinkInfo] {
        if let knownLinks { return knownLinks }
        let links = Dictionary(try socket.links().map { ($0.name, $0) }) { first, _ in first }
        knownLinks = links
        return links
    }

    func addresses() throws(NetlinkError) -> [AddressInfo] {
        if let knownAddresses { return knownAddresses }
        let addresses = try socket.addresses()
        knownAddresses = addresses
        return addresses
    }

    func routes() throws(NetlinkError) -> [RouteInfo] { try socket.routes() }
    func rules() throws(NetlinkError) -> [RuleInfo] { try socket.rules() }
    func neighbours() throws(NetlinkError) -> [NeighbourInfo] { try socket.neighbours() }
}
