/// The core: objects come in, handlers run as cells, and each turn's net difference of the shared table goes out.
///
///     changes ─▶ objects ─▶ buckets ─▶ groups ─▶ cells ─▶ facts, projections ─▶ journal ─▶ deltas
///
/// 1. An object lives in a *bucket*: the objects of a namespace with equal labels. Groups are sets of buckets.
/// 2. A changed object wakes its own cells, the cells that read it, and what watches the groups that it left or joined.
/// 3. A cell's run yields tokens (what it contributes) and reads; both are merged with those of its last run.
/// 4. A set column filled from groups is computed, never stored; only its differences are.
/// 5. Facts that come to life or die are journalled; what is left at the end of the turn is the delta.
/// 6. No id of a row, group or fact is given again within a turn.
///
/// Not Sendable: it lives in one actor and does no I/O, keeps no clock and has no randomness.
public final class Engine {
    /// Which of the two daemons the engine runs in.
    public enum Role: Sendable { case node, cluster }

    public let scope: Role

    // Interned data.
    let vecs = VecPool()
    let atoms = Interner()
    let pairs = Interner()
    let labelSets = Interner()
    let selectors = Interner()
    let programs = Lists()
    let values = Interner()
    let bundles = Interner()

    // Objects.
    let spaces = Slab<Space>()
    let spaceTable = IDTable()
    let slots = Slab<Slot>()
    let slotTable = IDTable()
    let bodies = References<Body>()
    let buckets = Slab<Bucket>()
    let bucketTable = IDTable()
    let holders = Slab<Holder>()
    let holderTable = IDTable()
    var kinds: [KindInfo] = []
    let kindByType = PointerTable<KindInfo>()
    var kindByName: [String: KindInfo] = [:]
    var facets: [FacetInfo] = []
    let facetByType = PointerTable<FacetInfo>()
    /// The kind whose objects are the namespaces.
    var namespaceKind: UInt32 = .max

    // Groups.
    let groups = Slab<GroupRecord>()
    let groupNames = IDTable()
    let anchors = Slab<Anchor>()
    let anchorTable = IDTable()

    // The table.
    var tables: [TableInfo] = []
    let tableByInstance = PointerTable<TableInfo>()
    var tableByName: [Table: TableInfo] = [:]
    let rows = Slab<RowRecord>()
    let rowKeys = Arena()
    let rowTable = IDTable()
    let facts = Slab<Fact>()
    let factTable = IDTable()
    let columns = Slab<ColumnRecord>()
    let columnTable = IDTable()
    let projections = Slab<Projection>()
    let projectionTable = IDTable()
    let counters = Slab<Counter>()
    let counterTable = IDTable()
    let journal = Stack<JournalEntry>()
    var conflicts: [UInt32: ConflictInfo] = [:]
    /// Rows whose bundles changed in this turn and that have several.
    let conflictChecks = Stack<UInt32>()

    // Cells.
    let cells = Slab<CellRecord>()
    let cellTable = IDTable()
    let edges = Slab<Edge>()
    let subscriptions = Slab<Subscription>()
    let handlers = References<Handler>()
    let publications = Slab<Publication>()
    let published = References<Body>()
    let signals = Slab<Signal>()
    var failures: [UInt32: CellFailure] = [:]
    /// What cells report beside what they contribute.
    var remarks: [UInt32: [CellFailure]] = [:]
    /// Slots that more than one publishes.
    var contested: Set<UInt32> = []
    var savedCells: [UInt32: SavedCell] = [:]

    // Modules and pools.
    var modules: [ModuleInfo] = []
    var allocations = Slab<Allocation>()
    var allocationTable = IDTable()
    var pools: [PoolInfo] = []
    var poolByValue: [Pool: UInt32] = [:]
    var poolsWaiting = false
    /// Values that are given before hints: what an earlier run gave, for a replay.
    public var recordedAllocations: [Pool: [String: Int]] = [:]
    /// Subscriptions that a new configuration has replaced; they go when the new ones have run.
    var retiring: [UInt32] = []
    /// By module: what its registration did that its manifest does not say.
    var registrationFaults: [Int: [String]] = [:]

    // What may be without uses; looked at when the turn ends.
    let unusedRows = Stack<UInt32>()
    let unusedFacts = Stack<UInt32>()
    let unusedProjections = Stack<UInt32>()
    let unusedColumns = Stack<UInt32>()
    let unusedGroups = Stack<UInt32>()
    let unusedBuckets = Stack<UInt32>()
    let unusedSlots = Stack<UInt32>()
    let unusedSpaces = Stack<UInt32>()
    let unusedAllocations = Stack<UInt32>()

