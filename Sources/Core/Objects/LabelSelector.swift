/// A selector over labels, as Kubernetes defines it: all requirements must hold; none selects everything.
public struct LabelSelector: Hashable, Sendable {
    public enum Operator: String, Hashable, Sendable, CaseIterable {
        case `in` = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    /// One requirement. `matchLabels` entries are `in` with one value.
    public struct Requirement: Hashable, Sendable {
        public let key: String
        public let `operator`: Operator
        public let values: [String]

        public init(_ key: String, _ operator: Operator, _ values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values.sorted()
        }

        public func matches(_ labels: [String: String]) -> Bool {
            switch self.operator {
            case .in: labels[key].map(values.contains) ?? false
            case .notIn: !(labels[key].map(values.contains) ?? false)
            case .exists: labels[key] != nil
            case .doesNotExist: labels[key] == nil
            }
        }
    }

    /// Sorted, so that two spellings of one selector are equal.
    public let requirements: [Requirement]

    public static let everything = LabelSelector([])

    public init(_ requirements: [Requirement]) {
        self.requirements = Set(requirements).sorted {
            ($0.key, $0.operator.rawValue, $0.values.joined(separator: ",")) < (
                $1.key, $1.operator.rawValue, $1.values.joined(separator: ",")
            )
        }
    }

    public init(labels: [String: String]) {
        self.init(labels.map { Requirement($0.key, .in, [$0.value]) })
    }

    public func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }
}

/// Where a group looks for its members.
public enum Scope: Hashable, Sendable {
    /// Every namespace, and every object of a kind without namespaces.
    case everywhere
    case namespace(String)
    /// The namespaces whose `Namespace` object matches; it comes and goes with their labels.
    case namespaces(LabelSelector)
}
