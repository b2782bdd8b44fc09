import Linux
import Model

/// The kernel's links, addresses and routes as the host plane sees them.
///
/// Links are listed once, and after that read one by one when there is news of them: with hundreds of pods, listing them
/// is what a round costs. During a round the picture stays, but for own writes. Addresses are read once per round, and
/// forgotten at each write.
final class Kernel {
    /// By this number our routes, rules, addresses and neighbours are known.
    static let origin = 0x4f

    private let socket: NetlinkSocket
    let writes: WriteCounter
    private var knownLinks: [String: LinkInfo]?
    private var knownAddresses: [AddressInfo]?
    /// Of whom there was news since the last round.
    private var doubtful: Set<String> = []

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

    /// Takes news of a link; says which names it concerns. What it says of the link is not kept: the kernel does not
    /// tell of everything, and an own write may have come later.
    func take(_ news: NetlinkReply) -> Set<String> {
        guard let link = LinkInfo(news) else { return [] }
        let known = knownLinks?.values.filter { $0.index == link.index }.map(\.name) ?? []
        let names = Set(known).union([link.name])
        doubtful.formUnion(names)
        return names
    }

    /// Reads again of what there was news.
    func beginRound() throws(NetlinkError) {
        knownAddresses = nil
        let names = doubtful
        doubtful = []
        for name in names where knownLinks != nil { try look(at: name) }
    }

    private func look(at name: String) throws(NetlinkError) {
        do { knownLinks?[name] = try link(now: name) } catch {
            knownLinks = nil
            throw error
        }
    }

    /// One link as it is at this moment, by its own name and no other that it may have; nil when it is not there.
    func link(now name: String) throws(NetlinkError) -> LinkInfo? {
        try socket.link(named: name).flatMap { $0.name == name ? $0 : nil }
    }

    func forgetAddresses() { knownAddresses = nil }

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
        do { try body(socket) } catch {
            knownLinks = nil
            throw error
        }
        if knownLinks != nil { try look(at: name) }
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
