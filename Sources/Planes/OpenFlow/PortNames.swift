/// Puts port numbers in the place of port names in the text of a flow.
///
/// The switch itself knows names of up to 15 characters only, and patch ports have longer ones.
struct PortNames {
    /// The ports of one bridge; nil for a port of which a flow says the name and that is not there.
    let numbers: [String: Int]
    private(set) var missing: String?
    private(set) var usesNames = false

    private static let reserved: Set<String> = [
        "LOCAL", "IN_PORT", "NORMAL", "FLOOD", "ALL", "CONTROLLER", "NONE", "ANY", "TABLE",
    ]

    init(_ numbers: [String: Int]) { self.numbers = numbers }

    mutating func match(_ text: String) -> String { replace(after: "in_port=", in: text) }

    mutating func actions(_ text: String) -> String { replace(after: "output:", in: text) }

    private mutating func replace(after prefix: String, in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: prefix) {
            result += rest[..<found.upperBound]
            rest = rest[found.upperBound...]
            let word = rest.prefix { $0 != "," && $0 != ")" && $0 != " " }
            result += number(String(word))
            rest = rest.dropFirst(word.count)
        }
        return result + rest
    }

    private mutating func number(_ word: String) -> String {
        let name = word.filter { $0 != "\"" }
        // A number, a field of the packet, or a word of OpenFlow.
        if Int(name) != nil || name.hasPrefix("0x") || name.contains("[") || Self.reserved.contains(name.uppercased()) {
            return word
        }
        usesNames = true
        guard let number = numbers[name] else {
            missing = name
            return word
        }
        return "\(number)"
    }
}
