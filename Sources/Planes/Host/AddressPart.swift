import Core
import Linux
import Model

/// Addresses and neighbours of the host's devices.
struct AddressPart {
    let kernel: Kernel

    private struct Place: Hashable {
        let index: Int
        let address: IPNetwork
    }

    func ensure(_ rows: [RowID: HostAddress]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        let links = try kernel.links()
        let names = Dictionary(links.values.map { ($0.index, $0.name) }) { first, _ in first }
        let present = try kernel.addresses()
        let wanted = Set(
            rows.values.compactMap { row in links[row.device].map { Place(index: $0.index, address: row.address) } })
        for address in present where address.origin == Kernel.origin {
            guard !wanted.contains(Place(index: address.index, address: address.address)) else { continue }
            try kernel.write { socket throws(NetlinkError) in
                try socket.deleteAddress(address, on: names[address.index] ?? "device \(address.index)")
            }
        }
        for (row, wanted) in rows.sorted(by: { $0.key < $1.key }) {
            guard let link = links[wanted.device] else {
                standings[row] = .waiting
                continue
            }
            let found = present.first { $0.index == link.index && $0.address == wanted.address }
            let neverSource = wanted.neverSource && wanted.address.family == .v6
            if let found, !neverSource || found.preferredLifetime == 0 {
                standings[row] = .right
                continue
            }
            let address = AddressInfo(
                index: link.index, address: wanted.address, preferredLifetime: neverSource ? 0 : .max,
                origin: Kernel.origin)
            standings[row] = .of {
                try kernel.write { socket throws(NetlinkError) in try socket.setAddress(address, on: link.name) }
                return true
            }
        }
        return standings
    }

    func ensure(_ rows: [RowID: HostNeighbour]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        let links = try kernel.links()
        let names = Dictionary(links.values.map { ($0.index, $0.name) }) { first, _ in first }
        let present = try kernel.neighbours()
        for entry in present where entry.origin == Kernel.origin {
            let name = names[entry.index] ?? ""
            guard !rows.values.contains(where: { $0.device == name && $0.address == entry.address }) else { continue }
            try kernel.write { socket throws(NetlinkError) in try socket.deleteNeighbour(entry, on: name) }
        }
        for (row, wanted) in rows.sorted(by: { $0.key < $1.key }) {
            guard let link = links[wanted.device], link.isUp else {
                standings[row] = .waiting
                continue
            }
            let isThere = present.contains {
                $0.index == link.index && $0.address == wanted.address && $0.isAs(wanted)
            }
            if isThere {
                standings[row] = .right
                continue
            }
            let entry = NeighbourInfo(
                index: link.index, address: wanted.address, mac: wanted.mac, origin: Kernel.origin)
            standings[row] = .of {
                try kernel.write { socket throws(NetlinkError) in try socket.setNeighbour(entry, on: link.name) }
                return true
            }
        }
        return standings
    }
}

extension NeighbourInfo {
    /// A kernel before 5.16 manages no neighbour; it asked once when the entry was made. A permanent entry of somebody
    /// else is known for good, and his.
    fileprivate func isAs(_ wanted: HostNeighbour) -> Bool {
        guard let mac = wanted.mac else {
            return isManaged || (origin == Kernel.origin) != (state == Self.permanent)
        }
        return self.mac == mac && state == Self.permanent
    }
}
