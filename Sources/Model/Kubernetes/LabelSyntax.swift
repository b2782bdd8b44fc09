import Core

/// What a label may be made of, as the API server checks it. A label that can be none selects nothing, and its author
/// would never learn why.
enum LabelSyntax {
    /// Refuses a key that is none, such as neither `app` nor `kubernetes.io/metadata.name`.
    static func check(key: String, at cursor: JSONCursor) throws(Rejection) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let isGood =
            switch parts.count {
            case 1: isName(parts[0])
            case 2: Metadata.isSubdomain(String(parts[0])) && isName(parts[1])
            default: false
            }
        guard isGood else {
            throw cursor.rejection(
                "BadLabel",
                "\"\(printable(key))\" is no label key: [PREFIX/]NAME, the name up to 63 letters, digits, -, _ or ., "
                    + "with a letter or digit at both ends")
        }
    }

    /// Refuses a value that is none. It may be empty.
    static func check(value: String, at cursor: JSONCursor) throws(Rejection) {
        guard value.isEmpty || isName(value[...]) else {
            throw cursor.rejection(
                "BadLabel",
                "\"\(printable(value))\" is no label value: up to 63 letters, digits, -, _ or ., with a letter or "
                    + "digit at both ends")
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard (1...63).contains(text.utf8.count), let first = text.utf8.first, let last = text.utf8.last else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 45 || $0 == 46 || $0 == 95 }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func printable(_ text: String) -> String {
        String(text.prefix(80).map { $0.isASCII && ($0.asciiValue ?? 0) >= 32 ? $0 : "?" })
    }
}
