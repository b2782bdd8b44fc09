import Glibc
import Lab
import Linux
import LocalHTTP
import Model

/// Measures how long pods take to start on one node: from running the CNI executable to the first packet, and where
/// the time goes.
///
///     PodBenchmark OVENBIRD OVENBIRD-CNI [PODS]
@main
struct PodBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            print("usage: PodBenchmark OVENBIRD OVENBIRD-CNI [PODS]")
            exit(2)
        }
        let count = arguments.count > 3 ? Int(arguments[3]) ?? 100 : 100
        let bench = try PodStarts(program: arguments[1], plugin: arguments[2], count: count)
        defer { bench.takeDown() }
        try bench.bringUp()
        let starts = try bench.measure()
        print(Figures(starts: starts, stages: try bench.stages()).text)
    }
}

/// One pod's start as it is seen from outside, in milliseconds.
struct Start {
    let add: Double
    let firstPacket: Double
}

/// Where the time went inside the daemon, in milliseconds.
struct Stages {
    let decided: Double
    let wired: Double
    let installed: Double
    let opened: Double
    var total: Double { decided + wired + installed + opened }
}

/// What is printed.
struct Figures {
    let starts: [Start]
    let stages: [Stages]

    var text: String {
        var lines = ["STEP                                        p50 ms   p99 ms  share of p50"]
        let whole = starts.map { $0.add + $0.firstPacket }
        let executable = zip(starts, stages).map { $0.add - $1.total }
        let middle = percentile(whole, 50)
        func add(_ name: String, _ values: [Double]) {
            let p50 = percentile(values, 50)
            lines.append(
                "\(padded(name, 42)) \(padded(hundredths(p50), 8, right: true)) "
                    + "\(padded(hundredths(percentile(values, 99)), 8, right: true)) "
                    + padded("\(Int((p50 / middle * 100).rounded()))%", 13, right: true))
        }
        add("CNI executable: fork, exec, socket", executable)
        add("daemon: request to rows at the planes", stages.map(\.decided))
        add("planes: databases and kernel confirm", stages.map(\.wired))
        add("OVN: flows of the port installed", stages.map(\.installed))
        add("daemon and kernel: link opened", stages.map(\.opened))
        add("ADD, all of it", starts.map(\.add))
        add("first packet answered, after ADD", starts.map(\.firstPacket))
        add("ADD to first packet", whole)
        let slowest = whole.enumerated().sorted { $0.element > $1.element }.prefix(3)
        let names = slowest.map { "number \($0.offset + 1) \(hundredths($0.element))" }.joined(separator: ", ")
        return lines.joined(separator: "\n")
            + "\n\(starts.count) pods on one node, one after the other; the slowest: \(names)"
    }

    private func percentile(_ values: [Double], _ percent: Int) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    private func hundredths(_ value: Double) -> String {
        let number = Int((value * 100).rounded())
        let rest = String(number % 100)
        return "\(number / 100).\(rest.count == 1 ? "0" + rest : rest)"
    }

    private func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return right ? space + text : text + space
    }
}
