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
        try await lab.set(world)
        let isThere = try await eventually(within: .seconds(5)) { try await resolves() }
        #expect(isThere)
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
        let targets = Array(try #require(lab.places()["x/b"]).addresses.values)
        var world = World.standard
        world.policies = [.x()]
        try await lab.set(world)
        let listener = try await Hearing.start(lab, "x/b", port: 9998)
        try await lab.prober().sending("z/a", to: targets, port: 9998) {
            for text in [#"{"deny":"info"}"#, "", #"{"deny":"alert"}"#, ""] {
                world.annotations["x"] = ["k8s.ovn.org/acl-logging": text]
                try await lab.set(world)
            }
        }
        #expect(listener.heard.isEmpty)
        try await lab.set(.standard)
        try await lab.prober().sending("z/a", to: targets, port: 9998) {
            let isHeard = try await eventually(within: .seconds(5)) { !listener.heard.isEmpty }
            #expect(isHeard, "what is allowed is heard")
        }
        try await listener.stop()
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
        let listeners = try await ["x/a", "y/b"].asyncMap { try await Hearing.start(lab, $0, port: 9997) }
        let addresses = try ["x/a", "y/b"].flatMap { Array(try #require(lab.places()[$0]).addresses.values) }
        try await prober.sending("z/a", to: addresses, port: 9997) {
            let isHeard = try await eventually(within: .seconds(5)) { !listeners[1].heard.isEmpty }
            #expect(isHeard, "an open pod hears")
            kill(old, SIGKILL)
            let isBack = try await eventually(within: .seconds(20)) {
                ((try? Files.read(pidFile)).flatMap { pid_t($0.filter(\.isNumber)) } ?? old) != old
            }
            #expect(isBack)
            // The new one clears the flows and makes them again; then it is heard how that goes on.
            _ = try await lab.ask("n1", "ovn-nbctl", "--timeout=20", "--wait=hv", "sync")
            let before = listeners[1].heard.utf8.count
            let goesOn = try await eventually(within: .seconds(5)) {
                listeners[1].heard.utf8.count > before + 100
            }
            #expect(goesOn)
        }
        #expect(listeners[0].heard.isEmpty, "\(listeners[0].heard.utf8.count) bytes")
        for listener in listeners { try await listener.stop() }
        let table = try await lab.table(world, prober)
        #expect(table.wrong.isEmpty, "\(table)")
    }
}
