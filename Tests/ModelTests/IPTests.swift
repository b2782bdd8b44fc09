import Model
import Testing

@Test(
    "writes IPv6 addresses as RFC 5952 says",
    arguments: [
        ("2001:DB8::1", "2001:db8::1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("fd69::", "fd69::"),
    ])
func canonical(text: String, expected: String) {
    #expect(IPAddress(text)?.description == expected)
}

@Test(
    "refuses what is not an address",
    arguments: [
        "", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1.2.3.4/8", "::1%eth0", ":1::", "1:2:3:4:5:6:7", ":::",
        "1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1.2.3.4::", " 1.2.3.4", "+1::",
    ])
func notAnAddress(text: String) {
    #expect(IPAddress(text) == nil)
}

@Test("knows what a network holds")
func networks() throws {
    let network = try #require(IPNetwork("10.244.1.7/24"))
    #expect(network.network.description == "10.244.1.0/24")
    #expect(network.last.description == "10.244.1.255")
    #expect(network[2].description == "10.244.1.2")
    #expect(network.contains(try #require(IPAddress("10.244.1.255"))))
    #expect(!network.contains(try #require(IPAddress("10.244.2.0"))))
    let wide = try #require(IPNetwork("fd00::/8"))
    #expect(wide.overlaps(try #require(IPNetwork("fd00:1::/64"))))
    #expect(!wide.overlaps(network))
    #expect(try #require(IPNetwork("::/0")).last.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "fd00::/129"] {
        #expect(IPNetwork(bad) == nil, "\(bad)")
    }
}

@Test("derives the MAC of an address as OVN-Kubernetes does")
func derivedMAC() throws {
    #expect(MACAddress(for: try #require(IPAddress("10.244.1.5"))).description == "0a:58:0a:f4:01:05")
    // sha256("fd69::4") begins with these four bytes, by sha256sum.
    #expect(MACAddress(for: try #require(IPAddress("fd69::4"))).description == "0a:58:1b:ac:71:41")
    #expect(MACAddress("0A:58:0a:f4:01:05")?.description == "0a:58:0a:f4:01:05")
    #expect(MACAddress("0a:58:0a:f4:01") == nil)
}
