import Linux
import OVSDB

/// Makes the switch forget where it leads datagrams, when a load balancer has other backends than before.
///
/// All datagrams of a client from one port are one connection to the switch, until it has been silent for half a
/// minute, and go where that was made to go. OVN itself ends connections to a backend that is gone (`ct_flush`), but
/// before the change is in force: the next datagram makes the same connection again. And who sent to an address before
/// it had backends is remembered as talking to the address itself. So both are forgotten here as soon as OVN has the
/// change in force, and our own flows have followed, and some more times later: on a busy node a switch may be behind
/// its flows. What the datapath has cached goes first: it may else make the old connection anew for as long as datagrams
/// keep it warm (see `VerdictCache`).
public struct DatagramMemory: Sendable {
    private static let table = "Load_Balancer"
    private static let pause = Duration.milliseconds(1500)
    /// After how many pauses what is wrong is forgotten.
    private static let rounds: Set<Int> = [0, 1, 3, 7]
    /// With more to forget than this, it pays to ask the switch first what there is.
    private static let many = 16
    private let database: Database
    private let barrier: NorthboundBarrier
    private let control: SwitchControl
    private let cachesWrongly: Bool

    /// Has to be made before the database, which is the northbound one, runs.
    public init(northbound database: Database, ovsDirectory: String, isUserspace: Bool) {
        self.database = database
        cachesWrongly = isUserspace
        barrier = NorthboundBarrier(database: database)
        control = SwitchControl(directory: ovsDirectory)
        database.monitor(Self.table, columns: ["options", "protocol", "vips"])
    }

    /// Watches until the task is cancelled. `flows` returns when the flows of ours that belong to what the database holds
    /// are in force.
    public func run(after flows: @Sendable () async -> Void) async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = database.subscribe(to: [Self.table]) { wake.yield() }
        var backends = DatagramBackends()
        /// How many pauses ago each way became wrong.
        var ages: [DatagramWay: Int] = [:]
        var isBehind = false
        for await _ in wakes {
            let news = subscription.take()
            let wrong = database.read { backends.take(news, $0[Self.table]) }
            for way in wrong { ages[way] = 0 }
            isBehind = isBehind || !wrong.isEmpty
            guard news.isConnected, !ages.isEmpty else { continue }
            do {
                if isBehind {
                    try await barrier.pass()
                    await flows()
                }
                isBehind = false
                ages = ages.filter { !backends.has($0.key) }
                let ways = ages.filter { Self.rounds.contains($0.value) }.keys.sorted()
                try await onThread { try forget(ways) }
            } catch is CancellationError {
                return
            } catch {
                // The database went away, and comes back with news; or the switch, which forgets by itself.
            }
            let last = Self.rounds.max() ?? 0
            ages = ages.compactMapValues { $0 < last ? $0 + 1 : nil }
            try? await Task.sleep(for: Self.pause)
            if !ages.isEmpty { wake.yield() }
        }
    }

    private func forget(_ ways: [DatagramWay]) throws {
        var ways = ways
        if ways.count > Self.many, let known = try control.ask("dpctl/dump-conntrack") {
            let present = Set(known.output.split(separator: "\n").compactMap { DatagramWay(tracked: $0) })
            ways = ways.filter(present.contains)
        }
        if cachesWrongly, !ways.isEmpty { _ = try control.ask("revalidator/purge") }
        for way in ways { _ = try control.ask("dpctl/flush-conntrack", way.original, way.reply) }
    }
}

/// Where the datagrams to an address and port are led, or were.
struct DatagramWay: Hashable, Comparable {
    /// An address and port, as load balancers have them.
    struct End: Hashable, Comparable {
        let address: String
        let port: String

        init(_ address: some StringProtocol, _ port: some StringProtocol) {
            self.address = String(address)
            self.port = String(port)
        }

        /// `10.96.0.10:80`, `[fd00::10]:80`; nil for an address without port.
        init?(_ text: some StringProtocol) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            var address = text[..<colon]
            if address.hasPrefix("["), address.hasSuffix("]") {
                address = address.dropFirst().dropLast()
            } else if address.contains(":") {
                return nil
            }
            self.init(address, text[text.index(after: colon)...])
        }

        var isV6: Bool { address.contains(":") }

