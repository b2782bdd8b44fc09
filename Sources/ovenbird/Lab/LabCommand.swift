import ArgumentParser
import Glibc
import Lab
import Linux
import Model

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Nodes on this machine, each with its own Open vSwitch, OVN and daemon.",
        discussion: """
            EXAMPLES:
              sudo ovenbird lab up Examples/network --nodes 3
              sudo ovenbird lab exec shop/web -- ping -c1 db
              sudo ovenbird lab down
            """,
        subcommands: [
            LabUpCommand.self, LabStatusCommand.self, LabListCommand.self, LabGetCommand.self, LabApplyCommand.self,
            LabExecCommand.self, LabAnswerCommand.self, LabDownCommand.self, LabRunCommand.self,
        ])
}

/// The lab that a command is about.
struct LabOption: ParsableArguments {
    @Option(help: ArgumentHelp("The lab; the only one when left out.", valueName: "name")) var lab: String?

    /// Its place and its record; throws when it is none or only half there.
    func open() throws -> (LabPaths, LabRecord) {
        do {
            let paths = try Labs.pick(lab)
            guard let record = LabRecord(paths) else {
                throw LabFailure(
                    "lab \(paths.name) has leftovers only (Leftovers)", next: "ovenbird lab down \(paths.name)")
            }
            return (paths, record)
        } catch let failure as LabFailure {
            throw CommandFailure(failure)
        }
    }
}

extension CommandFailure {
    init(_ failure: LabFailure) {
        self.init(what: failure.what, because: failure.because, next: failure.next, exitCode: failure.exitCode)
    }

    /// For what comes from the system below.
    init(lab error: any Error) {
        switch error {
        case let failure as LabFailure: self.init(failure)
        case let failure as CommandFailure: self = failure
        default: self.init(what: "\(error)")
        }
    }
}

/// The supervisor of a lab; `lab up` starts it.
struct LabRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Keeps a lab running.", shouldDisplay: false)

    @Argument(help: "The name of the lab.") var name: String

    func run() async throws {
        // Signals of the terminal are for the command that started it.
        setsid()
        let paths = LabPaths(name: name)
        guard let record = LabRecord(paths) else {
            throw CommandFailure(what: "there is no lab \(name) (NotFound)", next: "ovenbird lab up DIR", exitCode: 1)
        }
        do { try await LabRunner(paths, record).run() } catch { throw CommandFailure(lab: error) }
    }
}

struct LabExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a command in a pod, on a node, or outside the cluster.",
        discussion: """
            EXAMPLES:
              sudo ovenbird lab exec shop/web -- curl -s db:8080
              sudo ovenbird lab exec node:n1 -- ovs-vsctl show
              sudo ovenbird lab exec outside -- ping -c1 172.30.0.1

            Its exit code is the command's. On a node, the tools of Open vSwitch and OVN find the node's own engine.
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: ArgumentHelp("NS/POD, node:NAME or outside.", valueName: "where")) var target: String
    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command.", valueName: "command"))
    var command: [String]

    func run() throws {
        let (paths, record) = try lab.open()
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else { throw ValidationError("say what to run: lab exec \(target) -- COMMAND") }
        do { try LabExec(paths, record).run(target, words) } catch { throw CommandFailure(lab: error) }
    }
}

struct LabDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Removes a lab, or what is left of one.",
        discussion: "EXAMPLES:\n  sudo ovenbird lab down\n  sudo ovenbird lab down shop\n  sudo ovenbird lab down --all"
    )

    @Argument(help: "The lab; the only one when left out.") var name: String?
    @Flag(help: "Removes every lab.") var all = false

    func run() async throws {
        do {
            let chosen = all ? Labs.names().map { LabPaths(name: $0) } : [try Labs.pick(name)]
            for paths in chosen {
                let began = ContinuousClock.now
                let removed = try await onThread { try LabDown(paths).run() }
                StepPrinter(isJSON: false).line(
                    "removed \(paths.name): \(removed.nodes) nodes, \(removed.pods) pods, \(removed.namespaces) "
                        + "namespaces, \(removed.processes) processes; nothing left", began.duration(to: .now))
            }
        } catch {
            throw CommandFailure(lab: error)
        }
    }
}

struct LabApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Adds the objects of a file to a lab, or changes them.",
        discussion: """
            EXAMPLES:
              sudo ovenbird lab apply policy.yaml
              sudo ovenbird lab apply --delete policy.yaml

            Applied objects count before those of the lab's directory. The file is copied; a later version of it, \
            applied again, takes its place.
            """)

    @OptionGroup var lab: LabOption
    @Flag(help: "Takes the objects of the file out again.") var delete = false
    @Argument(help: "A manifest: YAML or JSON.") var file: String

    func run() throws {
        let (paths, _) = try lab.open()
        do {
            let outcome = try LabApply(paths).run(file, delete: delete)
            print("\(Mark.ok) \(outcome)")
        } catch {
            throw CommandFailure(lab: error)
        }
    }
}
