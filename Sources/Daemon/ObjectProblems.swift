import Core
import Model

/// What is wrong with one object, as an object: so that saying so is a handler's work like everything else.
struct ObjectProblems: Kind {
    static let kind = "ObjectProblems"
    /// The object's text: `Pod/shop/web`.
    let name: String
    let object: ObjectID
    let problems: [Problem]

    /// One per object that users write and that has problems: those which they can mend, and those for which its module
    /// does not do what they asked for. Of a conflict the modules tell themselves, in their own words.
    static func list(_ problems: [Problem]) -> [ObjectID: ObjectProblems] {
        let kinds = Set(KindDecoder.base.map(\.kind))
        var found: [ObjectID: [Problem]] = [:]
        let told: Set<Problem.What> = [.rejected, .partial, .refused, .fault, .quarantined]
        for problem in problems where told.contains(problem.what) {
            if let object = problem.object, kinds.contains(object.kind) { found[object, default: []].append(problem) }
        }
        return Dictionary(
            uniqueKeysWithValues: found.map { object, problems in
                let sorted = problems.sorted { "\($0)" < "\($1)" }
                return (object, ObjectProblems(name: object.description, object: object, problems: sorted))
            })
    }
}

/// Writes on an object what is wrong with it, where its user will look: a condition and one event.
struct ObjectProblemsModule: NodeModule, ClusterModule {
    static let manifest = Manifest(
        name: "object-problems",
        summary: "Says on an object what is wrong with it",
        stage: .beta,
        reads: [ObjectProblems.self], writes: [.rows(ObjectStatus.self)])

    func register(on node: inout NodeScope) { node.each(ObjectProblems.self, Self.handle) }
    func register(on cluster: inout ClusterScope) { cluster.each(ObjectProblems.self, Self.handle) }

    private static func handle(_ object: ObjectProblems, _ cell: inout Cell) throws(Rejection) {
        guard let first = object.problems.first else { return }
        var told: Set<String> = []
        // Many cells of one object may say the same.
        let text = object.problems.map { problem in
            problem.field.isEmpty ? problem.message : "\(problem.field): \(problem.message)"
        }.filter { told.insert($0).inserted }.joined(separator: "; ")
        cell.add(
            ObjectStatus(
                object.object, conditions: ["Accepted": Condition(.false, reason: first.reason, message: text)],
                events: [ObjectEvent(.warning, reason: first.reason, message: text)]))
    }
}
