/// The tiers of rules, as OVN 23.06 and later judge them: what one tier allows or denies, no later one sees.
///
/// Every rule says its tier, for the first tier is that of rules which say none. An engine without tiers is not told
/// of them: there all rules have one order, and their priorities keep the tiers apart.
public enum PolicyTier {
    /// What administrators allow, deny or pass on.
    public static let administrators = 1
    /// What namespaces say, and all that stands beside it: multicast, the node's own probes.
    public static let namespaces = 2
    /// What administrators say of those of whom nobody else has spoken.
    public static let baseline = 3
}
