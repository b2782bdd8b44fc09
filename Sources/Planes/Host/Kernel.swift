import Linux
import Model

/// The kernel's links, addresses and routes as the host plane sees them: read once per round, forgotten at each write.
final class Kernel {
    /// By this number our routes, rules, addresses and neighbours are known.
    static let origin = 0x4f

    private let socket: NetlinkSocket
    let writes: WriteCounter
    private var knownLinks: [String: LinkInfo]?
    private var knownAddresses: [AddressInfo]?

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

    func write(_ body: (NetlinkSocket) throws(NetlinkError) -> Void) throws(NetlinkError) {
        writes.add()
        forget()
        try body(socket)
    }

    /// Writes to one link; of the others, what is known stays true.
    func write(link name: String, _ body: (NetlinkSocket) throws(NetlinkError) -> Void) throws(NetlinkError) {
        writes.add()
        knownLinks?[name] = nil
        try body(socket)
        if knownLinks != nil { knownLinks?[name] = try socket.link(named: name) }
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
