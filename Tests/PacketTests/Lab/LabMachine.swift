import Linux
import Synchronization
import Testing

@testable import Lab

/// A virtual machine of a lab: a network namespace with an interface that is bridged to its pod's, as KubeVirt binds
/// one. It takes the interface along when it moves, and with it whatever is connected.
final class LabMachine: Sendable {
    private let lab: PacketLab
    private let process: ChildProcess
    private let script: String
    private let servers = Mutex<[ChildProcess]>([])

    private static let interface = "tap0"

    /// Its pods: each says who it is and where it is ready.
    static func pod(_ name: String, on node: String, since: String? = nil, isReady: Bool = false) -> LabPod {
        var pod = LabPod(name, on: node, ["kubevirt.io/allow-pod-bridge-network-live-migration": ""])
        pod.labels = ["kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "vm"]
        if isReady { pod.labels["kubevirt.io/nodeName"] = node }
        if let since { pod.annotations["kubevirt.io/migration-target-ready-timestamp"] = since }
        return pod
    }

    private init(_ lab: PacketLab, _ process: ChildProcess) {
        self.lab = lab
        self.process = process
        script = "\(lab.directory)/guest.sh"
    }

    deinit {
        let all = servers.withLock { $0 } + [process]
        for one in all { _ = try? one.stop(grace: .milliseconds(100)) }
    }

    /// Starts it in a pod.
    static func start(_ lab: PacketLab, in pod: String) async throws -> LabMachine {
        let probe = lab.probe
        let process = try await onThread { try probe.start("outside", ["unshare", "--net", "sleep", "600"]) }
        let machine = LabMachine(lab, process)
        let mac = try await bind(lab, pod)
        // It has begun when its namespace is its own.
        try await lab.shell(
            "outside",
            """
            for i in $(seq 200); do
                [ "$(readlink /proc/\(process.pid)/ns/net)" != "$(readlink /proc/$$/ns/net)" ] && break; sleep 0.02
            done
            """)
        try await lab.shell(
            "t/\(pod)",
            """
            ip link add \(interface) type veth peer name eth0 address \(mac) mtu 1400 netns \(process.pid)
            ip link set \(interface) mtu 1400 master k6t-eth0 up
            """)
        try await machine.shell(
            """
            ip link set lo up; ethtool -K eth0 tx off >/dev/null; ip link set eth0 up
            """)
        try Files.write(
            machine.script,
            """
            #!/bin/sh
            case "$1$reason" in
            bound)
                ip address replace $ip/$mask dev eth0
                ip route replace $router dev eth0; ip route replace default via $router dev eth0
                echo "$ip/$mask $router $hostname $mtu $lease";;
            BOUND6) ip address replace $new_ip6_address/128 dev eth0 nodad;;
            esac
            exit 0

            """, mode: 0o755)
        return machine
    }

    /// Makes a pod ready for a machine: a bridge on the interface of the pod, which gives its MAC away. Returns that.
    @discardableResult
    static func bind(_ lab: PacketLab, _ pod: String) async throws -> String {
        let mac = try await lab.shell(
            "t/\(pod)",
            """
            set -e
            mac=$(ip -o link show eth0 | sed 's/.*ether \\([0-9a-f:]*\\).*/\\1/')
            ip link add k6t-eth0 type bridge forward_delay 0 mcast_snooping 0
            echo 1 >/proc/sys/net/ipv6/conf/k6t-eth0/disable_ipv6
            ip link set eth0 down
            ip link set eth0 name eth0-nic
            ip link add eth0 address $mac mtu 1400 type veth peer name eth0-none
            echo 1 >/proc/sys/net/ipv6/conf/eth0-nic/disable_ipv6
            ip link set eth0-nic address 02:00:00:00:00:01 master k6t-eth0 up
            ip link set k6t-eth0 up
            echo $mac
            """)
        return mac.filter { !$0.isWhitespace }
    }

    /// What a script prints in the machine.
    @discardableResult
    func shell(_ script: String, deadline: Duration = .seconds(30)) async throws -> String {
        let outcome = try await lab.outcome(
            "outside", "nsenter", "--net=/proc/\(process.pid)/ns/net", "sh", "-c", script, deadline: deadline)
        guard outcome.succeeded else {
            throw CommandError(command: script, message: "\(outcome.exit) \(outcome.errors)")
        }
        return outcome.output
    }

    /// Begins to give back to all who connect what they send.
    func echo(on port: Int) async throws {
        let (probe, pid) = (lab.probe, process.pid)
        let server = ["socat", "-T30", "TCP6-LISTEN:\(port),fork,reuseaddr,ipv6only=0", "EXEC:cat"]
        let started = try await onThread {
            try probe.start("outside", ["nsenter", "--net=/proc/\(pid)/ns/net"] + server)
        }
        servers.withLock { $0.append(started) }
        try await shell("while ! ss -Htln sport = :\(port) | grep -q .; do sleep 0.02; done")
    }

    /// Asks for its addresses again; what it is told: address and mask, router, name, MTU, lease.
    func lease() async throws -> String {
        try await shell("udhcpc -i eth0 -n -q -f -t 3 -T 1 -s \(script) 2>/dev/null || true")
    }

    /// Asks for its IPv6 address; what it has then.
    func leaseV6() async throws -> String {
        let leases = "\(lab.directory)/guest.leases"
        try Files.write(leases, "")
        return try await shell(
            """
            timeout 8 dhclient -6 -1 -d -sf \(script) -lf \(leases) -pf \(lab.directory)/guest.pid eth0 2>/dev/null
            ip -6 -o address show dev eth0 scope global
            """)
    }

    /// Goes over to another pod.
    func move(from: String, to: String) async throws {
        let target = try #require(try await lab.report { _ in true }.pods.first { $0.name == to })
        try await lab.shell("t/\(from)", "ip link set \(Self.interface) netns \(lab.paths.pod(target.sandbox))")
        try await lab.shell("t/\(to)", "ip link set \(Self.interface) master k6t-eth0 up")
    }
}
