import Model

/// What several daemons say of the same thing, as one: an item that differs between nodes stays apart.
func merged(_ answers: Answers) -> [(nodes: [String], item: JSON)] {
    var items: [(nodes: [String], item: JSON)] = []
    var places: [JSON: Int] = [:]
    for (node, answer) in answers {
        for item in answer["items"].list {
            if let place = places[item] {
                items[place].nodes.append(node)
            } else {
                places[item] = items.count
                items.append(([node], item))
            }
        }
    }
    return items.sorted { identity($0.item).lexicographicallyPrecedes(identity($1.item)) }
}

/// Kind, namespace if it has one, name.
func identity(_ item: JSON) -> [String] {
    [item["kind"].text, item["namespace"].text, item["name"].text].filter { !$0.isEmpty }
}

/// `n1`, `n1 n3`, or `all 3 nodes`.
func places(_ nodes: [String], of count: Int) -> String {
    nodes.count == count && count > 1 ? "all \(count) nodes" : nodes.joined(separator: " ")
}
