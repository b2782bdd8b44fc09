import CNI
import Glibc
import Linux
import Model

/// Calls the real CNI executable as a container runtime does: in the node's namespace, with environment and input.
struct Plugin: Sendable {
    let paths: LabPaths
    let executable: String
    let node: String

    private func configuration() -> String {
        let json: JSON = [
            "cniVersion": "1.1.0", "name": "ovenbird", "type": "ovenbird-cni",
            "socket": .string(paths.cniSocket(node)),
        ]
        return json.text()
    }

    /// Blocks until the plugin has answered.
    func call(_ command: CNICommand, sandbox: String = "", pod: PodPlan? = nil) throws -> JSON {
        var environment = ["CNI_COMMAND": command.rawValue, "PATH": getenv("PATH").map { String(cString: $0) } ?? ""]
        if let pod {
            environment["CNI_CONTAINERID"] = sandbox
            environment["CNI_NETNS"] = "\(NetworkNamespace.directory)/\(paths.pod(sandbox))"
            environment["CNI_IFNAME"] = "eth0"
            environment["CNI_ARGS"] =
                "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(pod.namespace);K8S_POD_NAME=\(pod.name)"
                + ";K8S_POD_INFRA_CONTAINER_ID=\(sandbox)" + (pod.uid.isEmpty ? "" : ";K8S_POD_UID=\(pod.uid)")
        }
        let command = Command(
            [executable], input: configuration(), deadline: .seconds(150), environment: environment,
            in: try NetworkNamespace.named(paths.node(node)))
        let outcome = try command.outcome()
        let json = outcome.output.isEmpty ? JSON.null : (try? JSON(parsing: outcome.output)) ?? .null
        if outcome.succeeded { return json }
        throw CNIError(json) ?? CNIError(.failed, "\(executable) failed", details: outcome.output + outcome.errors)
    }
}
