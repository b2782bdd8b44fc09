extension LabelSelector {
    /// What both select.
    public func intersection(_ other: LabelSelector) -> LabelSelector {
        LabelSelector(requirements + other.requirements)
    }

    /// Whether it is certain from the requirements alone that nothing can match.
    public var isContradictory: Bool {
        for keyed in Dictionary(grouping: requirements, by: \.key).values {
            let isAbsent = keyed.contains { $0.operator == .doesNotExist }
            let allowed = keyed.filter { $0.operator == .in }.map { Set($0.values) }
            let mustExist = !allowed.isEmpty || keyed.contains { $0.operator == .exists }
            if isAbsent && mustExist { return true }
            guard var rest = allowed.first else { continue }
            for set in allowed.dropFirst() { rest.formIntersection(set) }
            for one in keyed where one.operator == .notIn { rest.subtract(one.values) }
            if rest.isEmpty { return true }
        }
        return false
    }
}

extension LabelSelector.Requirement {
    /// What holds exactly when this does not.
    public var inverse: LabelSelector.Requirement {
        let word: LabelSelector.Operator =
            switch self.operator {
            case .in: .notIn
            case .notIn: .in
            case .exists: .doesNotExist
            case .doesNotExist: .exists
            }
        return LabelSelector.Requirement(key, word, values)
    }
}
