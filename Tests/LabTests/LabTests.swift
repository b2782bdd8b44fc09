import CNI
import Glibc
import Linux
import Model
import Testing

@testable import Lab

@Suite(.timeLimit(.minutes(3)), .serialized) struct LabTests {
    @Test func podsComeRunAndGoWithTheManifests() async throws {
        let stage = try Stage("t-come")
        try stage.write(Stage.pod("web", node: "n1"), Stage.pod("db"))
        try await stage.running {
            let report = try await stage.complete(pods: 2)
            #expect(report.pods.map(\.key) == ["shop/db", "shop/web"])
            #expect(report.pods.allSatisfy { $0.addresses == ["10.244.1.5/24"] })
            #expect(stage.podNamespaces.count == 2)
            let hosts = try Files.read("\(stage.paths.hosts)/shop")
            #expect(hosts.contains("10.244.1.5 db\n") && hosts.contains("fd30::2 n2\n"))

            try stage.write(Stage.pod("web", node: "n1", label: "other"))
            let after = try await stage.complete(pods: 1)
            #expect(after.pods.first?.sandbox == report.pods.last?.sandbox)
            #expect(after.pods.first?.restarts == 0)
            #expect(stage.podNamespaces.count == 1)
        }
    }

    @Test func aChangedPodIsMadeAnew() async throws {
        let stage = try Stage("t-anew", nodes: 1)
        try stage.write(Stage.pod("web"))
        try await stage.running {
            let old = try await stage.complete(pods: 1).pods[0].sandbox
            try stage.write(Stage.pod("web", run: "exec sleep 1001"))
            let report = try await stage.report { $0.missing.isEmpty && $0.pods.first?.sandbox != old }
            #expect(report.pods.count == 1)
            #expect(stage.podNamespaces == [stage.paths.pod(report.pods[0].sandbox)])
        }
    }

    @Test func aPodIsTriedAgainUntilItsNetworkIsThereAndSaysWhyNot() async throws {
        let stage = try Stage("t-again", nodes: 1)
        stage.wiring.refuse(CNIError(.failed, "the subnet is full"))
        try stage.write(Stage.pod("web"))
        try await stage.running {
            let report = try await stage.report { $0.pods.first?.message.hasPrefix("the subnet") ?? false }
            #expect(report.missing.joined().contains("the subnet is full"))
            stage.wiring.refuse(nil)
            let later = try await stage.complete(pods: 1)
            #expect(later.pods[0].message.isEmpty)
        }
    }

    @Test func anotherSupervisorFindsEverythingAndRemovesWhatNobodyWants() async throws {
        let stage = try Stage("t-find", nodes: 1)
        try stage.write(Stage.pod("web"), Stage.pod("db"))
        var first = LabReport()
        try await stage.running { first = try await stage.complete(pods: 2) }
        #expect(LabProcesses(stage.paths).find().count == 4)
        try stage.write(Stage.pod("web"))
        try await stage.running {
            let second = try await stage.complete(pods: 1)
            #expect(second.nodes.map(\.pid) == first.nodes.map(\.pid))
            #expect(second.pods[0].sandbox == first.pods[1].sandbox)
            #expect(stage.podNamespaces.count == 1)
        }
        #expect(LabProcesses(stage.paths).find().count == 3)
    }

    @Test func aDaemonThatDiesIsStartedAgain() async throws {
        let stage = try Stage("t-dies", nodes: 1)
        try await stage.running {
            let first = try await stage.report { $0.nodes.first?.pid != nil }
            let pid = try #require(first.nodes[0].pid)
            kill(pid_t(pid), SIGKILL)
            let report = try await stage.report { $0.nodes.first?.pid.map { $0 != pid } ?? false }
            #expect(report.nodes[0].restarts == 1)
        }
    }

    @Test func theNodesReachEachOtherAndTheOutside() async throws {
        let stage = try Stage("t-reach", families: .v6v4)
        let node = try NetworkNamespace.named(stage.paths.node("n1"))
        for target in ["172.30.0.2", "fd30::2", "172.30.0.100", "fd30::100"] {
            try await Command("ping", "-n", "-c", "1", "-w", "10", target, in: node).run()
        }
        #expect(try node.run { try Ethtool.transmitChecksumOffload("e0") } == false)
        #expect(try await Command("ip", "route", "get", "192.0.2.1", in: node).run().contains("172.30.0.100"))
    }

    @Test func twoLabsSideBySideAreTakenDownAlone() async throws {
        let one = try Stage("t-one", nodes: 1)
        let two = try Stage("t-one-b", nodes: 1)
        try one.write(Stage.pod("web"))
        try two.write(Stage.pod("web"))
        try await one.running { _ = try await one.complete(pods: 1) }
        try await two.running { _ = try await two.complete(pods: 1) }
        let removed = try await onThread { try LabDown(one.paths).run() }
        #expect(removed == .init(nodes: 1, pods: 1, namespaces: 4, processes: 3))
        #expect(LabProcesses(one.paths).find().isEmpty && !Files.exists(one.paths.directory))
        #expect(LabProcesses(two.paths).find().count == 3 && two.podNamespaces.count == 1)
    }
}
