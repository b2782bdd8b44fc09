import Core
import Linux
import Model

/// Moves addresses and routes between NICs and the bridges that they are ports of.
///
/// Everything is first put on the new device and then taken off the old one, so wherever a crash falls, the next
/// round finds what it has to finish. A note on the bridge says whose things it carries, so they find their way back
/// also when the row goes while nobody is there to see it.
final class UplinkPart {
    /// A bridge, and what it carried when it was last seen.
    struct Carrier: Sendable {
        let bridge: String
        /// The device's index then.
        let index: Int
        let load: UplinkLoad
    }

    /// What the kernel does not take on another device.
    private struct Stuck: Error, CustomStringConvertible {
        let errors: [NetlinkError]
        var description: String { errors.map(\.description).joined(separator: "; ") + "; it is tried again" }
    }

    private static let notePrefix = "ovenbird-uplink "

    private let kernel: Kernel
    private var carriers: [RowID: Carrier]
    /// Routes that are on neither device for the time being: the kernel would not take them on the new one, and took
    /// them away with the last address of the old one.
    private var adrift: [RowID: [RouteInfo]] = [:]

    /// - Parameter carriers: what `carriers(_:)` has found before anybody could take a bridge away.
    init(_ kernel: Kernel, _ carriers: [RowID: Carrier]) {
        self.kernel = kernel
        self.carriers = carriers
    }

    /// The bridges that bear our note, by the row that they were made for.
    static func carriers(_ kernel: Kernel) throws(NetlinkError) -> [RowID: Carrier] {
        var found: [RowID: Carrier] = [:]
        for bridge in try kernel.links().values {
            guard let note = bridge.alias, note.hasPrefix(notePrefix) else { continue }
            found[RowID(BridgedUplink.table, String(note.dropFirst(notePrefix.count)))] =
                Carrier(bridge: bridge.name, index: bridge.index, load: try UplinkLoad(of: bridge.index, kernel))
        }
        return found
    }

    /// Also says how rows stand that are no more and whose things cannot all go back yet.
    func ensure(_ rows: [RowID: BridgedUplink], guardFailures: [String: String]) throws(NetlinkError) -> Standings {
        var standings: Standings = [:]
        for (row, carrier) in carriers.sorted(by: { $0.key < $1.key }) where rows[row]?.bridge != carrier.bridge {
            do {
                try undo(row, carrier)
                carriers[row] = nil
                if rows[row] == nil { standings[row] = .right }
            } catch { standings[row] = Standing(error) }
        }
        for (row, uplink) in rows.sorted(by: { $0.key < $1.key }) where standings[row] == nil {
            if let failure = guardFailures[uplink.nic] {
                standings[row] = .refused(failure)
                continue
            }
            do { standings[row] = try ensure(row, uplink) } catch { standings[row] = Standing(error) }
        }
        return standings
    }

    private func ensure(_ row: RowID, _ uplink: BridgedUplink) throws -> Standing {
        guard let nic = try kernel.links()[uplink.nic], let bridge = try kernel.links()[uplink.bridge],
            nic.mac == bridge.mac
        else { return .waiting }
        let before = kernel.writes.value
        for link in [bridge, nic] where !link.isUp { try set(link, LinkSettings(up: true)) }
        let note = Self.notePrefix + uplink.nic
        if bridge.alias != note { try set(bridge, LinkSettings(alias: note)) }
        // When somebody made the bridge anew, or took it down, what it carried is lost.
        let old = carriers[row].flatMap { $0.index != bridge.index || !bridge.isUp ? $0 : nil }
        let errors = try move(row, from: nic, to: bridge, and: old)
        kernel.forgetAddresses()
        let carried = try UplinkLoad(of: bridge.index, kernel)
        // A bridge on its way out loses its addresses first: that is not to be remembered.
        if let now = try kernel.link(now: uplink.bridge), now.isUp, now.index == bridge.index {
            carriers[row] = Carrier(bridge: uplink.bridge, index: bridge.index, load: carried)
        }
        guard errors.isEmpty else { throw Stuck(errors: errors) }
        return kernel.writes.value == before ? .right : .written
    }

    /// Whether one of these is a bridge that carries what a NIC had, or such a NIC.
    func carries(_ links: Set<String>) -> Bool {
        carriers.contains { links.contains($0.key.key) || links.contains($0.value.bridge) }
    }

    /// Back from the bridge, and from memory what the bridge has lost already.
    private func undo(_ row: RowID, _ carrier: Carrier) throws {
        guard let nic = try kernel.links()[row.key] else { return }
        let bridge = try kernel.links()[carrier.bridge]
        let isWhole = bridge?.index == carrier.index && bridge?.isUp == true
        let errors = try move(row, from: bridge, to: nic, and: isWhole ? nil : carrier)
        guard errors.isEmpty else { throw Stuck(errors: errors) }
        if let bridge, bridge.alias?.hasPrefix(Self.notePrefix) == true { try set(bridge, LinkSettings(alias: "")) }
    }

    /// Moves what the old device carries, what a lost one carried, and what was left over the last time.
    private func move(
        _ row: RowID, from old: LinkInfo?, to new: LinkInfo, and lost: Carrier?
    ) throws(NetlinkError) -> [NetlinkError] {
        let devices = [old?.index, new.index, carriers[row]?.index].compactMap(\.self)
        var move = UplinkMove(kernel, to: new, insteadOf: Set(devices))
        if let old { try move.take(UplinkLoad(of: old.index, kernel), from: old) }
        if let lost { try move.take(lost.load) }
        if let routes = adrift[row] { try move.take(UplinkLoad(routes: routes)) }
        adrift[row] = nil
        guard !move.refused.isEmpty else { return move.errors }
        var left: [RouteInfo] = []
        if let old { left = try UplinkLoad(of: old.index, kernel).routes }
        adrift[row] = move.refused.filter { route in !left.contains { $0.isInPlace(of: route) } }
        return move.errors
    }

    private func set(_ link: LinkInfo, _ settings: LinkSettings) throws(NetlinkError) {
        try kernel.write(link: link.name) { socket throws(NetlinkError) in
            try socket.setLink(link.index, link.name, settings)
        }
    }
}
