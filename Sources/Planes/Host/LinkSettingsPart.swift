import Core
import Linux
import Model

/// Settings of links that somebody else makes, and kernel settings.
struct LinkSettingsPart {
    let kernel: Kernel

    func ensure(_ rows: [RowID: HostLink], guardFailures: [String: String]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        for (row, wanted) in rows.sorted(by: { $0.key < $1.key }) {
            guard let link = try kernel.links()[wanted.device] else {
                standings[row] = .waiting
                continue
            }
            // Without its ingress drop a link must not come up.
            if let failure = guardFailures[wanted.device], wanted.ingressDrop == true {
                standings[row] = .refused(failure)
                continue
            }
            standings[row] = .of { try apply(wanted, to: link) }
        }
        return standings
    }

    private func apply(_ wanted: HostLink, to link: LinkInfo) throws -> Bool {
        var change = LinkSettings()
        if let up = wanted.up, up != link.isUp { change.up = up }
        if let mtu = wanted.mtu, mtu != link.mtu { change.mtu = mtu }
        if let mac = wanted.mac, mac != link.mac { change.mac = mac }
        if let mode = wanted.addressGenerationMode, mode != link.addressGenerationMode,
            link.addressGenerationMode != nil
        {
            change.addressGenerationMode = mode
        }
        guard change != LinkSettings() else { return false }
        // The way link-local addresses are made counts at the moment when the link comes up.
        if change.up == true, change.addressGenerationMode != nil {
            let first = LinkSettings(addressGenerationMode: change.addressGenerationMode)
            change.addressGenerationMode = nil
            try kernel.write(link: link.name) { socket throws(NetlinkError) in
                try socket.setLink(link.index, link.name, first)
            }
        }
        try kernel.write(link: link.name) { socket throws(NetlinkError) in
            try socket.setLink(link.index, link.name, change)
        }
        return true
    }

    func ensure(_ rows: [RowID: Sysctl]) -> Standings {
        rows.mapValues { row in
            guard let current = KernelSettings.value(row.path) else { return .waiting }
            let wanted = row.setting.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard current != wanted else { return .right }
            return .of {
                kernel.writes.add()
                try KernelSettings.set(row.path, to: row.setting)
                return true
            }
        }
    }
}
