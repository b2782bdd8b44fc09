import Glibc
import Linux
import Model

@testable import Lab

/// Writes down every datagram that comes to a port of a pod, by both families.
struct Hearing {
    private let process: ChildProcess
    private let file: String

    static func start(_ lab: PolicyLab, _ pod: String, port: Int) async throws -> Hearing {
        let file = "\(lab.paths.directory)/heard-\(pod.replacing("/", with: "-"))-\(port)"
        let process = try await onThread {
            let process = try lab.probe.start(
                pod, ["sh", "-c", "exec socat -u UDP6-RECV:\(port),ipv6only=0 OPEN:\(file),creat,trunc"])
            let isListening =
                "for i in $(seq 200); do ss -Huln sport = :\(port) | grep -q . && exit; sleep 0.02; done; exit 1"
            let outcome = try lab.probe.run(pod, ["sh", "-c", isListening], deadline: .seconds(10))
            guard outcome.succeeded else { throw LabFailure("nobody listens in \(pod)") }
            return process
        }
        return Hearing(process: process, file: file)
    }

    var heard: String { (try? Files.read(file)) ?? "" }

    func stop() async throws {
        try await onThread { _ = try process.stop(grace: .milliseconds(100)) }
        try Files.remove(file)
    }
}

extension Array {
    /// The elements, changed one after the other.
    func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var all: [T] = []
        for element in self { all.append(try await transform(element)) }
        return all
    }
}
