import Glibc
import Lab
import Linux
import LocalHTTP
import Model

/// A lab of one node whose pods are attached by the benchmark itself, as a container runtime would.
struct PodStarts {
    private let program: String
    private let plugin: String
    private let count: Int
    private let paths = LabPaths(name: "bench")
    private let manifests = "/tmp/ovb-bench-\(getpid())"
    private let clock = ContinuousClock()

    init(program: String, plugin: String, count: Int) throws {
        self.program = program
        self.plugin = plugin
        self.count = count
        try Files.makeDirectory(manifests)
        try Files.write(
            "\(manifests)/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: bench}\n")
    }

    func bringUp() throws {
        _ = try Command(program, "lab", "down", paths.name).outcome()
        var up = Command(program, "lab", "up", manifests, "--name", paths.name, "--nodes", "1", "--cni", plugin)
        up.deadline = .seconds(90)
        try up.run()
    }

    func takeDown() {
        for pod in 0..<count { try? NetworkNamespace.delete(namespace(pod)) }
        _ = try? Command(program, "lab", "down", paths.name).outcome()
        for file in Files.list(manifests) ?? [] { try? Files.remove("\(manifests)/\(file)") }
        rmdir(manifests)
    }

    private func namespace(_ pod: Int) -> String { "ovb.\(paths.name).p\(pod)" }

    func measure() throws -> [Start] { try (0..<count).map(start) }

    private func start(_ pod: Int) throws -> Start {
        try Files.write(
            "\(manifests)/p\(pod).yaml",
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: p\(pod), namespace: bench, uid: p\(pod), annotations: {\(Lab.attachedByHand): "true"}}
            spec: {nodeName: n1}

            """)
        try waitUntilKnown(pod)
        let sandbox = try NetworkNamespace.create(namespace(pod))
        let began = clock.now
        let result = try JSON(parsing: add(pod))
        let added = clock.now
        let gateway = try JSONCursor(result)["ips"].elements().first?["gateway"].string() ?? ""
        let ping = try Command(
            ["ping", "-n", "-q", "-c", "1", "-i", "0.01", "-w", "5", gateway], in: sandbox
        ).outcome()
        guard ping.succeeded else { throw CommandError(command: "ping \(gateway)", message: "no answer in 5 s") }
        return Start(add: (added - began) / .milliseconds(1), firstPacket: (clock.now - added) / .milliseconds(1))
    }

    private func waitUntilKnown(_ pod: Int) throws {
        let deadline = clock.now + .seconds(5)
        let daemon = LocalHTTP(socket: "\(paths.runDirectory("n1"))/control.sock", deadlineSeconds: 5)
        while try daemon.ask("GET", "/object?id=Pod%2Fbench%2Fp\(pod)").status != 200 {
            guard clock.now < deadline else {
                throw CommandError(command: "p\(pod)", message: "the daemon does not know the pod after 5 s")
            }
        }
    }

    private func add(_ pod: Int) throws -> String {
        let configuration = """
            {"cniVersion":"1.0.0","name":"ovenbird","type":"ovenbird-cni","socket":"\(paths.cniSocket("n1"))"}
            """
        let digits = String(pod)
        let sandbox = "b" + String(repeating: "0", count: 63 - digits.count) + digits
        return try Command(
            [plugin], input: configuration, deadline: .seconds(30),
            environment: [
                "CNI_COMMAND": "ADD", "CNI_CONTAINERID": String(sandbox.reversed()),
                "CNI_NETNS": "/run/netns/\(namespace(pod))", "CNI_IFNAME": "eth0",
                "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=p\(pod)",
            ]
        ).run()
    }

    /// What the daemon noted of each sandbox, in the order of the ADDs.
    func stages() throws -> [Stages] {
        let answer = try LocalHTTP(socket: "\(paths.runDirectory("n1"))/control.sock", deadlineSeconds: 5)
            .ask("GET", "/start-times")
        return try JSONCursor(try JSON(parsing: answer.body))["items"].elements().map { item in
            func milliseconds(_ name: String) throws -> Double { Double(try item[name].integer()) / 1000 }
            return Stages(
                decided: try milliseconds("decided"), wired: try milliseconds("wired"),
                installed: try milliseconds("installed"), opened: try milliseconds("opened"))
        }
    }
}
