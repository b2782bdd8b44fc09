import Glibc
import Lab
import Linux
import LocalHTTP
import Model

/// Measures policies on a real engine: a lab of one node that belongs to a cluster of many.
struct EngineScale {
    private let program: String
    private let plugin: String
    private let load: EngineLoad
    private let paths = LabPaths(name: "t-scale-\(getpid() % 10_000)")
    private let manifests = "/tmp/ovbt-scale-\(getpid())"
    private let clock = ContinuousClock()

    init(program: String, plugin: String, load: EngineLoad) throws {
        self.program = program
        self.plugin = plugin
        self.load = load
        try Files.makeDirectory(manifests)
        for (name, text) in load.files() { try Files.write("\(manifests)/\(name)", text) }
    }

    struct Figures {
        var localPods = 0
        var flowsBefore = 0
        var flows = 0
        /// Seconds, as all others.
        var firstSync = 0.0
        var steadySync = 0.0
        var added: [Double] = []
        var isProbed = false
        var isDenied = false
    }

    func run() throws -> Figures {
        defer { takeDown() }
        var up = Command(
            program, "lab", "up", manifests, "--name", paths.name, "--nodes", "1", "--cni", plugin, "--timeout", "240")
        up.deadline = .seconds(260)
        try up.run()
        let probe = try LabProbe(paths)
        var figures = Figures()
        figures.localPods = try Labs.report(paths).pods.count
        _ = try settled(after: 0, probe) {}
        figures.flowsBefore = try flows(probe)
        figures.firstSync = try settled(after: 1, probe) { try write("policies.json", load.policyFile) }
        figures.flows = try flows(probe)
        figures.steadySync = try settled(after: 1, probe) {}
        // Pods on other nodes, in namespaces whose pods rules of this node name.
        for number in 0..<10 {
            var pod = load.podText(number % load.namespaces, 1)
            if case .object(var whole) = pod, case .object(var metadata)? = whole["metadata"] {
                metadata["name"] = .string("late\(number)")
                metadata["uid"] = .string("late\(number)")
                let addresses = #"["10.244.1.\#(240 + number)/24","fd00:10:244:1::f\#(number)/64"]"#
                let network = #"{"default":{"ip_addresses":\#(addresses),"mac_address":"0a:58:0a:f4:01:f\#(number)"}}"#
                metadata["annotations"] = [PodNetworks.key: .string(network), Lab.attachedByHand: "true"]
                whole["metadata"] = .object(metadata)
                whole["spec"] = ["nodeName": "far1", "containers": [["name": "main", "image": "none"]]]
                pod = .object(whole)
            }
            figures.added.append(try settled(after: 2 + number, probe) { try write("late\(number).json", pod.text()) })
        }
        try denyAll(probe, &figures)
        return figures
    }

    /// An administrator denies all pods: the node's own probes go on.
    private func denyAll(_ probe: LabProbe, _ figures: inout Figures) throws {
        let all: JSON = ["namespaces": [:]]
        let rules: JSON = [["action": "Deny", "from": [all]]]
        let deny: JSON = [
            "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": ["name": "all"], "spec": ["priority": 1, "subject": all, "ingress": rules],
        ]
        _ = try settled(after: 20, probe) { try write("deny.json", deny.text()) }
        let pods = try Labs.report(paths).pods.prefix(2).compactMap { pod in
            pod.addresses.first?.split(separator: "/").first.flatMap { IPAddress($0) }.map { (pod.key, $0) }
        }
        guard pods.count == 2 else { return }
        figures.isProbed = try probe.pings("node:n1", pods[0].1)
        figures.isDenied = try !probe.pings(pods[1].0, pods[0].1, within: 1)
    }

    private func flows(_ probe: LabProbe) throws -> Int {
        let text = try probe.run("node:n1", ["ovs-ofctl", "dump-aggregate", "br-int"], deadline: .seconds(30)).output
        return text.split(separator: " ").first { $0.hasPrefix("flow_count=") }
            .flatMap { Int($0.drop { $0 != "=" }.dropFirst().filter(\.isNumber)) } ?? 0
    }

    private func write(_ name: String, _ text: String) throws {
        try Files.write("\(manifests)/.new", text)
        guard rename("\(manifests)/.new", "\(manifests)/\(name)") == 0 else {
            throw CommandError(command: "rename \(name)", message: "errno \(errno)")
        }
    }

    /// Seconds from before a change until the daemon has it confirmed and the engine has it in force.
    private func settled(after step: Int, _ probe: LabProbe, _ change: () throws -> Void) throws -> Double {
        let daemon = LocalHTTP(socket: "\(paths.runDirectory("n1"))/control.sock", deadlineSeconds: 20)
        let began = clock.now
        try change()
        // The marker is a file of its own, read after those before it.
        let name = "zz-step-\(step)"
        let marker: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        try write("\(name).json", marker.text())
        while true {
            let answer = try daemon.ask("GET", "/object?id=Namespace%2F\(name)")
            if answer.status == 200, try JSON(parsing: answer.text)["object"]?["state"] == "settled" { break }
            guard clock.now < began + .seconds(60) else {
                throw CommandError(command: "step \(step)", message: "not settled after 60 s")
            }
        }
        try probe.run("node:n1", ["ovn-nbctl", "--timeout=60", "--wait=hv", "sync"], deadline: .seconds(65)).demand()
        return (clock.now - began) / .seconds(1)
    }

    private func takeDown() {
        _ = try? Command(program, "lab", "down", paths.name).outcome()
        _ = try? Command("rm", "-rf", manifests).run()
    }
}

extension Command.Outcome {
    fileprivate func demand() throws {
        guard succeeded else { throw CommandError(command: "ovn-nbctl sync", message: errors) }
    }
}
