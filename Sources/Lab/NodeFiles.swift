import CNI
import Linux
import Model

/// The files that the lab writes for its daemons: configuration, node objects.
struct NodeFiles {
    let paths: LabPaths
    let record: LabRecord

    func write() throws {
        for directory in [paths.objects, paths.applied, paths.status, paths.logs, paths.hosts, paths.clusterDirectory] {
            try Files.makeDirectory(directory)
        }
        for node in record.nodes {
            for directory in [paths.runDirectory(node), paths.pods(node), "\(paths.nodeDirectory(node))/net.d"] {
                try Files.makeDirectory(directory)
            }
            try Files.write(paths.configuration(node), configuration(node))
            try AtomicFile.write(object(node).text(.pretty).utf8, to: "\(paths.objects)/node-\(node).json")
        }
    }

    private func list(_ v4: String, _ v6: String) -> String {
        record.families.list.map { $0 == .v4 ? v4 : v6 }.joined(separator: ",")
    }

    private var clusterSubnets: String {
        record.clusterSubnets.isEmpty
            ? list("10.244.0.0/16/24", "fd00:10:244::/48/64") : record.clusterSubnets.joined(separator: ",")
    }

    func configuration(_ node: String) -> String {
        """
        # Written by the lab; it is the configuration of node \(node) and, but for the name, of all others.
        [default]
        mtu=1400
        cluster-subnets=\(clusterSubnets)
        [kubernetes]
        service-cidrs=\(list("10.96.0.0/16", "fd00:10:96::/112"))
        [gateway]
        mode=shared
        nodeport=true
        ephemeral-port-range=61000-65535
        [cni]
        conf-dir=\(paths.nodeDirectory(node))/net.d
        plugin=ovenbird-cni
        [ovenbird]
        node-name=\(node)
        datapath=netdev
        run-dir=\(paths.runDirectory(node))

        """
    }

    private func object(_ node: String) -> JSON {
        let addresses = record.families.list.map { family -> JSON in
            ["type": "InternalIP", "address": .string(record.address(of: node, family))]
        }
        return [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(node), "labels": ["kubernetes.io/hostname": .string(node)]],
            "status": ["addresses": .array(addresses + [["type": "Hostname", "address": .string(node)]])],
        ]
    }

    /// The arguments that both daemons share.
    private var feeds: [String] {
        // What is applied by hand counts before what the directory says.
        [paths.applied, record.manifests, paths.objects].flatMap { ["--manifests", $0] } + [
            "--status-dir", paths.status,
        ]
    }

    func nodeCommand(_ node: String) -> [String] {
        record.daemon
            + ["node", "--name", node, "--config", paths.configuration(node), "--run-dir", paths.runDirectory(node)]
            + feeds + ["--supervise"]
    }

    func clusterCommand() -> [String] {
        record.daemon
            + ["cluster", "--config", paths.configuration(record.nodes[0]), "--run-dir", paths.clusterDirectory]
            + feeds
    }
}
