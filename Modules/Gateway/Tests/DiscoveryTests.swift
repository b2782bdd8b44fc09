import Core
import Model
import Testing

@testable import Gateway

@Suite("Discovery of the way out")
struct DiscoveryTests {
    @Test("takes the default route of the lowest metric, in whatever order the kernel lists them")
    func metrics() throws {
        let routes = [defaultRoute(.v4, "ens4", via: "198.51.100.1", metric: 200), v4(), v6()]
        for order in [routes, routes.reversed()] {
            let exit = try find(order)
            #expect(exit.interface == "br-ex")
            #expect(exit.nextHops.map(\.description) == ["172.30.0.100", "fd30::100"])
            #expect(exit.warnings.isEmpty)
        }
    }

    @Test("refuses two ways out, in the words that users know, IPv4's first")
    func twoInterfaces() {
        let rejection = rejection { () throws(Rejection) in try find([v4("br-ex"), v6("ens4")]) }
        #expect(rejection?.reason == "MultipleGatewayInterfaces")
        #expect(rejection?.message.hasPrefix("multiple gateway interfaces detected: br-ex ens4") == true)
    }

    @Test("takes a card and the bridge it is a port of for one way out")
    func cardAndBridge() throws {
        let exit = try find([v4("bre0"), v6("e0")]) { $0 == "e0" ? "bre0" : $0 }
        #expect(exit.nextHops.count == 2)
    }

    @Test("refuses a node without a default route")
    func nothing() {
        let rejection = rejection { () throws(Rejection) in try find([]) }
        #expect(rejection?.message.hasPrefix("failed to get default gateway interface") == true)
    }

    @Test("skips default routes that have no gateway, and looks only at the first hop that has one")
    func onLinkAndMultipath() throws {
        let onLink = Route(destination: .everything(.v4), nextHops: [.init(device: "ppp0")], metric: 1)
        let multipath = Route(
            destination: .everything(.v4),
            nextHops: [
                .init(device: "ppp1"), .init(device: "br-ex", gateway: IPAddress("172.30.0.100")),
                .init(device: "ens9", gateway: IPAddress("192.0.2.1")),
            ], metric: 5)
        let exit = try find([onLink, multipath, v6()])
        #expect(exit.interface == "br-ex")
    }

    @Test("goes on without a family that has no default route, and says what will not work")
    func oneFamily() throws {
        let exit = try find([v4()])
        #expect(exit.nextHops.map(\.description) == ["172.30.0.100"])
        #expect(exit.warnings.map(\.reason) == ["NoDefaultRoute"])
        #expect(exit.warnings.first?.message.contains("IPv6") == true)
    }

    @Test("ignores the families that the cluster does not have")
    func singleStack() throws {
        let exit = try find([v4("br-ex"), v6("ens4")], families: [.v4])
        #expect(exit.interface == "br-ex")
        #expect(exit.warnings.isEmpty)
    }

    @Test("lets a configured interface decide between two")
    func configured() throws {
        let routes = [v4("br-ex"), defaultRoute(.v4, "ens4", via: "198.51.100.1", metric: 200), v6("ens4")]
        let exit = try find(routes, interface: "ens4")
        #expect(exit.interface == "ens4")
        #expect(exit.nextHops.map(\.description) == ["198.51.100.1", "fd30::100"])
    }

    @Test("puts the next hops in the cluster's order of families, and prefers configured ones")
    func order() throws {
        let exit = try find(
            [v4(), v6()], families: [.v6, .v4], nextHops: [try #require(IPAddress("172.30.0.254"))])
        #expect(exit.nextHops.map(\.description) == ["fd30::100", "172.30.0.254"])
    }

    @Test("does not look at routes of other tables")
    func otherTables() {
        let other = Route(
            destination: .everything(.v4), nextHops: [.init(device: "e0", gateway: IPAddress("192.0.2.1"))], metric: 0,
            table: 7)
        #expect(rejection { () throws(Rejection) in try find([other]) }?.reason == "NoGatewayInterface")
    }
}

private func find(
    _ routes: [Route], families: [Family] = [.v4, .v6], interface: String? = nil, nextHops: [IPAddress] = [],
    identity: @escaping @Sendable (String) -> String = { $0 }
) throws(Rejection) -> Discovery.Exit {
    try Discovery(identity: identity).find(routes, families: families, interface: interface, nextHops: nextHops)
}

private func rejection(_ body: () throws -> Discovery.Exit) -> Rejection? {
    do {
        _ = try body()
        return nil
    } catch { return error as? Rejection }
}

private func v4(_ device: String = "br-ex") -> Route { defaultRoute(.v4, device, via: "172.30.0.100", metric: 100) }
private func v6(_ device: String = "br-ex") -> Route { defaultRoute(.v6, device, via: "fd30::100", metric: 1024) }

private func defaultRoute(_ family: Family, _ device: String, via gateway: String, metric: Int) -> Route {
    Route(
        destination: .everything(family), nextHops: [.init(device: device, gateway: IPAddress(gateway))], metric: metric
    )
}
