import Core
import Linux
import Model
import Testing

@testable import Planes

@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostForwardingTests {
    private func entries(_ node: TestSwitch) throws -> [String] {
        let pid = try Files.read("\(node.directory)/ovs-vswitchd.pid").filter(\.isNumber)
        return try Command("ovs-appctl", "-t", "\(node.directory)/ovs-vswitchd.\(pid).ctl", "fdb/show", "br0").run()
            .split(separator: "\n").filter { $0.contains("static") }
            .map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test func entriesAreThereAgainAfterEachStartOfTheSwitch() async throws {
        let node = try TestSwitch("fdb")
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        let row = ForwardingEntry(bridge: "br0", port: "br0", mac: mac)
        let bench = PlaneBench(
            try HostPlane(.init(namespace: node.host.namespace.path, ovsDirectory: node.directory)))
        try await bench.set([row])
        #expect(bench.refused.isEmpty, "a missing bridge is waited for")
        try node.addBridge("br0")
        let line = "LOCAL 0 02:00:00:00:00:01 static"
        try await eventually("the entry is there") { try entries(node) == [line] }
        try node.restart()
        try await eventually("the entry is back") { ((try? entries(node)) ?? []) == [line] }
        try await bench.stop()
        let second = PlaneBench(
            try HostPlane(.init(namespace: node.host.namespace.path, ovsDirectory: node.directory)))
        try await second.set([row])
        #expect(second.plane.writes == 0)
        try await second.set([])
        #expect(try entries(node).isEmpty)
        try await second.stop()
    }
}
