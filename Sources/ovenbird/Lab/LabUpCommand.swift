import ArgumentParser
@preconcurrency import Dispatch
import Glibc
import Lab
import Linux
import Model
import Synchronization

struct LabUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Makes a lab from a directory of manifests, and waits until it works.",
        discussion: """
            EXAMPLES:
              sudo ovenbird lab up Examples/network
              sudo ovenbird lab up Examples/network --nodes 2 --name two --families v6v4
              sudo ovenbird lab up Examples/network --keep     a lab that fails stays, to be looked at

            What it made is removed again when it fails or is interrupted.
            """)

    @Argument(help: ArgumentHelp("The manifests.", valueName: "dir")) var directory: String
    @Option(help: "How many nodes.") var nodes = 3
    @Option(help: "The name of the lab; that of the directory when left out.") var name: String?
    @Option(help: ArgumentHelp("v4, v6, v4v6 or v6v4: the primary family first.")) var families = LabFamilies.v4v6
    @Option(help: ArgumentHelp("Pod networks, as in the configuration: CIDR/HOSTPREFIX,...", valueName: "list"))
    var clusterSubnets: String?
    @Option(help: ArgumentHelp("How long it may take, in seconds.", valueName: "seconds")) var timeout = 60
    @Flag(help: "Leaves a lab that fails as it is.") var keep = false
    @Flag(help: "Prints the result as JSON; steps go to standard error.") var json = false
    @Option(help: ArgumentHelp("The CNI executable.", valueName: "path")) var cni: String?
    @Option(help: .hidden) var daemon: [String] = []

    func validate() throws {
        guard (1...50).contains(nodes) else { throw ValidationError("--nodes \(nodes): a lab has 1 to 50 nodes") }
        guard timeout > 0 else { throw ValidationError("--timeout \(timeout): must be above 0") }
        guard name.map(LabPaths.isName) ?? true else {
            throw ValidationError("--name: lower case letters, digits and dashes, 20 at most")
        }
    }

    func run() async throws {
        let manifests = absolute(directory)
        let paths = LabPaths(name: name ?? LabPaths.name(for: manifests))
        let program = Program.path
        let record = LabRecord(
            name: paths.name, manifests: manifests, nodes: nodes, families: families,
            clusterSubnets: (clusterSubnets ?? "").split(separator: ",").map(String.init),
            daemon: daemon.isEmpty ? [program] : daemon, plugin: cni.map(absolute) ?? Program.plugin,
            began: time(nil))
        let printer = StepPrinter(isJSON: json)
        let up = LabUp(
            paths, record, supervisor: [program, "lab", "run", paths.name], timeout: .seconds(timeout), keep: keep,
            progress: printer)
        let began = ContinuousClock.now
        let work = Task { try await up.run() }
        let interrupts = Interrupts { work.cancel() }
        do {
            finish(try await work.value, paths, after: began.duration(to: .now))
        } catch {
            if interrupts.hasCome {
                say(
                    "interrupted; \(keep ? "lab \(paths.name) stays as it is" : "nothing is left of lab \(paths.name)")"
                )
                throw ExitCode(130)
            }
            throw CommandFailure(lab: error)
        }
    }

    private func finish(_ report: LabReport, _ paths: LabPaths, after time: Duration) {
        if json {
            let answer: JSON = [
                "apiVersion": "ovenbird.io/v1", "kind": "Lab", "name": .string(paths.name), "complete": true,
                "seconds": .real(time / .seconds(1)), "report": report.json(revision: 0),
            ]
            return print(answer.text(.pretty))
        }
        print("Lab \(paths.name) is up (\(StepPrinter.text(time))).")
        if let pod = report.pods.first { print("Try:  ovenbird lab exec \(pod.key) -- ip addr") }
        print("      ovenbird status · ovenbird lab down \(paths.name)")
    }

    private func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else {
            return path.hasPrefix("/") ? path : "\(String(cString: getcwd(nil, 0)))/\(path)"
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension LabFamilies: ExpressibleByArgument {}

/// Where this program's own executables are.
enum Program {
    static var path: String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Beside this one, or where a static build puts it.
    static var plugin: String {
        if let own = getenv("OVENBIRD_CNI") { return String(cString: own) }
        let directory = path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let places = ["\(directory)/ovenbird-cni", "\(directory)/../release/ovenbird-cni"]
        return places.first { access($0, X_OK) == 0 } ?? places[0]
    }
}

/// Prints a line per step: what a script reads as well as a person, without carriage returns.
struct StepPrinter: LabProgress {
    let isJSON: Bool

    func done(_ step: String, _ detail: String, after time: Duration) {
        let name = step + String(repeating: " ", count: max(0, 13 - step.count))
        line("\(name) \(detail)", time)
    }

    func line(_ text: String, _ time: Duration) {
        let width = 78
        let padded = text + String(repeating: " ", count: max(1, width - text.count))
        write("\(Mark.ok) \(padded) \(Self.text(time))")
    }

    func waiting(_ step: String, for what: String) { write("\(Mark.attention) \(step) waits for \(what)") }

    private func write(_ text: String) {
        if isJSON { return say(text) }
        print(text)
        fflush(nil)
    }

    static func text(_ time: Duration) -> String {
        let tenths = Int((time / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

/// Ctrl-C: the first one asks to stop and clean up, one that comes later ends at once.
final class Interrupts: Sendable {
    private let first = Mutex<ContinuousClock.Instant?>(nil)
    private let sources: [any DispatchSourceSignal]

    var hasCome: Bool { first.withLock { $0 != nil } }

    init(_ stop: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            source.setEventHandler { [weak self] in
                let began = self?.first.withLock { first in
                    let known = first
                    first = first ?? .now
                    return known
                }
                guard let began else { return stop() }
                // A process group and its leader may both be told: that is one interruption.
                if began.duration(to: .now) > .milliseconds(500) { _exit(130) }
            }
            source.resume()
        }
    }
}
