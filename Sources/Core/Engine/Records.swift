/// A number of uses; the top bit says that the record waits on its list of unused ones until the end of the turn.
struct UseCount: BitwiseCopyable {
    private var raw: UInt32 = 0
    private static let listed: UInt32 = 1 << 31

    var uses: UInt32 { raw & ~Self.listed }

    mutating func add() -> Bool {
        raw += 1
        return uses == 1
    }

    /// True when this was the last use.
    mutating func drop() -> Bool {
        assert(uses > 0, "dropped more often than added")
        raw -= 1
        return uses == 0
    }

    /// True when the record must be put on the list.
    mutating func list() -> Bool {
        if raw & Self.listed != 0 { return false }
        raw |= Self.listed
        return true
    }

    mutating func unlist() { raw &= ~Self.listed }
}

/// All objects of one kind in one namespace.
struct Space: BitwiseCopyable {
    var link: UInt32 = 0
    var kind: UInt32
    var namespace: UInt32
    var buckets = Vec()
    var slots: UInt32 = 0
}

/// The identity of an object; there before and after the object.
struct Slot: BitwiseCopyable {
    /// First publication of a derived object.
    var publications: UInt32 = 0
    var space: UInt32
    var name: UInt32
    /// 0 while there is no object.
    var bucket: UInt32 = 0
    var position: UInt32 = 0
    /// First of the cells whose own object this is.
    var cells: UInt32 = 0
    /// First edge of the cells that read it.
    var readers: UInt32 = 0
    /// The turn in which the object last changed.
    var turn: UInt32 = 0
    /// Where its waiting change is, plus one.
    var waiting: UInt32 = 0
    var flags: UInt32 = 0

    static let fromFeed: UInt32 = 1
    static let listed: UInt32 = 2
}

/// The objects of one space that have the same labels and terms.
struct Bucket: BitwiseCopyable {
    var link: UInt32 = 0
    var space: UInt32
    var labels: UInt32
    var members = Vec()
    /// Sorted.
    var groups = Vec()
    var flags: UInt32 = 0
}

/// Where a group looks: a tag in the top two bits, and a namespace or a group of namespaces.
struct GroupScope: BitwiseCopyable, Equatable {
    let raw: UInt32
    static let everywhere = GroupScope(raw: 0)
    static func namespace(_ atom: UInt32) -> GroupScope { GroupScope(raw: 1 << 30 | atom) }
    static func namespaces(_ group: UInt32) -> GroupScope { GroupScope(raw: 2 << 30 | group) }
    var tag: UInt32 { raw >> 30 }
    var id: UInt32 { raw & (1 << 30 - 1) }
}

/// A set of objects, kept as a set of buckets.
struct GroupRecord: BitwiseCopyable {
    var link: UInt32 = 0
    var kind: UInt32
    var scope: GroupScope
    var selector: UInt32
    var anchor: UInt32 = 0
    var count = UseCount()
    /// Sorted.
    var buckets = Vec()
    var members: UInt32 = 0
    var projections: UInt32 = 0
    var subscriptions: UInt32 = 0
    var emptinessReaders: UInt32 = 0
    var memberReaders: UInt32 = 0
    /// For a group of namespaces: the groups that look there.
    var dependents = Vec()
    var nameHigh: UInt32
    var nameLow: UInt32

    var name: UInt64 { UInt64(nameHigh) << 32 | UInt64(nameLow) }
}

/// The groups of a kind and scope that require one label pair (or none).
struct Anchor: BitwiseCopyable {
    var link: UInt32 = 0
    var kind: UInt32
    var scope: UInt32
    var pair: UInt32
    var groups = Vec()
}

/// "This set column shows this facet of this group".
struct Projection: BitwiseCopyable {
    var link: UInt32 = 0
    var group: UInt32
    var column: UInt32
    var count = UseCount()
    var nextOfGroup: UInt32 = 0
    var previousOfGroup: UInt32 = 0
    var nextOfColumn: UInt32 = 0
    var previousOfColumn: UInt32 = 0
}

/// A set column that groups fill.
struct ColumnRecord: BitwiseCopyable {
    var link: UInt32 = 0
    /// Row and set column, as in facts.
    var place: UInt32
    var facet: UInt32
    var projections: UInt32 = 0
    /// Attached projections.
    var uses: UInt32 = 0
    /// Whether counters per bucket are kept; from the second projection on.
    var counted: Bool = false
    var listed: Bool = false
    var stamp: UInt32 = 0
}

