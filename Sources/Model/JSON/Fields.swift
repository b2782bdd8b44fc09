public import Core

/// Which fields an object may have: finds the misspelt ones.
public indirect enum Fields: Sendable {
    /// Not looked into.
    case any
    case object([String: Fields])
    case list(Fields)
    /// Any keys, all values alike.
    case map(Fields)

    /// Members that are not looked into.
    public static func members(_ names: String...) -> Fields {
        .object(Dictionary(names.map { ($0, .any) }) { first, _ in first })
    }

    /// An object of Kubernetes: its own members besides `apiVersion`, `kind`, `metadata` and `status`.
    public static func kubernetes(_ own: [String: Fields]) -> Fields {
        .object(
            own.merging(
                ["apiVersion": .any, "kind": .any, "metadata": metadata, "status": .any],
                uniquingKeysWith: { a, _ in a }))
    }

    public static let metadata = Fields.members(
        "name", "namespace", "labels", "annotations", "uid", "generateName", "generation", "resourceVersion",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "ownerReferences",
        "managedFields", "selfLink")

    /// The fields that are there and not in the list, each with the nearest one that is.
    public func unknown(in cursor: JSONCursor) -> [Rejection] {
        // Mostly all are known, which takes no paths to find out.
        if let value = cursor.value, knows(value) { return [] }
        switch self {
        case .any: return []
        case .list(let each):
            return ((try? cursor.elements()) ?? []).flatMap { each.unknown(in: $0) }
        case .map(let each):
            return ((try? cursor.members()) ?? []).flatMap { each.unknown(in: $0.value) }
        case .object(let known):
            return ((try? cursor.members()) ?? []).flatMap { key, value in
                if let fields = known[key] { return fields.unknown(in: value) }
                let hint = nearest(to: key, in: known.keys).map { "; did you mean \($0)?" } ?? ""
                return [value.rejection("UnknownField", "is not a field\(hint)")]
            }
        }
    }
}

extension Fields {
    private func knows(_ value: JSON) -> Bool {
        switch (self, value) {
        case (.list(let each), .array(let list)): list.allSatisfy(each.knows)
        case (.map(let each), .object(let object)): object.allSatisfy { each.knows($0.value) }
        case (.object(let known), .object(let object)): object.allSatisfy { known[$0.key]?.knows($0.value) ?? false }
        default: true
        }
    }
}

/// The word that is closest to a misspelt one, or nil when none is close.
public func nearest(to word: String, in words: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    return words.map { (distance: editDistance(word, $0), word: $0) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
}

/// How many letters must be changed, added, taken away or swapped with the next.
private func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.lowercased())
    let b = Array(b.lowercased())
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