        static func < (a: End, b: End) -> Bool { (a.address, a.port) < (b.address, b.port) }
    }

    let service: End
    let backend: End

    static func < (a: DatagramWay, b: DatagramWay) -> Bool { (a.service, a.backend) < (b.service, b.backend) }

    /// What the switch matches a connection's first direction with.
    var original: String {
        "ct_\(service.isV6 ? "ipv6" : "nw")_dst=\(service.address),ct_nw_proto=17,ct_tp_dst=\(service.port)"
    }

    /// And the other.
    var reply: String {
        "ct_\(backend.isV6 ? "ipv6" : "nw")_src=\(backend.address),ct_nw_proto=17,ct_tp_src=\(backend.port)"
    }
}

extension DatagramWay {
    /// `udp,orig=(src=A,dst=B,sport=1,dport=2),reply=(src=C,dst=A,sport=3,dport=1),zone=7`.
    init?(tracked line: some StringProtocol) {
        guard line.hasPrefix("udp,orig=(") else { return nil }
        let words = line.split { "(),".contains($0) }
        func all(_ name: String) -> [Substring] {
            words.filter { $0.hasPrefix("\(name)=") }.map { Substring($0.dropFirst(name.count + 1)) }
        }
        guard let service = all("dst").first, let number = all("dport").first, let backend = all("src").last,
            let target = all("sport").last
        else { return nil }
        self.init(service: End(service, number), backend: End(backend, target))
    }
}

/// The backends of the load balancers that want their clients' datagrams to follow a change.
struct DatagramBackends {
    private typealias Backends = [DatagramWay.End: Set<DatagramWay.End>]
    private var rows: [RowUUID: Backends] = [:]
    /// How many rows have a backend for a service.
    private var counts: [DatagramWay.End: [DatagramWay.End: Int]] = [:]
    private var isFirst = true

    /// Takes changes in; says which ways are wrong since. At first nothing is: nobody knows what was before.
    mutating func take(_ news: News, _ table: ReplicaTable?) -> Set<DatagramWay> {
        var changed = Set(news.updates.map(\.uuid))
        if news.isReset {
            changed.formUnion(rows.keys)
            if let table { changed.formUnion(table.rows.keys) }
        }
        var before: Backends = [:]
        for row in changed {
            let new = Self.read(row, table)
            for service in [rows[row] ?? [:], new].joined().map(\.key) where before[service] == nil {
                before[service] = backends(of: service)
            }
            count(rows[row], -1)
            count(new, 1)
            rows[row] = new.isEmpty ? nil : new
        }
        defer { isFirst = isFirst && !news.isReset }
        return isFirst ? [] : wrong(since: before)
    }

    private func wrong(since before: Backends) -> Set<DatagramWay> {
        var wrong: Set<DatagramWay> = []
        for (service, old) in before {
            let now = backends(of: service)
            for backend in old.subtracting(now) { wrong.insert(DatagramWay(service: service, backend: backend)) }
            if old.isEmpty, !now.isEmpty { wrong.insert(DatagramWay(service: service, backend: service)) }
        }
        return wrong
    }

    /// Whether it is a way again.
    func has(_ way: DatagramWay) -> Bool { counts[way.service]?[way.backend] != nil }

    private func backends(of service: DatagramWay.End) -> Set<DatagramWay.End> {
        counts[service].map { Set($0.keys) } ?? []
    }

    private mutating func count(_ row: Backends?, _ step: Int) {
        for (service, backends) in row ?? [:] {
            for backend in backends {
                let number = counts[service]?[backend, default: 0] ?? 0
                counts[service, default: [:]][backend] = number + step == 0 ? nil : number + step
            }
            if counts[service]?.isEmpty ?? false { counts[service] = nil }
        }
    }

    private static func read(_ row: RowUUID, _ table: ReplicaTable?) -> Backends {
        guard table?.value(row, "protocol")?.single?.text == "udp",
            table?.value(row, "options")?.text(of: "ct_flush") == "true"
        else { return [:] }
        var all: Backends = [:]
        for (service, backends) in table?.value(row, "vips")?.texts ?? [:] {
            guard let service = DatagramWay.End(service) else { continue }
            all[service] = Set(backends.split(separator: ",").compactMap { DatagramWay.End($0) })
        }
        return all
    }
}
