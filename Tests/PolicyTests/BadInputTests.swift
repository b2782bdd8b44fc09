import Core
import Linux
import LocalHTTP
import Model
import Testing

@testable import Lab

extension InLabs.Acceptance {
    /// A policy of x with one rule that is right and these that are not.
    private func spoilt(_ rules: JSON...) -> JSON {
        let good: JSON = ["from": [["podSelector": ["matchLabels": ["pod": "c"]]]], "ports": [["port": 80]]]
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": ["name": "bad", "namespace": "x"],
            "spec": ["podSelector": [:], "ingress": .array([good] + rules)],
        ]
    }

    private func status(_ lab: PolicyLab, _ object: String) throws -> JSON? {
        let file = "\(lab.paths.directory)/status/n1/\(object).json"
        return try Files.exists(file) ? JSON(parsing: Files.read(file)) : nil
    }

    private func said(_ lab: PolicyLab, _ object: String, _ words: String) async throws -> JSON? {
        let isSaid = try await eventually(within: .seconds(5)) {
            try status(lab, object)?["conditions"]?["Accepted"]?["message"]?.text().contains(words) == true
        }
        return isSaid ? try status(lab, object) : nil
    }

    @Test("a spoilt part of a policy opens nothing, the rest holds, and the policy says so in one event")
    func badInput() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.more = [
            spoilt(
                ["from": [["ipBlock": ["cidr": "10.0.0.0/33"]]]],
                ["from": [["ipBlock": ["cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]]]]],
                ["ports": [["port": 81, "endPort": 80]]], ["ports": [["port": "nowhere"]]],
                ["ports": [["port": 70000]]], ["ports": [["protocol": "ICMP"]]], ["from": [[:]]],
                ["from": [["ipBlock": ["cidr": "::ffff:10.0.0.0/104"]]]],
                ["from": [["ipBlock": ["cidr": "10.0.0.0/8", "except": ["fd00::/16"]]]]],
                ["ports": [["port": "web", "endPort": 80]]], ["ports": [["port": 0]]],
                ["from": [["podSelector": ["matchExpressions": [["key": "a", "operator": "Like", "values": ["b"]]]]]]],
                ["from": [["podSelector": [:], "ipBlock": ["cidr": "10.0.0.0/8"]]]])
        ]
        try await lab.set(world)
        for (from, port, passes) in [("x/c", 80, true), ("x/c", 81, false), ("y/a", 80, false), ("y/a", 81, false)] {
            for family in lab.families {
                let probe = Probe(from: from, to: "x/a", transport: .tcp, port: port, family: family)
                #expect(try await prober.run([probe], within: 1000).isEmpty != passes, "\(probe)")
            }
        }
        let told = try #require(try await said(lab, "NetworkPolicy.x.bad", "nowhere"))
        let message = told["conditions"]?["Accepted"]?["message"]?.text() ?? ""
        for field in [
            "spec.ingress[1].from[0].ipBlock.cidr", "spec.ingress[2].from[0].ipBlock.except[0]",
            "spec.ingress[3].ports[0].endPort", "spec.ingress[4]", "spec.ingress[5].ports[0].port",
            "spec.ingress[6].ports[0].protocol", "spec.ingress[7].from[0]", "spec.ingress[8].from[0].ipBlock.cidr",
            "spec.ingress[9].from[0].ipBlock.except[0]", "spec.ingress[10].ports[0].endPort",
            "spec.ingress[11].ports[0].port", "spec.ingress[12].from[0].podSelector.matchExpressions[0].operator",
            "spec.ingress[13].from[0].ipBlock",
        ] { #expect(message.contains("\(field): "), "\(field) in \(message)") }
        guard case .array(let events)? = told["events"] else { throw LabFailure("no events in \(told)") }
        #expect(events.count == 1, "\(events)")
        #expect(try lab.parseErrors() == [])
        // Nobody tries again and again.
        func turn() throws -> JSON? {
            let control = LocalHTTP(socket: "\(lab.paths.runDirectory("n1"))/control.sock")
            return try JSON(parsing: control.ask("GET", "/status").text)["turn"]
        }
        let isAtRest = try await eventually(within: .seconds(10)) {
            let before = try turn()
            try await Task.sleep(for: .milliseconds(700))
            return try turn() == before
        }
        #expect(isAtRest)

        // Mended, it says nothing more.
        world.more = [spoilt()]
        try await lab.set(world)
        let isQuiet = try await eventually(within: .seconds(5)) {
            try status(lab, "NetworkPolicy.x.bad")?["conditions"]?["Accepted"] == nil
        }
        #expect(isQuiet)
    }

    @Test("an annotation that does not parse logs nothing, changes no verdict, and the namespace says so")
    func badAnnotation() async throws {
        let lab = try PolicyLab.get()
        let prober = try lab.prober()
        var world = World.standard
        world.policies = [.x(ingress: [.init(ports: [.init(number: 80)])])]
        for (text, isWrong) in [
            ("not json", true), (#"{"deny":"loud","allow":"info"}"#, true), ("[]", true), (#"{"foo":1}"#, false),
        ] {
            world.annotations["x"] = ["k8s.ovn.org/acl-logging": text]
            try await lab.set(world)
            let tries = [80, 81].map { Probe(from: "y/c", to: "x/a", transport: .tcp, port: $0, family: .v4) }
            #expect(try await prober.run(tries, within: 1000) == [tries[0]], "\(text)")
            let isTold = try await eventually(within: isWrong ? .seconds(5) : .milliseconds(100)) {
                try status(lab, "Namespace..x")?["conditions"]?["Accepted"] != nil
            }
            #expect(isTold == isWrong, "\(text)")
            let names = try await lab.ask("n1", "ovn-nbctl", "--bare", "--columns=name", "find", "ACL", "log=true")
            #expect(names.contains("NP:x:p:Ingress:0") == text.contains("info"), "\(text): \(names)")
            #expect(!names.contains("NP:x:Ingress"), "\(text): \(names)")
        }
        try await lab.set(.standard)
    }
}
