import Core
import Model
import OVSDB
import OVSDBTestKit
import Planes
import Testing

/// What the generated row types say, held against the schemas of real servers.
@Suite(.timeLimit(.minutes(3))) struct OVSDBRowsTests {
    private func schema(_ kind: DatabaseServer.Kind) async throws -> DatabaseSchema {
        let server = try DatabaseServer(kind)
        let database = Database(name: kind.rawValue, endpoint: server.endpoint)
        let task = Task { await database.run() }
        defer { task.cancel() }
        return try await database.wait(for: []) { $0.schema }
    }

    private let tables: [DatabaseServer.Kind: [Table]] = [
        .northbound: Table.northbound, .southbound: Table.southbound, .vswitch: Table.vswitch,
    ]

    /// Columns of newer engines, which the installed one may lack.
    private let newer = ["ACL.tier"]

    @Test(arguments: DatabaseServer.Kind.allCases)
    func everyColumnIsOneOfTheSchemaAndHasItsShape(_ kind: DatabaseServer.Kind) async throws {
        let schema = try await schema(kind)
        for table in tables[kind] ?? [] {
            let known = try #require(schema.tables[table.name], "\(table)")
            for column in table.columns {
                if known.columns[column.name] == nil, newer.contains("\(table.name).\(column.name)") { continue }
                let type = try #require(known.columns[column.name]?.type, "\(table).\(column.name)")
                let shape: Table.Shape = type.value != nil ? .map : type.max == 1 ? .scalar : .set
                #expect(column.shape == shape, "\(table).\(column.name)")
            }
        }
    }

    @Test(arguments: DatabaseServer.Kind.allCases)
    func everyOwnedRowCanBeKnownAgain(_ kind: DatabaseServer.Kind) async throws {
        let schema = try await schema(kind)
        for table in tables[kind] ?? [] where table.ownership == .owned {
            let names = table.columns.map(\.name)
            switch table.identity {
            case .tag: #expect(names.contains("external_ids"), "\(table)")
            case .columns(let columns): #expect(columns.allSatisfy(names.contains), "\(table)")
            case .singleton: #expect(schema.tables[table.name]?.maxRows == 1, "\(table)")
            }
        }
    }

    @Test func aRowWritesOnlyWhatIsSet() {
        var writer = ColumnWriter()
        ACL(key: .fixed("a"), action: .allowRelated, direction: .toLport, priority: 5).encode(into: &writer)
        let columns = writer.columns.map { (ACL.table.columns[$0.index].name, $0.content) }
        #expect(columns.map(\.0) == ["action", "direction", "priority"])
        #expect(
            columns.map(\.1) == [.scalar(.string("allow-related")), .scalar(.string("to-lport")), .scalar(.integer(5))])
    }

    @Test func aColumnOfAReferredRowIsTheColumnOfThatName() {
        let column = RowRef<LogicalSwitch>(fixed: "s").ports
        #expect(LogicalSwitch.table.columns[column.index].name == "ports")
        #expect(column.row == RowID(LogicalSwitch.table, "s"))
    }
}
