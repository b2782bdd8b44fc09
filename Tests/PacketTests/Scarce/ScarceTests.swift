import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    /// Four node subnets, and four pods to a node: all that can run out does.
    @Suite("In a lab with few addresses", .serialized, .timeLimit(.minutes(3)), InLab.scarce)
    struct Scarce {}
}

extension Trait where Self == InLab {
    static var scarce: InLab {
        InLab(
            name: "t-pk-few-\(getpid() % 10_000)", families: .v4v6,
            clusterSubnets: ["10.244.0.0/27/29", "fd00:10:244::/62/64"],
            pods: [LabPod("a1", on: "n1"), LabPod("b1", on: "n2")])
    }
}

extension PacketLab {
    /// What a daemon has written about an object; empty when it has written nothing.
    func status(of object: ObjectID, by writer: String) -> JSONCursor {
        let text = try? Files.read("\(paths.status)/\(writer)/\(ObjectOverlay.fileName(of: object))")
        return JSONCursor(text.flatMap { try? JSON(parsing: $0) } ?? .null)
    }

    /// Its events and conditions with this reason, as text.
    func words(about object: ObjectID, by writer: String, _ reason: String) throws -> [String] {
        let status = status(of: object, by: writer)
        let events = try status["events"].elements()
        let conditions = try status["conditions"].members().map(\.value)
        return try (events + conditions).filter { try $0["reason"].string(or: "") == reason }
            .map { try $0["message"].string(or: "") }
    }
}

extension Packets.Scarce {
    @Test("a pod that finds its node's subnet full waits, says so, and starts when another goes")
    func subnetIsFull() async throws {
        let lab = try Packets.lab()
        for name in ["c1", "c2", "c3"] { try await lab.run(LabPod(name, on: "n2")) }
        try lab.add(LabPod("waits", on: "n2"))
        let subnet = "\(try await lab.network(of: "n2"))"
        let report = try await lab.report { report in
            report.pods.contains { $0.name == "waits" && $0.message.contains("SubnetFull") }
        }
        let words = report.pods.first { $0.name == "waits" }?.message ?? ""
        #expect(words.contains("n2") && words.contains(subnet), "\(words)")
        let pod = Pod.id("t", "waits")
        let isTold = try await eventually(within: .seconds(20)) {
            try lab.words(about: pod, by: "n2", "SubnetFull").count { $0.contains("n2") && $0.contains(subnet) } == 2
        }
        #expect(isTold, "an event and a condition: \(lab.status(of: pod, by: "n2").value?.text() ?? "nothing")")
        // Others are not held up: neither this node's nor those of another.
        #expect(try await lab.pings("t/a1", lab.address("t/c1", .v4)))
        try await lab.run(LabPod("a2", on: "n1"))

        try await lab.remove("c2")
        try await lab.report { $0.pods.contains { $0.name == "waits" && $0.phase == .running } }
        for family in lab.families {
            let address = try await lab.address("t/waits", family)
            let answers = try await eventually(within: .seconds(20)) {
                try await lab.asks("t/a1", address)?.name == "waits"
            }
            #expect(answers, "\(family)")
            #expect(try await lab.pings("t/c1", address), "\(family)")
        }
        let isQuiet = try await eventually(within: .seconds(20)) {
            try lab.words(about: pod, by: "n2", "SubnetFull").isEmpty
        }
        #expect(isQuiet)
        for name in ["c1", "c3", "waits", "a2"] { try await lab.remove(name) }
    }
}

extension PacketLab {
    /// A node's IPv4 subnet.
    fileprivate func network(of node: String) async throws -> IPNetwork {
        let text = try await shell("node:\(node)", "ovn-nbctl get logical_switch \(node) other_config:subnet")
        return try #require(IPNetwork(text.filter { $0 != "\"" && $0 != "\n" }))
    }
}
