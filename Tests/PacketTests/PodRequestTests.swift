import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.DualStack {
    @Test("a pod gets the addresses and the MAC that it asks for, and a second one that asks for them is told so")
    func requested() async throws {
        let lab = try Packets.lab()
        let node = try await lab.managementAddress("n1", .v4)
        let address = IPAddress(family: .v4, number: node.number + 75)
        let wish = #"[{"name":"default","namespace":"t","ips":["\#(address)/24"],"mac":"02:00:00:00:00:77"}]"#
        let note = ["v1.multus-cni.io/default-network": wish]
        try await lab.run(LabPod("asks", on: "n1", note))
        #expect(try await lab.address("t/asks", .v4) == address)
        #expect(try await "\(lab.mac("t/asks", "eth0"))" == "02:00:00:00:00:77")
        #expect(try await lab.pings("t/b1", address))
        try lab.add(LabPod("asks-too", on: "n1", note))
        let report = try await lab.report { report in
            report.pods.contains { $0.name == "asks-too" && $0.message.contains("AddressInUse") }
        }
        let message = report.pods.first { $0.name == "asks-too" }?.message ?? ""
        for word in ["\(address)", "t/asks,", "t/asks-too"] { #expect(message.contains(word), "\(message)") }
        #expect(try await lab.pings("t/b1", address))
        try await lab.remove("asks")
        try await lab.report { $0.pods.contains { $0.name == "asks-too" && $0.phase == .running } }
        #expect(try await lab.address("t/asks-too", .v4) == address)
        let isHeir = try await eventually(within: .seconds(20)) {
            try await lab.asks("t/b1", address)?.name == "asks-too"
        }
        #expect(isHeir)
        try await lab.remove("asks-too")
    }

    @Test(
        "a bandwidth that makes no sense fails the pod's attachment with the reason",
        arguments: [("10", "unreasonably small"), ("abc", "not a quantity"), ("2P", "unreasonably large")])
    func badBandwidth(value: String, words: String) async throws {
        let lab = try Packets.lab()
        try lab.add(LabPod("bad", on: "n1", ["kubernetes.io/ingress-bandwidth": value]))
        let report = try await lab.report(within: .seconds(20)) { report in
            report.pods.contains { $0.name == "bad" && $0.message.contains(words) }
        }
        let pod = report.pods.first { $0.name == "bad" }
        #expect(pod?.phase == .attaching)
        #expect(pod?.message.contains("kubernetes.io/ingress-bandwidth") == true)
        try await lab.remove("bad")
    }

    @Test("a pod receives and sends at the rates that its annotations allow, and others are not held back")
    func bandwidth() async throws {
        let lab = try Packets.lab()
        let limits = ["kubernetes.io/ingress-bandwidth": "10M", "kubernetes.io/egress-bandwidth": "10M"]
        try await lab.run(LabPod("slow", on: "n1", limits))
        let inward = try await lab.rate(from: "t/a1", to: "t/slow", bytes: 4_000_000)
        // A floor is for the machine: what holds a rate back is above it.
        #expect((2...11).contains(inward), "\(inward) Mbit/s to the pod")
        let outward = try await lab.rate(from: "t/slow", to: "t/b1", bytes: 4_000_000)
        #expect((2...11).contains(outward), "\(outward) Mbit/s from the pod")
        let free = try await lab.rate(from: "t/a1", to: "t/a2", bytes: 4_000_000)
        #expect(free > 1.5 * max(inward, outward), "\(free) Mbit/s between others")
        try await lab.remove("slow")
    }
}

extension PacketLab {
    /// Megabits per second of one TCP connection, from its first byte until the receiver has the last.
    func rate(from: String, to: String, bytes: Int) async throws -> Double {
        let target = try await address(to, .v4)
        let port = Int.random(in: 20_000...29_999)
        let script = """
            began=$(date +%s%N)
            head -c \(bytes) /dev/zero | socat -t30 - TCP4:\(target):\(port)
            echo $(($(date +%s%N) - began))
            """
        // What the receiver has counted, and nanoseconds.
        let words = try await serving(to, tcp: port, "SYSTEM:'wc -c'") { try await shell(from, script) }
        let numbers = words.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        try #require(numbers.count == 2 && numbers[0] == Double(bytes), "\(words)")
        return Double(bytes) * 8000 / numbers[1]
    }
}
