import Model

/// Reads what `nft --numeric --stateless list table` prints.
enum NetfilterListing {
    static func parse(_ text: String) -> NetfilterState {
        var state = NetfilterState()
        var block: (kind: Substring, name: String, lines: [String])?
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if let open = block {
                if line == "\t}" {
                    close(open, into: &state)
                    block = nil
                } else if !words.isEmpty {
                    block?.lines.append(words.joined(separator: " "))
                }
            } else if words.count == 3, words[2] == "{", ["chain", "set", "map"].contains(words[0]) {
                block = (words[0], String(words[1]), [])
            }
        }
        return state
    }

    private static func close(
        _ block: (kind: Substring, name: String, lines: [String]), into state: inout NetfilterState
    ) {
        if block.kind == "chain" {
            let hook = block.lines.first.flatMap(hook)
            let rules = hook == nil ? block.lines : Array(block.lines.dropFirst())
            state.chains[block.name] = .init(hook: hook, rules: rules)
            return
        }
        var set = NetfilterState.Set(type: "", interval: false, elements: [])
        var elements = ""
        for line in block.lines {
            if line.hasPrefix("type ") {
                set.type = String(line.dropFirst(5))
            } else if line.hasPrefix("flags ") {
                set.interval = line.contains("interval")
            } else if line.hasPrefix("elements = {") {
                elements = String(line.dropFirst(12))
            } else if !elements.isEmpty {
                elements += " " + line
            }
        }
        let members = elements.split { $0 == "," || $0 == "}" }
            .map { $0.split(separator: " ").joined(separator: " ") }.filter { !$0.isEmpty }
        set.elements = Set(members)
        state.sets[block.name] = set
    }

    /// `type filter hook ingress device "e0" priority -500; policy drop;`
    private static func hook(_ line: String) -> NetfilterChain.Hook? {
        let words = line.split { $0 == " " || $0 == ";" }.map { $0.filter { $0 != "\"" } }
        func after(_ word: String) -> String? {
            words.firstIndex(of: word).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        guard words.first == "type", let type = after("type"), let hook = after("hook"),
            let priority = after("priority").flatMap({ Int($0) })
        else { return nil }
        return .init(
            type: type, hook: hook, priority: priority, device: after("device"), policy: after("policy") ?? "accept")
    }
}
