/// What a manifest can say to the lab.
public enum Lab {
    /// An annotation of pods that the lab leaves alone: somebody else attaches them.
    public static let attachedByHand = "lab.ovenbird.io/attached-by-hand"
}
