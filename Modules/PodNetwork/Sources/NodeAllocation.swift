import Core
import Model
import Vocabulary

/// What a node must have that no other node has: its id and its share of each cluster subnet.
///
/// The cluster manager gives it out and writes it into the node's annotations, which are the hints of the next
/// allocation: what is annotated is honoured before anything is given out.
enum NodeAllocation {
    /// 0 and 1 are taken by the routers that all nodes share; OVN-Kubernetes ends at 5000.
    static let ids = Pool("node-ids", NodeID.range)

    static func handle(_ node: Node, _ cell: inout Cell) throws(Rejection) {
        guard let cluster = cell.cluster() else { return }
        guard let id = try cell.allocate(from: ids, for: node.name, preferring: annotatedID(node)) else { return }
        var subnets: [IPNetwork] = []
        for family in cluster.families {
            guard let subnet = try subnet(of: node, family, cluster, &cell) else { return }
            subnets.append(subnet)
        }
        let number = NodeID(id)
        let transit = TransitAddresses(ByFamily { cluster.transitAddress(of: number, $0) })
        cell.add(
            ObjectStatus(
                node.id,
                annotations: [
                    NodeID.key: number.text,
                    NodeSubnets.key: NodeSubnets(subnets.sorted()).text,
                    TransitAddresses.key: transit.text,
                    AnnotationKey.networkIDs: #"{"default":"0"}"#,
                ]))
    }

    private static func annotatedID(_ node: Node) -> Int? {
        (try? node.annotations.annotation(NodeID.self))?.number
    }

    /// One block of the family's cluster subnets, counted through all of them: a subnet that was added later continues
    /// where the earlier ones end.
    private static func subnet(
        of node: Node, _ family: Family, _ cluster: ClusterNetwork, _ cell: inout Cell
    ) throws(Rejection) -> IPNetwork? {
        let blocks = Blocks(cluster.clusterSubnets.filter { $0.network.family == family })
        let annotated = (try? node.annotations.annotation(NodeSubnets.self))?.subnets.first { $0.family == family }
        let pool = Pool("node-subnets-\(family)", 0...max(blocks.count - 1, 0))
        let number: Int?
        do {
            number = try cell.allocate(from: pool, for: node.name, preferring: annotated.flatMap(blocks.number(of:)))
        } catch {
            throw Rejection(
                "NoSubnetLeft",
                "all \(blocks.count) \(family) node subnets of \(blocks.description) are in use: "
                    + "add a range to cluster-subnets or remove a node")
        }
        return number.flatMap { blocks[$0] }
    }
}

/// The node subnets that a list of cluster subnets divides into, numbered in order.
struct Blocks: CustomStringConvertible {
    private let ranges: [ClusterNetwork.ClusterSubnet]

    init(_ ranges: [ClusterNetwork.ClusterSubnet]) { self.ranges = ranges }

    var count: Int { ranges.reduce(0) { $0 + Self.count($1) } }

    private static func count(_ range: ClusterNetwork.ClusterSubnet) -> Int {
        1 << min(range.hostPrefix - range.network.length, 20)
    }

    subscript(number: Int) -> IPNetwork? {
        var rest = number
        for range in ranges {
            if rest < Self.count(range) {
                let size = UInt128(1) << UInt128(range.network.family.bits - range.hostPrefix)
                let base = range.network.base.number + UInt128(rest) * size
                return IPNetwork(
                    IPAddress(family: range.network.family, number: base), length: range.hostPrefix)
            }
            rest -= Self.count(range)
        }
        return nil
    }

    /// The number of a subnet that is annotated; nil when it is not one of these blocks.
    func number(of subnet: IPNetwork) -> Int? {
        var before = 0
        for range in ranges {
            if range.network.contains(subnet.base), subnet.length == range.hostPrefix {
                let size = UInt128(1) << UInt128(subnet.family.bits - subnet.length)
                let number = (subnet.base.number - range.network.base.number) / size
                return number < UInt128(Self.count(range)) ? before + Int(number) : nil
            }
            before += Self.count(range)
        }
        return nil
    }

    var description: String { ranges.map(\.network.description).joined(separator: ", ") }
}
