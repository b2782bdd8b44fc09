import Core
import Model
import Testing

@testable import Feeds

/// A generator with a seed, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

@Test("whatever the order of files and overlays, the same objects follow", arguments: 1...50 as ClosedRange<UInt64>)
func anyOrder(seed: UInt64) throws {
    let reader = ManifestReader(decoders: KindDecoder.base)
    func contents(_ names: [String], _ app: String) -> ManifestContents {
        let text = names.map {
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \($0), namespace: s, labels: {app: \(app)}}\n"
        }
        return reader.read(Array(text.joined(separator: "---\n").utf8), file: "\(app).yaml")
    }
    let overlay = ObjectOverlay(annotations: ["k": "v"])
    let steps: [(inout ManifestIndex) -> Void] = [
        { $0.update(.init(directory: 0, path: "b"), contents(["x", "y"], "b"), keeping: false) },
        { $0.update(.init(directory: 0, path: "a"), contents(["y", "z"], "a"), keeping: false) },
        { $0.update(.init(directory: 1, path: "0"), contents(["z", "w"], "c"), keeping: false) },
        { $0.update(overlay, of: Pod.id("s", "y"), by: "n1") },
        { $0.update(ObjectOverlay(annotations: ["k": "2"]), of: Pod.id("s", "y"), by: "n2") },
        { $0.update(overlay, of: Pod.id("s", "nobody"), by: "n1") },
    ]
    func result(_ order: [Int]) -> (objects: [String], problems: [FeedFailure]) {
        var index = ManifestIndex()
        var state: [ObjectID: Pod] = [:]
        for step in order {
            steps[step](&index)
            for change in index.changes() {
                if case .put(let object) = change { state[change.id] = object as? Pod } else { state[change.id] = nil }
            }
        }
        _ = index.filesHaveChanged()
        return (
            state.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.labels) \($0.value.annotations)" },
            index.problems
        )
    }
    let expected = result(Array(steps.indices))
    #expect(expected.objects.count == 4 && expected.problems.map(\.reason) == ["DuplicateObject", "DuplicateObject"])
    var generator = SeededGenerator(state: seed)
    let order = steps.indices.shuffled(using: &generator)
    #expect(result(order) == expected, "order \(order)")
}
