import Glibc
import Linux
import Model
import Testing

@testable import Lab

/// An unbroken row of echo requests, one every ten milliseconds.
final class Pinging: Sendable {
    static let interval = 10
    private let process: ChildProcess
    private let output: Descriptor

    struct Result: CustomStringConvertible {
        let sent: Int
        let lost: Int
        /// Milliseconds of the longest time without an answer.
        let gap: Int

        /// A request counts as lost when a later one was answered.
        init(_ answered: [Int]) {
            let numbers = Set(answered).sorted()
            let first = numbers.first ?? 0
            sent = numbers.isEmpty ? 0 : (numbers.last ?? 0) - first + 1
            lost = sent - numbers.count
            gap = (zip(numbers, numbers.dropFirst()).map { $1 - $0 - 1 }.max() ?? 0) * Pinging.interval
        }

        var description: String { "\(lost) of \(sent) lost, longest gap \(gap) ms" }
    }

    /// Returns when the first answer is there.
    init(_ lab: RealLab, from place: String, to address: IPAddress) async throws {
        let namespace = try NetworkNamespace.named(
            try LabExec(lab.paths, lab.probe.record).place(of: place).namespace)
        let path = "/tmp/ovbt-ping-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        output = try Descriptor(open: path, flags: O_RDWR | O_CREAT | O_EXCL)
        unlink(path)
        let stream = output
        process = try namespace.run {
            try ChildProcess(
                ["ping", "-n", "-i", "0.0\(Self.interval)", "\(address)"], output: .descriptor(stream),
                errors: .descriptor(stream))
        }
        do {
            try await until("an answer from \(address) to \(place)") { try !self.answered().isEmpty }
        } catch {
            process.signal(SIGKILL)
            throw error
        }
    }

    deinit { process.signal(SIGKILL) }

    /// The numbers of the requests that were answered.
    private func answered() throws -> [Int] { try Self.answered(in: output) }

    static func answered(in output: Descriptor) throws -> [Int] {
        let text = String(decoding: try output.contents(), as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            guard let mark = line.firstRange(of: "icmp_seq="), line.contains("time=") else { return nil }
            return Int(line[mark.upperBound...].prefix { $0.isNumber })
        }
    }

    var count: Int { get throws { try answered().count } }

    /// Waits until some more requests have been answered, so that what comes next is seen by the row.
    func more(_ answers: Int = 20) async throws {
        let before = try count
        try await until("\(answers) more answers") { try count >= before + answers }
    }

    /// Ends it.
    func stop() async throws -> Result {
        try await more()
        let process = process
        process.signal(SIGINT)
        _ = try await onThread { try process.wait() }
        return Result(try answered())
    }
}
