import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    /// Plays the router in a pod's network: an advertisement of a default route and of a prefix, to all nodes.
    private func advertise(_ lab: PolicyLab, _ pod: String) async throws {
        let place = try #require(lab.prober().places[pod])
        try await onThread {
            try place.namespace.enter()
            let raw = socket(AF_INET6, CInt(SOCK_RAW.rawValue), CInt(IPPROTO_ICMPV6))
            guard raw >= 0 else { throw SystemError(last: "make a raw socket") }
            defer { close(raw) }
            var hops: CInt = 255
            setsockopt(raw, CInt(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, &hops, socklen_t(MemoryLayout<CInt>.size))
            // Half an hour as a router; on-link, for one's own addresses, for an hour.
            let router: [UInt8] = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]
            let prefix: [UInt8] = [
                3, 4, 64, 0xc0, 0, 0, 14, 16, 0, 0, 14, 16, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, 0x0b, 0xad,
            ]
            let bytes = router + prefix + [UInt8](repeating: 0, count: 10)
            var all = sockaddr_in6()
            all.sin6_family = sa_family_t(AF_INET6)
            all.sin6_scope_id = if_nametoindex("eth0")
            withUnsafeMutableBytes(of: &all.sin6_addr) {
                $0.copyBytes(from: [0xff, 2] + [UInt8](repeating: 0, count: 13) + [1])
            }
            let sent = withUnsafePointer(to: &all) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(raw, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            guard sent == bytes.count else { throw SystemError(last: "send an advertisement") }
        }
    }

    @Test("a pod that plays the router is not believed by its neighbours")
    func rogueRouter() async throws {
        let lab = try PolicyLab.get()
        try await lab.set(.standard)
        func believes(_ pod: String) async throws -> Bool {
            try await lab.shell(pod, "ip -6 route; ip -6 addr").contains("2001:db8:bad:")
        }
        // One neighbour that would: so that it is seen that they hear it.
        func listen(_ value: Int) async throws {
            try await lab.shell("y/b", "echo \(value) >/proc/sys/net/ipv6/conf/eth0/accept_ra")
        }
        let isHeard = try await eventually(within: .seconds(10)) {
            try await listen(1)
            try await advertise(lab, "x/b")
            return try await believes("y/b")
        }
        #expect(isHeard)
        for pod in ["x/a", "y/a", "z/b"] {
            #expect(try await !believes(pod), "\(pod)")
            let routers = try await lab.shell(pod, "ip -6 route show default proto ra")
            #expect(routers.isEmpty, "\(pod): \(routers)")
        }
        try await listen(0)
        try await lab.shell("y/b", "ip -6 route flush proto ra; ip -6 addr flush dev eth0 dynamic")
    }
}
