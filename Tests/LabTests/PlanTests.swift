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
        var admissions = Admissions(["n1", "n2"])
        #expect(["a", "b", "c"].map { admissions.admit(pod($0)).nodeName } == ["n1", "n2", "n1"])
        #expect(admissions.admit(pod("d", node: "n2")).nodeName == "n2")
        #expect(admissions.admit(pod("b")).nodeName == "n2")
        var again = Admissions(["n1", "n2"], saved: admissions.text)
        #expect(["c", "b", "a", "e"].map { again.admit(pod($0)).nodeName } == ["n1", "n2", "n1", "n2"])
        var fewer = Admissions(["n1"], saved: admissions.text)
        #expect(fewer.admit(pod("b")).nodeName == "n1")
    }

    @Test func aPodWithoutAUidGetsOneForLifeAndItsSuccessorAnother() throws {
        var admissions = Admissions(["n1"])
        let plain = Pod(namespace: "shop", name: "a", nodeName: "n1")
        let uid = admissions.admit(plain).uid
        #expect(uid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(admissions.admit(plain).uid == uid)
        #expect(admissions.admit(Pod(namespace: "shop", name: "b", nodeName: "n1")).uid != uid)
        #expect(admissions.admit(pod("c", node: "n1")).uid == "u1")
        var again = Admissions(["n1"], saved: admissions.text)
        again.forget(allBut: [plain])
        #expect(again.admit(plain).uid == uid)
        again.forget(allBut: [])
        let successor = again.admit(plain).uid
        #expect(!successor.isEmpty && successor != uid)
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
