import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    @Test("pings pass by rules without ports only")
    func pingsNeedNoPorts() async throws {
        let lab = try PolicyLab.get()
        let target = try #require(lab.places()["x/a"]).addresses.values
        var world = World.standard
        world.policies = [.x(.init(), ["Ingress"], ingress: [.init(ports: [.init(number: 80)])])]
        try await lab.set(world)
        for address in target { #expect(try await !lab.pings("y/a", address), "\(address)") }
        world.policies = [.x(.init(), ["Ingress"], ingress: [.init(peers: [.pods(namespaces: .init(), pods: nil)])])]
        try await lab.set(world)
        for address in target { #expect(try await lab.pings("y/a", address), "\(address)") }
    }

    @Test("an excepted address is blocked, the outside is not, and a second policy that allows it wins")
    func holes() async throws {
        let lab = try PolicyLab.get()
        let outside = try #require(IPAddress(LabRecord.outsideAddress(.v4)))
        let pod = try #require(lab.places()["y/a"]?.addresses[.v4])
        var world = World.standard
        let block = PolicyDocument.Peer.block("0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24"])
        world.policies = [.x(.init(), ["Egress"], egress: [.init(peers: [block])])]
        try await lab.set(world)
        #expect(try await lab.pings("x/a", outside))
        #expect(try await !lab.pings("x/a", pod))
        world.policies.append(
            PolicyDocument(
                namespace: "x", name: "q", subject: .init(), types: ["Egress"], ingress: nil,
                egress: [.init(peers: [.block("\(pod)/32", except: [])])]))
        try await lab.set(world)
        #expect(try await lab.pings("x/a", pod))
    }

    @Test("names are not resolved by who is isolated for egress, until the name server is allowed")
    func names() async throws {
        let lab = try PolicyLab.get()
        _ = try lab.prober()
        var world = World.standard
        // A service on port 53 whose backend answers datagrams.
        world.more = [
            [
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": "names", "namespace": "z"],
                "spec": [
                    "type": "ClusterIP", "clusterIPs": ["10.96.0.53"], "ipFamilies": ["IPv4"],
                    "selector": ["pod": "b"],
                    "ports": [["name": "dns", "port": 53, "targetPort": 80, "protocol": "UDP"]],
                ],
            ]
        ]
        func resolves() async throws -> Bool {
            let asked = "echo q | timeout 1 socat -T0.7 - UDP4:10.96.0.53:53 | wc -c"
            return try await lab.shell("x/a", asked).first != "0"
        }
        world.policies = [.x(.init(), ["Egress"], egress: [])]
        try await lab.set(world)
        #expect(try await !resolves())
        world.policies = [
            .x(
                .init(), ["Egress"],
                egress: [
                    .init(
                        peers: [.pods(namespaces: .init(labels: ["ns": "z"]), pods: .init(labels: ["pod": "b"]))],
                        ports: [.init(transport: .udp, number: 80)])
                ])
        ]
        try await lab.set(world)
        let isAnswered = try await eventually(within: .seconds(5)) { try await resolves() }
        #expect(isAnswered)
        try await lab.set(.standard)
    }

    @Test("no packet passes while denials begin and cease to be logged")
    func loggingMoves() async throws {
        let lab = try PolicyLab.get()
        let file = "/tmp/ovbt-moves-\(getpid())"
        defer { try? Files.remove(file) }
        let target = try #require(lab.places()["x/b"]?.addresses[.v4])
        var world = World.standard
        world.policies = [.x()]
        try await lab.set(world)
        let listener = try await onThread {
            try lab.probe.start("x/b", ["sh", "-c", "exec socat -u UDP4-RECV:9998 OPEN:\(file),creat,append"])
        }
        defer { _ = try? listener.stop(grace: .milliseconds(100)) }
        try await lab.prober().sending("z/a", to: [target], port: 9998) {
            for text in [#"{"deny":"info"}"#, "", #"{"deny":"alert"}"#, ""] {
                world.annotations["x"] = ["k8s.ovn.org/acl-logging": text]
                try await lab.set(world)
            }
        }
        #expect(((try? Files.read(file)) ?? "").isEmpty)
        try await lab.set(.standard)
        try await lab.prober().sending("z/a", to: [target], port: 9998) {
            let isHeard = try await eventually(within: .seconds(5)) { !((try? Files.read(file)) ?? "").isEmpty }
            #expect(isHeard, "what is allowed is heard")
        }
    }

    @Test("ovn-controller ends and comes back: no packet reaches an isolated pod meanwhile")
    func controllerRestart() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [.x()]
        try await lab.set(world)
        let pidFile = "\(lab.paths.engineDirectory("n1"))/ovn-controller.pid"
        let old = try #require(pid_t(Files.read(pidFile).filter(\.isNumber)))
        kill(old, SIGKILL)
        let probes = ["y/a", "z/c"].flatMap { from in
            lab.families.map { Probe(from: from, to: "x/a", transport: .tcp, port: 80, family: $0) }
        }
        var leaked: Set<Probe> = []
        let isBack = try await eventually(within: .seconds(20)) {
            leaked.formUnion(try await prober.run(probes, within: 200))
            return ((try? Files.read(pidFile)).flatMap { pid_t($0.filter(\.isNumber)) } ?? old) != old
        }
        #expect(isBack)
        let table = try await lab.table(world, prober)
        #expect(table.wrong.isEmpty, "\(table)")
        #expect(leaked.isEmpty, "\(leaked)")
    }
}
