/// Names for rows that stand for their content: a letter and a hash, as OVN-Kubernetes names port groups and address
/// sets.
///
/// Equal contents give one name, so those who need the same row share it.
public enum RowName {
    /// `a` and the FNV-1a hash in decimal: a name that OVN accepts in a match.
    public static func hashed(_ content: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content.utf8 {
            hash ^= UInt64(byte)
            hash = hash &* 0x0000_0100_0000_01b3
        }
        return "a\(hash)"
    }
}
