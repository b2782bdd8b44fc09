import CNI
import Model
import Testing

private func result() throws -> CNIResult {
    CNIResult(
        interfaces: [
            .init(name: "4f6b", mac: "02:00:00:00:00:01"),
            .init(name: "eth0", mac: "0a:58:0a:f4:01:05", mtu: 1400, sandbox: "/run/netns/x"),
        ],
        addresses: [
            .init(try #require(IPNetwork("10.244.1.5/24")), gateway: IPAddress("10.244.1.1"), interface: 1),
            .init(try #require(IPNetwork("fd00:10:244:1::5/64")), gateway: nil, interface: 1),
        ],
        routes: [.init(try #require(IPNetwork("10.96.0.0/16")), gateway: IPAddress("10.244.1.1"), mtu: 1300)])
}

@Suite struct ResultTests {
    @Test(arguments: CNIVersion.allCases)
    func theFormIsThatOfTheVersion(_ version: CNIVersion) throws {
        let json = JSONCursor(try result().json(for: version))
        #expect(try json["cniVersion"].string() == version.rawValue)
        let first = try #require(try json["ips"].elements().first)
        #expect(try first["address"].string() == "10.244.1.5/24")
        #expect(try first["interface"].integer() == 1)
        #expect(first["version"].isPresent == (version < .v1_0_0))
        let pod = try #require(try json["interfaces"].elements().last)
        #expect(try pod["sandbox"].string() == "/run/netns/x")
        #expect(pod["mtu"].isPresent == (version >= .v1_1_0))
        #expect(try json["routes"].elements().first?["mtu"].isPresent == (version >= .v1_1_0))
        #expect(json["dns"].isPresent)
    }

    @Test func aHostInterfaceHasNoSandboxAndAnAddressWithoutGatewaySaysNone() throws {
        let json = JSONCursor(try result().json(for: .v1_0_0))
        #expect(try json["interfaces"].elements().first?["sandbox"].isPresent == false)
        #expect(try json["ips"].elements().last?["gateway"].isPresent == false)
    }

    @Test func anErrorObjectReadsTheSame() {
        let error = CNIError(.tryAgainLater, "the node daemon does not answer", details: "x")
        #expect(CNIError(error.json(for: .v0_4_0)) == error)
        #expect(error.json(for: .v0_4_0)["code"] == 11)
        #expect(CNIError(["cniVersion": "1.0.0"]) == nil)
    }
}
