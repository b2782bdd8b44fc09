import Core
import Model
import Testing

private func network(_ text: String) throws -> IPNetwork { try #require(IPNetwork(text)) }
private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

private func rewritten<A: AnnotationValue>(_: A.Type, _ text: String) throws -> String { try A(reading: text).text }

@Test("each annotation is written as it was read, to the byte")
func canonicalAnnotations() throws {
    let pod =
        #"{"default":{"ip_addresses":["10.244.1.5/24","fd00:10:244:1::5/64"],"mac_address":"0a:58:0a:f4:01:05","#
        + #""gateway_ips":["10.244.1.1","fd00:10:244:1::1"],"routes":[{"dest":"10.244.0.0/16","nextHop":"10.244.1.1"}],"#
        + #""role":"primary"}}"#
    #expect(try rewritten(PodNetworks.self, pod) == pod)
    let gateway =
        #"{"default":{"mode":"shared","bridge-id":"br-ex","interface-id":"br-ex_n1","mac-address":"02:00:00:00:00:01","#
        + #""ip-addresses":["172.30.0.1/24","fd30::1/64"],"next-hops":["172.30.0.100","fd30::100"],"#
        + #""node-port-enable":"true","vlan-id":"0"}}"#
    #expect(try rewritten(L3GatewayConfiguration.self, gateway) == gateway)
    #expect(try rewritten(L3GatewayConfiguration.self, #"{"default":{"mode":""}}"#) == #"{"default":{"mode":""}}"#)
    let subnets = #"{"default":["10.244.1.0/24","fd00:10:244:1::/64"]}"#
    #expect(try rewritten(NodeSubnets.self, subnets) == subnets)
    #expect(try rewritten(NodeSubnets.self, #"{"default":"10.244.1.0/24"}"#) == #"{"default":["10.244.1.0/24"]}"#)
    let transit = #"{"ipv4":"100.88.0.2/16","ipv6":"fd97::2/64"}"#
    #expect(try rewritten(TransitAddresses.self, transit) == transit)
    #expect(try rewritten(PrimaryAddresses.self, #"{"ipv6":"fd30::1/64"}"#) == #"{"ipv6":"fd30::1/64"}"#)
    #expect(try rewritten(EncapsulationAddresses.self, #"["172.30.0.1"]"#) == #"["172.30.0.1"]"#)
    #expect(
        try rewritten(HostCIDRs.self, #"["fd30::1/64","172.30.0.1/24","172.30.0.1/24"]"#)
            == #"["172.30.0.1/24","fd30::1/64"]"#)
    #expect(try rewritten(NodeID.self, "2") == "2")
}

@Test("a pod with one family has the old members too, and a dual one has not")
func oldMembers() throws {
    var assignment = PodNetworkAssignment(
        addresses: [try network("10.244.1.5/24")], mac: MACAddress(for: try address("10.244.1.5")),
        gateways: [try address("10.244.1.1")])
    #expect(
        PodNetworks(assignment).text
            == #"{"default":{"ip_addresses":["10.244.1.5/24"],"mac_address":"0a:58:0a:f4:01:05","#
            + #""gateway_ips":["10.244.1.1"],"ip_address":"10.244.1.5/24","gateway_ip":"10.244.1.1","role":"primary"}}"#
    )
    assignment.addresses.append(try network("fd00::5/64"))
    #expect(!PodNetworks(assignment).text.contains("ip_address\""))
    let old = #"{"default":{"ip_address":"10.244.1.5/24","mac_address":"0a:58:0a:f4:01:05","gateway_ip":"10.244.1.1"}}"#
    #expect(try PodNetworks(reading: old).default?.addresses == [network("10.244.1.5/24")])
}

@Test(
    "a wrong annotation is refused with its key, the member and the value",
    arguments: [
        (
            #"{"default":{"ip_addresses":["10.0.0.300/24"],"mac_address":"0a:58:0a:f4:01:05"}}"#,
            ".default.ip_addresses[0]"
        ),
        (#"{"default":{"ip_addresses":["10.0.0.3/24"]}}"#, ".default.mac_address"),
        (
            #"{"default":{"ip_addresses":["10.0.0.3/24"],"ip_address":"10.0.0.4/24","mac_address":"0a:58:0a:f4:01:05"}}"#,
            ".default.ip_address"
        ),
        (
            #"{"default":{"mac_address":"0a:58:0a:f4:01:05","routes":[{"dest":"0.0.0.0/0","nextHop":"10.0.0.1"}]}}"#,
            ".default.routes[0].dest"
        ),
        (
            #"{"default":{"mac_address":"0a:58:0a:f4:01:05","routes":[{"dest":"10.0.0.0/8","nextHop":"fd00::1"}]}}"#,
            ".default.routes[0].nextHop"
        ),
        ("nonsense", ""), ("[]", ""),
    ])
func wrongPodNetworks(text: String, place: String) {
    #expect { try PodNetworks(reading: text) } throws: {
        ($0 as? Rejection)?.field == #"metadata.annotations["k8s.ovn.org/pod-networks"]"# + place
    }
}

@Test("other wrong annotations are refused too")
func wrongAnnotations() throws {
    #expect(throws: Rejection.self) { try NodeID(reading: "02") }
    #expect(throws: Rejection.self) { try NodeSubnets(reading: #"{"default":["10.244.1.5/24"]}"#) }
    #expect(throws: Rejection.self) { try TransitAddresses(reading: #"{"ipv4":"fd97::2/64"}"#) }
    #expect(throws: Rejection.self) { try TransitAddresses(reading: "{}") }
    #expect(throws: Rejection.self) { try EncapsulationAddresses(reading: "[]") }
    #expect(throws: Rejection.self) { try L3GatewayConfiguration(reading: #"{"default":{"mode":"shared"}}"#) }
    #expect(throws: Rejection.self) { try L3GatewayConfiguration(reading: #"{"default":{"mode":"odd"}}"#) }
    #expect(try [String: String]().annotation(NodeID.self) == nil)
    #expect(try [NodeID.key: "7"].annotation(NodeID.self) == NodeID(7))
}

@Test("a status row carries annotations, conditions and events as text")
func statusRow() throws {
    let status = ObjectStatus(
        Pod.id("shop", "web"), annotations: ["a": "b"],
        conditions: ["Accepted": Condition(.false, reason: "BadPort", message: "no")],
        events: [ObjectEvent(.warning, reason: "BadPort", message: "no")])
    var writer = ColumnWriter()
    status.encode(into: &writer)
    #expect(status.key == .fixed("Pod/shop/web"))
    #expect(
        writer.columns.map(\.content) == [
            .map(["a": "b"]), .map(["Accepted": #"{"status":"False","reason":"BadPort","message":"no"}"#]),
            .set([.string(#"{"type":"Warning","reason":"BadPort","message":"no"}"#)]),
        ])
    #expect(ObjectStatus(Node.id("", "n1"), NodeID(2)).annotations == ["k8s.ovn.org/node-id": "2"])
}
