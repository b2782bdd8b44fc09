import Core
import Feeds
import Glibc
import Linux
import Model
import NetworkPolicy
import OVSDB
import OVSDBTestKit
import PodNetwork

/// Measures network policy at scale, from objects as text to the rows in a real northbound database: 5,000 pods of
/// which 250 are local, 1,000 policies. Exact rows; the server's own time is not ours and not in the CPU figures.
///
///     PolicyBenchmark
///     PolicyBenchmark engine OVENBIRD OVENBIRD-CNI [NAMESPACES NODES]    on a real engine, in a lab
@main
struct PolicyBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count > 3, arguments[1] == "engine" {
            func number(_ place: Int, or other: Int) -> Int {
                arguments.count > place ? Int(arguments[place]) ?? other : other
            }
            let load = EngineLoad(namespaces: number(4, or: 100), nodes: number(5, or: 100))
            return try showEngine(EngineScale(program: arguments[2], plugin: arguments[3], load: load), load)
        }
        // What makes the load is another process, so that its memory does not count.
        if arguments.count > 1 { return try write(to: arguments[1]) }
        let directory = "/tmp/ovbt-policybench-\(getpid())"
        try Files.makeDirectory(directory)
        defer { _ = try? Command("rm", "-rf", directory).run() }
        _ = try await Command("/proc/\(getpid())/exe", directory).run()
        let server = try DatabaseServer(.northbound)
        try server.initialise()

        say("10 nodes, 5,000 pods (250 local), 50 namespaces, 1,000 policies, dual-stack")
        var zone = try await start("start", directory, server)
        line("", "\(peakMegabytes()) MB at most")
        showRows(zone.engine)
        let before = try content(server)
        await zone.stop()
        zone = try await start("restart", directory, server)
        let isSame = try content(server) == before
        line("", "northbound rows are \(isSame ? "the same ones" : "NOT the same ones")")
        try await changes(&zone)
        await zone.stop()
    }

    private static func showEngine(_ scale: EngineScale, _ load: EngineLoad) throws {
        say(
            "engine: \(load.nodes) nodes, \(load.pods) pods, \(load.namespaces) namespaces, \(load.policies) policies, "
                + "dual-stack")
        let figures = try scale.run()
        line("pods", "\(figures.localPods) local")
        line("flows", "\(figures.flows), before the policies \(figures.flowsBefore)")
        line("sync", "first \(milliseconds(figures.firstSync)) ms, steady \(milliseconds(figures.steadySync)) ms")
        let added = figures.added.sorted()
        line(
            "add",
            "a remote pod, file to flows: p50 \(milliseconds(added[added.count / 2])) ms, "
                + "slowest \(milliseconds(added[added.count - 1])) ms")
        line("deny", "all pods, by an admin: denied \(figures.isDenied), own node's probes pass \(figures.isProbed)")
    }

    private static func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1000).rounded()) }

    private static func write(to directory: String) throws {
        for (number, text) in Load.files().enumerated() {
            try Files.write("\(directory)/\(number < 10 ? "0" : "")\(number).json", text)
        }
    }

    private static func start(_ name: String, _ directory: String, _ server: DatabaseServer) async throws -> Zone {
        let began = Clock()
        let zone = try Zone(server)
        let reader = ManifestReader(decoders: KindDecoder.base, byteLimit: 1 << 26)
        zone.apply(Load.settings)
        for file in (Files.list(directory) ?? []).sorted() {
            let contents = reader.read(try Descriptor(open: "\(directory)/\(file)").contents(), file: file)
            guard contents.problems.isEmpty else { fatalError("\(contents.problems[0])") }
            zone.apply(contents.objects.map(\.object))
        }
        let read = began.text
        zone.listed()
        let result = await zone.settle()
        let statistics = zone.plane.statistics
        line(name, "\(began.text), of that reading objects \(read)")
        line(
            "",
            "\(result.cells) cell runs, \(statistics.transactions) transactions, \(statistics.operations) rows written")
        return zone
    }

    private static func showRows(_ engine: Engine) {
        var counts: [String: Int] = [:]
        for row in engine.rows(plane: PlaneName.northbound) { counts[row.table.name, default: 0] += 1 }
        for (index, count) in counts.sorted(by: { $0.key < $1.key }).enumerated() {
            let number = "\(count.value)"
            let gap = String(repeating: " ", count: max(1, 7 - number.count))
            line(index == 0 ? "rows" : "", "\(number)\(gap)\(count.key)")
        }
    }

    /// All rows of the tables that policies fill, with their identities.
    private static func content(_ server: DatabaseServer) throws -> String {
        try ["ACL", "Port_Group", "Address_Set", "Logical_Switch_Port"].map { table in
            try server.tool("--format=csv", "list", table).split(separator: "\n").sorted().joined(separator: "\n")
        }.joined()
    }

    private static func changes(_ zone: inout Zone) async throws {
        let decoder = KindDecoder(Pod.self)
        func pod(_ namespace: Int, _ number: Int, _ extra: [(String, String)] = []) throws -> any Kind {
            try decoder.decode(JSONCursor(Load.podText(namespace: namespace, number, extra: extra)))
        }
        var added: [Double] = []
        var touched: Set<Int> = []
        for round in 0..<200 {
            zone.apply([try pod(round % 50, 1000 + round)])
            let result = await zone.settle()
            added.append(result.milliseconds)
            touched.insert(result.rows)
        }
        line("add", "one remote pod, to the database: \(percentiles(added)); rows touched: \(range(touched))")
        var relabelled: [Double] = []
        touched = []
        for round in 0..<200 {
            let number = round % 100
            zone.apply([try pod(round % 50, number, round < 100 ? [("app", "app\((number + 1) % 10)")] : [])])
            let result = await zone.settle()
            relabelled.append(result.milliseconds)
            touched.insert(result.rows)
        }
        line("relabel", "one pod, to the database: \(percentiles(relabelled)); rows touched: \(range(touched))")
    }

    private static func percentiles(_ times: [Double]) -> String {
        let sorted = times.sorted()
        return "p50 \(tenths(sorted[sorted.count / 2])) ms, p99 \(tenths(sorted[sorted.count * 99 / 100])) ms"
    }

    private static func range(_ numbers: Set<Int>) -> String {
        let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
        return low == high ? "\(low)" : "\(low) to \(high)"
    }

    private static func line(_ name: String, _ text: String) {
        say(name + String(repeating: " ", count: max(0, 9 - name.count)) + text)
    }
}

/// Shown at once, also when it goes into a file.
func say(_ line: String) {
    print(line)
    fflush(nil)
}

func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

func peakMegabytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
}

/// CPU and wall time since it was made.
struct Clock {
    private let cpu = Self.now(CLOCK_PROCESS_CPUTIME_ID)
    private let wall = Self.now(CLOCK_MONOTONIC)

    var milliseconds: Double { (Self.now(CLOCK_MONOTONIC) - wall) * 1000 }
    var text: String {
        "\(tenths((Self.now(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1000)) ms CPU, \(tenths(milliseconds)) ms"
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