    // Work of the turn.
    let intake = Intake()
    let work = Stack<WorkItem>()
    var queue = CellQueue()
    let scratch = Scratch()
    let run = RunContext()
    var stamp: UInt32 = 0
    public internal(set) var turnNumber: UInt64 = 0
    var turnStamp: UInt32 = 1
    var statistics = TurnStatistics()
    var problemsChanged = false

    // Feeds and planes.
    var feeds: [String: FeedState] = [:]
    var planes: [PlaneState] = []
    /// Whether the planes have their first delta; from then on transitions are journalled.
    var isHandedOver = false

    /// The objects whose waiting changes an attachment takes along into its turn: its pod, namespace and node.
    public var companions: (any Kind) -> [ObjectID] = { _ in [] }
    /// How many bulk changes one turn takes.
    public var slice = 500

    /// `order` names modules in the order that decides conflicts; others follow in the order of their first enabling.
    public init(scope: Role, order: [String] = []) {
        self.scope = scope
        for name in order { modules.append(ModuleInfo(name: name, index: modules.count)) }
    }

    deinit {
        for interner in [atoms, pairs, labelSets, selectors, values, bundles] { interner.destroy() }
        for table in [
            spaceTable, slotTable, bucketTable, holderTable, groupNames, anchorTable, rowTable, factTable,
            columnTable, projectionTable, counterTable, cellTable, allocationTable,
        ] { table.destroy() }
        for stack in [
            unusedRows, unusedFacts, unusedProjections, unusedColumns, unusedGroups, unusedBuckets, unusedSlots,
            unusedSpaces, unusedAllocations,
        ] { stack.destroy() }
        kindByType.destroy()
        facetByType.destroy()
        tableByInstance.destroy()
        spaces.destroy()
        slots.destroy()
        buckets.destroy()
        holders.destroy()
        groups.destroy()
        anchors.destroy()
        rows.destroy()
        rowKeys.destroy()
        facts.destroy()
        columns.destroy()
        projections.destroy()
        counters.destroy()
        journal.destroy()
        conflictChecks.destroy()
        cells.destroy()
        edges.destroy()
        subscriptions.destroy()
        publications.destroy()
        signals.destroy()
        allocations.destroy()
        work.destroy()
        queue.destroy()
        scratch.destroy()
        intake.destroy()
        programs.destroy()
        bodies.destroy()
        handlers.destroy()
        published.destroy()
        vecs.destroy()
    }
}

/// Something to do between two runs of cells.
struct WorkItem: BitwiseCopyable {
    enum What: UInt8, BitwiseCopyable {
        /// Make or drop the cell of this subscription and slot, as membership has it now.
        case cell
        /// Settle which publication a slot shows.
        case publication
    }

    var what: What
    var subscription: UInt32
    var slot: UInt32
}

/// Buffers of the cell that runs.
struct Scratch {
    let tokens = Stack<UInt32>()
    let reads = Stack<UInt32>()
    let bytes = Stack<UInt8>()
    let words = Stack<UInt32>()
    let columns = Stack<UInt32>()
    let left = Stack<UInt32>()
    let joined = Stack<UInt32>()
    let facetValues = Stack<UInt32>()
    let facetStarts = Stack<UInt32>()
    let held = Stack<UInt32>()
    let pairs = Stack<UInt32>()
    let entries = Stack<Bundle.Entry>()
    /// The last rows that the cell named, since what it contributes next is often theirs.
    let recent = Stack<UInt32>()

    func destroy() {
        for stack in [tokens, reads, words, columns, left, joined, facetValues, facetStarts, held, pairs, recent] {
            stack.destroy()
        }
        bytes.destroy()
        entries.destroy()
    }
}

/// The cell that runs, and what it has asked for beside tokens and reads.
final class RunContext {
    var cell: UInt32 = 0
    var slot: UInt32 = 0
    var module = ModuleInfo(name: "", index: 0)
    var children: [(group: UInt32, kind: UInt32, handler: Handler)] = []
    var published: [(slot: UInt32, body: Body)] = []
    var writer = ColumnWriter()
    /// What the module did wrong; the run does not count then.
    var fault: String?
    /// What the handler says is wrong while it goes on.
    var remarks: [Rejection] = []
}

/// Numbers of one turn.
public struct TurnStatistics: Sendable, Equatable {
    public var objectChanges = 0
    public var cellRuns = 0
    public var rows = 0
    public var facts = 0
}
