import ArgumentParser
import Lab

struct LabAnswerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer", abstract: "A server that says who it is, and as whom it sees you.",
        discussion: """
            Answers on a port by TCP and UDP with one line, until it is ended: what the pods of the examples run.

            EXAMPLES:
              command: [ovenbird, lab, answer, web, --port, "8080"]     # in a pod's manifest
              sudo ovenbird lab exec outside -- ovenbird lab answer outside --port 9000
            """)

    @Argument(help: "Its name.") var name: String
    @Option(help: ArgumentHelp("Where it answers, 1 to 65535.", valueName: "port")) var port: Int
    @Flag(help: "After its line, on TCP, send back what comes.") var echo = false

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("there is no port \(port); use 1 to 65535") }
    }

    func run() async throws {
        do { try await Answerer(name, echo ? .echo : .brief).run(port: port) } catch {
            throw CommandFailure(what: "cannot answer on port \(port)", because: "\(error)", next: "ss -tulpn")
        }
    }
}
