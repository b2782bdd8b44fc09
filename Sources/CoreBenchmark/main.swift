import Core
import Glibc

// Usage: CoreBenchmark [WORKLOAD]. Without a name, runs each workload in a process of its own.

/// What a workload must come to, whatever the machine: times vary, these do not.
struct Expectation: Equatable {
    var cellRuns = 0
    var rows = 0
    var facts = 0
    var groups = 0
    /// Cell runs, rows and facts of all flips.
    var flips: [Int] = []
}

let workloads: [(name: String, expected: Expectation, make: () -> Workload)] = [
    (
        "namespaces", Expectation(cellRuns: 200_000, rows: 250_003, facts: 400_004, groups: 125_000),
        { .manyNamespaces() }
    ),
    ("policies", Expectation(cellRuns: 20_001, rows: 20_005, facts: 40_006, groups: 2), { .manyPolicies() }),
    (
        "pods",
        Expectation(
            cellRuns: 110_100, rows: 140_023, facts: 260_024, groups: 20_025, flips: [9_600, 39_000, 39_000]),
        { .manyPods(local: 100_000) }
    ),
    (
        "pods-250-local",
        Expectation(cellRuns: 110_100, rows: 658, facts: 1_109, groups: 10_110, flips: [9_625, 373, 715]),
        { .manyPods(local: 250) }
    ),
]

func cpu() -> Double { seconds(of: CLOCK_PROCESS_CPUTIME_ID) }

/// Cheap to read, unlike CPU time, which is a call into the kernel.
func wall() -> Double { seconds(of: CLOCK_MONOTONIC) }

private func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func peakMegabytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
}

func seconds(_ time: Double) -> String {
    let milliseconds = Int(time * 1000 + 0.5)
    return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst()) s"
}

func measure(_ name: String, _ work: consuming Workload) throws -> Expectation {
    var found = Expectation()
    let engine = Engine(scope: .node)
    // One turn, so that the load is not measured with the number of its slices.
    engine.slice = .max
    engine.expect(feed: "objects", kinds: [Pod.self, Policy.self, Namespace.self])
    try engine.enable(PodModule())
    try engine.enable(PolicyModule())
    let objects = peakMegabytes()
    while !work.objects.isEmpty {
        let batch = work.objects.prefix(5000)
        engine.apply(.changes(feed: "objects", batch.map { .put($0) }, lane: .bulk))
        work.objects.removeFirst(batch.count)
    }
    work.objects = []

    var start = cpu()
    var runs = 0
    var turns = 0
    repeat {
        runs += engine.turn().statistics.cellRuns
        turns += 1
    } while engine.hasWork
    let loaded = cpu() - start
    found.cellRuns = runs
    let peak = peakMegabytes()
    print(
        "\(name): load \(seconds(loaded)), peak \(peak) MB (\(objects) of them objects), \(runs) cell runs in \(turns) turns"
    )

    start = cpu()
    engine.apply(.listed(feed: "objects"))
    let first = engine.turn()
    let handed = cpu() - start
    let counts = engine.counts()
    found.rows = first.statistics.rows
    found.facts = counts.facts
    found.groups = counts.groups
    print(
        "\(name): first delta \(seconds(handed)), \(first.statistics.rows) rows, \(counts.facts) facts stored, "
            + "\(counts.groups) groups, \(counts.buckets) buckets, \(engine.problems().count) problems")
    let memory = engine.memory()
    print(
        "\(name): \(memory.values.reduce(0, +) >> 20) MB without objects: "
            + memory.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value >> 20)" }.joined(separator: ", "))
    guard !work.flips.isEmpty else { return found }

    found.flips = flip(name, work.flips, engine)
    return found
}

/// Changes one label at a time, each in a turn of its own.
func flip(_ name: String, _ flips: [any Kind], _ engine: Engine) -> [Int] {
    var runs = 0
    var rows = 0
    var facts = 0
    var worst = 0.0
    let start = cpu()
    for flip in flips {
        let before = wall()
        engine.apply(.changes(feed: "objects", [.put(flip)], lane: .bulk))
        let result = engine.turn()
        worst = max(worst, wall() - before)
        runs += result.statistics.cellRuns
        rows += result.statistics.rows
        facts += result.statistics.facts
    }
    let each = (cpu() - start) / Double(flips.count)
    print(
        "\(name): \(flips.count) flips, \(Int(each * 1e7) / 10).\(Int(each * 1e7) % 10) us each, worst (wall) "
            + "\(Int(worst * 1e6)) us, \(runs) cell runs, \(rows) rows, \(facts) facts")
    return [runs, rows, facts]
}

/// Runs this program again for one workload.
func spawn(_ name: String) {
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(CommandLine.arguments[0]), strdup(name), nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    guard posix_spawn(&child, "/proc/self/exe", nil, nil, arguments, environ) == 0 else {
        fatalError("cannot start a process for workload \(name)")
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    if status != 0 { exit(1) }
}

if CommandLine.arguments.count > 1 {
    guard let workload = workloads.first(where: { $0.name == CommandLine.arguments[1] }) else {
        print("no workload \(CommandLine.arguments[1]); there are \(workloads.map(\.name).joined(separator: ", "))")
        exit(2)
    }
    let found = try measure(workload.name, workload.make())
    guard found == workload.expected else {
        print("\(workload.name): expected \(workload.expected), found \(found)")
        exit(1)
    }
} else {
    for workload in workloads { spawn(workload.name) }
}
