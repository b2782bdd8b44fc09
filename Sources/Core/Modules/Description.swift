/// How an object stands, in the words of a module: what `ovenbird explain` prints.
///
/// Made when somebody asks, by a handler that gives words instead of rows. Rows, problems and owners are not in it:
/// those the engine knows itself.
public struct Description: Sendable, Equatable {
    /// One thing each: `NodePort 10.96.0.10`, `clients stay until 10 s of silence`.
    public var headline: [String]
    /// What whoever asks should know, though nothing is wrong with the object: `nobody answers on tcp 80`.
    public var notes: [String] = []
    public var sheets: [Sheet] = []

    public init(_ headline: String...) { self.headline = headline }

    /// A table with its title.
    public struct Sheet: Sendable, Equatable {
        public let title: String
        public let columns: [String]
        public var rows: [[String]] = []

        public init(_ title: String, _ columns: String...) {
            self.title = title
            self.columns = columns
        }

        /// Adds a row; it has a cell per column.
        public mutating func add(_ cells: String...) {
            precondition(cells.count == columns.count, "\(title): \(cells.count) cells for \(columns.count) columns")
            rows.append(cells)
        }
    }
}
