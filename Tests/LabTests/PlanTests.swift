import Linux
import Model
import Testing

@testable import Lab

@Suite struct PlanTests {
    private func pod(_ name: String, node: String = "", labels: [String: String] = [:]) -> Pod {
        Pod(
            namespace: "shop", name: name, uid: "u1", labels: labels, nodeName: node,
            containers: [
                .init(name: "main", command: ["sh"], args: ["-c", "a\nb"], environment: [.init("A", "b=c")])
            ])
    }

    @Test func podsWithoutANodeAreSpreadInTurnAndStayWhereTheyAre() throws {
        var placements = Placements(["n1", "n2"])
        #expect(["a", "b", "c"].map { placements.node(for: pod($0)) } == ["n1", "n2", "n1"])
        #expect(placements.node(for: pod("d", node: "n2")) == "n2")
        #expect(placements.node(for: pod("b")) == "n2")
        var again = Placements(["n1", "n2"], saved: placements.text)
        #expect(["c", "b", "a", "e"].map { again.node(for: pod($0)) } == ["n1", "n2", "n1", "n2"])
        var fewer = Placements(["n1"], saved: placements.text)
        #expect(fewer.node(for: pod("b")) == "n1")
    }

    @Test func labelsDoNotMakeANewPodButProgramsAndNodesDo() throws {
        let plan = PodPlan(pod("a"), on: "n1")
        #expect(PodPlan(pod("a", labels: ["x": "y"]), on: "n1") == plan)
        #expect(PodPlan(pod("a"), on: "n2") != plan)
        #expect(try PodPlan(text: plan.text).text == plan.text)
    }

    @Test(arguments: [
        ("/x/Examples/Shop", "shop"), ("/x/my.lab_2/", "mylab2"), ("/", "lab"), ("/x/---", "lab"),
        ("/x/a-very-long-name-of-a-directory", "a-very-long-name-of-"),
    ])
    func aLabIsNamedAfterItsDirectory(_ directory: String, _ name: String) {
        #expect(LabPaths.name(for: directory) == name)
    }

    @Test(arguments: ["", "A", "a.b", "-a", "a/b", "123456789012345678901", "ä"])
    func otherNamesAreRefused(_ name: String) {
        #expect(!LabPaths.isName(name))
    }

    @Test func aReportReadsTheSame() throws {
        var report = LabReport()
        report.nodes = [NodeState(name: "n1")]
        report.pods = [PodState(namespace: "shop", name: "web", node: "n1")]
        report.problems = ["x"]
        report.isListed = true
        #expect(try LabReport(report.json(revision: 3)) == report)
        #expect(report.missing == ["node n1: starting", "pod shop/web on n1: attaching"])
    }

    @Test func theConfigurationSaysTheFamiliesInTheirOrder() {
        let record = LabRecord(
            name: "t", manifests: "/m", nodes: 2, families: .v6v4, daemon: ["d"], plugin: "p", began: 0)
        let files = NodeFiles(paths: LabPaths(name: "t"), record: record)
        let text = files.configuration("n2")
        #expect(text.contains("cluster-subnets=fd00:10:244::/48/64,10.244.0.0/16/24\n"))
        #expect(text.contains("node-name=n2\n"))
        #expect(throws: Never.self) {
            try NetworkConfiguration(ConfigurationInput(file: ("x", text), hostName: "h"))
        }
        #expect(files.nodeCommand("n2").starts(with: ["d", "node", "--name", "n2"]))
    }
}
