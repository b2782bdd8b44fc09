import Model

/// Names for rows that stand for their content: a letter and a hash, as OVN-Kubernetes names port groups and address
/// sets.
///
/// Equal contents give one name, so those who need the same row share it. Others must not: users choose contents, and
/// whoever finds a second content for a name writes into somebody else's row. So it is a hash that nobody can turn back.
public enum RowName {
    /// `a` and half of the SHA-256 hash in hexadecimal: a name that OVN accepts in a match.
    public static func hashed(_ content: String) -> String {
        let half = SHA256.hash(content.utf8).prefix(16)
        let digits: [UInt8] = half.flatMap { [$0 >> 4, $0 & 15] }
        return "a" + String(decoding: digits.map { $0 < 10 ? 48 + $0 : 87 + $0 }, as: UTF8.self)
    }
}
