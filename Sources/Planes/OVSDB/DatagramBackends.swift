import Model
import OVSDB

/// The backends of the load balancers that want their clients' datagrams to follow a change.
struct DatagramBackends {
    private typealias Backends = [TransportAddress: Set<TransportAddress>]
    private var rows: [RowUUID: Backends] = [:]
    /// How many rows have a backend for a service.
    private var counts: [TransportAddress: [TransportAddress: Int]] = [:]
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

    private func backends(of service: TransportAddress) -> Set<TransportAddress> {
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
            guard let service = TransportAddress(service) else { continue }
            all[service] = Set(backends.split(separator: ",").compactMap { TransportAddress($0) })
        }
        return all
    }
}