/// How many groups of a counted column hold a bucket.
struct Counter: BitwiseCopyable {
    var link: UInt32 = 0
    var column: UInt32
    var bucket: UInt32
    var count: UInt32
}

/// The objects that show one value of a facet.
struct Holder: BitwiseCopyable {
    var link: UInt32 = 0
    var facet: UInt32
    var value: UInt32
    var slots = Vec()
}

struct RowRecord: BitwiseCopyable {
    var link: UInt32 = 0
    var table: UInt32
    /// Where its key is, and how long.
    var key: UInt32
    var length: UInt32
    /// Facts, columns and values that name it.
    var count = UseCount()
    /// Bundles that declare it.
    var declared: UInt32 = 0
    var bundles: UInt32 = 0
    var facts: UInt32 = 0
}

/// One thing that is said about a row: a member of a set column, or a bundle of scalars and map entries.
struct Fact: BitwiseCopyable {
    var link: UInt32 = 0
    /// `row << 5 | set column`, or 31 for a bundle.
    var place: UInt32
    /// A value (with the top bit: a row), or a bundle.
    var value: UInt32
    var count = UseCount()
    var next: UInt32 = 0
    var previous: UInt32 = 0

    static let bundle: UInt32 = 31
    var row: UInt32 { place >> 5 }
    var column: UInt32 { place & 31 }
}

struct CellRecord: BitwiseCopyable {
    var nextOfSlot: UInt32 = 0
    var previousOfSlot: UInt32 = 0
    var subscription: UInt32
    var slot: UInt32
    var next: UInt32 = 0
    var previous: UInt32 = 0
    /// Sorted tokens.
    var holdings = Vec()
    /// Pairs of read and edge, sorted.
    var reads = Vec()
    var subscriptions = Vec()
    var publications = Vec()
    /// The turn of its last run, and the runs in it.
    var turn: UInt32 = 0
    var runs: UInt16 = 0
    var flags: UInt16 = 0

    static let queued: UInt16 = 1
    static let failed: UInt16 = 2
    static let quarantined: UInt16 = 4
    static let fresh: UInt16 = 8
    static let saved: UInt16 = 16
}

/// A recorded read: one cell in the list of what it reads.
struct Edge: BitwiseCopyable {
    var next: UInt32 = 0
    var previous: UInt32 = 0
    var cell: UInt32
}

/// A handler with its cells: one per object of a kind, or per member of a group for a cell's children.
struct Subscription: BitwiseCopyable {
    var link: UInt32 = 0
    /// One more than the index of the module.
    var module: UInt32
    var kind: UInt32
    /// 0 for a root.
    var parent: UInt32 = 0
    var group: UInt32 = 0
    var cells: UInt32 = 0
    var nextOfGroup: UInt32 = 0
    var previousOfGroup: UInt32 = 0
}

/// A cell's claim to publish an object.
struct Publication: BitwiseCopyable {
    var next: UInt32 = 0
    var cell: UInt32
    var slot: UInt32
}

/// Something beside objects and groups that wakes readers.
struct Signal: BitwiseCopyable {
    var link: UInt32 = 0
    var readers: UInt32 = 0
    /// The allocation that it tells about; 0 for the completeness of a kind.
    var owner: UInt32 = 0
}

/// What a cell holds: a kind in the top two bits, an id in the rest.
enum Token {
    static let fact: UInt32 = 0 << 30
    static let projection: UInt32 = 1 << 30
    static let group: UInt32 = 2 << 30
    static let allocation: UInt32 = 3 << 30
    static let id: UInt32 = 1 << 30 - 1
}

/// What a cell reads: a kind in the top two bits, an id in the rest.
enum Read {
    static let slot: UInt32 = 0 << 30
    static let emptiness: UInt32 = 1 << 30
    static let members: UInt32 = 2 << 30
    static let signal: UInt32 = 3 << 30
    static let id: UInt32 = 1 << 30 - 1
}

/// One transition of a fact or a virtual member between none and some.
struct JournalEntry: BitwiseCopyable {
    /// Place and value.
    var key: UInt64
    var sign: Int32
}
