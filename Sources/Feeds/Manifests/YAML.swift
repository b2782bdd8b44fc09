import Core
import Model
import Yams

/// One document of a YAML text, as JSON, with the lines of its fields.
struct YAMLDocument {
    let json: JSON
    private let node: Yams.Node
    /// How many lines of the file come before the text that the node was read from.
    private let linesBefore: Int

    fileprivate init(_ json: JSON, _ node: Yams.Node, linesBefore: Int) {
        self.json = json
        self.node = node
        self.linesBefore = linesBefore
    }

    /// The line of a field, or of the deepest part of its path that is there.
    func line(of field: String) -> Int {
        var node = node
        var line = node.mark?.line ?? 1
        for step in FieldPath.steps(of: field) {
            switch (step, node) {
            case (.member(let key), .mapping(let mapping)):
                guard let entry = mapping.first(where: { $0.key.string == key }) else { return line + linesBefore }
                node = entry.value
                line = entry.key.mark?.line ?? line
            case (.element(let index), .sequence(let sequence)) where index < sequence.count:
                node = sequence[index]
                line = node.mark?.line ?? line
            default: return line + linesBefore
            }
        }
        return line + linesBefore
    }
}

/// What is wrong with a YAML text, and on which line.
struct YAMLFault: Error {
    let line: Int
    let message: String
}

/// Reads YAML with the scalars of JSON: only plain `null`, `true`, `false` and numbers are not text.
///
/// The rules of YAML 1.1 would read a MAC address without quotes as a number to the base of sixty.
enum YAML {
    /// How many values a file may have, aliases expanded.
    static let nodeLimit = 200_000
    private static let depthLimit = 100

    /// The documents of a text; one that is wrong does not hide the others.
    static func documents(in text: String) -> [Result<YAMLDocument, YAMLFault>] {
        var budget = nodeLimit
        return pieces(of: text).flatMap { piece, linesBefore in read(piece, linesBefore: linesBefore, &budget) }
    }

    /// Cuts the text before each `---`, which begins a document wherever it stands at the start of a line.
    private static func pieces(of text: String) -> [(text: String, linesBefore: Int)] {
        var pieces: [(text: String, linesBefore: Int)] = []
        var lines: [Substring.UTF8View.SubSequence] = []
        var number = 0
        var start = 0
        func close() {
            // Directives belong to the document behind them; none of them matters here.
            guard lines.contains(where: { !$0.isEmpty && !$0.starts(with: "#".utf8) && !$0.starts(with: "%".utf8) })
            else { return }
            pieces.append((lines.map { String(Substring($0)) }.joined(separator: "\n") + "\n", start))
        }
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let after = line.dropFirst(3).first
            if line.starts(with: "---".utf8), after == nil || after == 0x20 || after == 0x09 || after == 0x0d {
                close()
                lines = []
                start = number
            }
            lines.append(line[...])
            number += 1
        }
        close()
        return pieces
    }

    private static func read(
        _ text: String, linesBefore: Int, _ budget: inout Int
    ) -> [Result<YAMLDocument, YAMLFault>] {
        var documents: [Result<YAMLDocument, YAMLFault>] = []
        do {
            let parser = try Parser(yaml: text, resolver: .basic)
            while let node = try parser.nextRoot() {
                let json = try json(node, &budget, depth: 0)
                documents.append(.success(YAMLDocument(json, node, linesBefore: linesBefore)))
            }
        } catch let fault as YAMLFault {
            documents.append(.failure(YAMLFault(line: fault.line + linesBefore, message: fault.message)))
        } catch {
            let (line, message) = explain(error, text)
            documents.append(.failure(YAMLFault(line: line + linesBefore, message: message)))
        }
        return documents
    }

    private static func json(_ node: Yams.Node, _ budget: inout Int, depth: Int) throws(YAMLFault) -> JSON {
        let line = node.mark?.line ?? 1
        budget -= 1
        guard budget >= 0 else { throw YAMLFault(line: line, message: "more than \(nodeLimit) values") }
        guard depth <= depthLimit else { throw YAMLFault(line: line, message: "nested more than \(depthLimit) deep") }
        switch node {
        case .scalar(let scalar): return value(of: scalar)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try json(element, &budget, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var object = JSONObject()
            var merged: [JSONObject] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw YAMLFault(line: key.mark?.line ?? line, message: "a key must be text")
                }
                let value = try json(value, &budget, depth: depth + 1)
                if name.string == "<<", name.style == .plain {
                    merged += objects(in: value)
                } else {
                    object[name.string] = value
                }
            }
            for other in merged { for (key, value) in other where object[key] == nil { object[key] = value } }
            return .object(object)
        case .alias: throw YAMLFault(line: line, message: "an alias that is not expanded")
        }
    }

    /// What `<<` merges: an object or a list of them.
    private static func objects(in value: JSON) -> [JSONObject] {
        switch value {
        case .object(let object): [object]
        case .array(let list): list.flatMap(objects)
        default: []
        }
    }

    private static func value(of scalar: Yams.Node.Scalar) -> JSON {
        guard scalar.style == .plain || scalar.style == .any,
            !["!", Tag.Name.str.rawValue].contains(scalar.tag.rawValue)
        else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: return JSON(number: scalar.string) ?? .string(scalar.string)
        }
    }

    private static func explain(_ error: any Error, _ text: String) -> (line: Int, message: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return (mark.line, context.map { "\($0.text), \(problem)" } ?? problem)
        case .duplicatedKeysInMapping(let keys, let context):
            return (context.mark.line, "key \(keys.joined(separator: ", ")) occurs twice")
        case .reader(let problem, let offset, _, _):
            let line = 1 + text.prefix(offset ?? 0).count(where: \.isNewline)
            return (line, problem)
        default: return (1, "\(error)")
        }
    }
}
