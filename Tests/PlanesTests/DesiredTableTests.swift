import Core
import Model
import Planes
import Testing

@Suite struct DesiredTableTests {
    private let group = RowID(PortGroup.table, "g")
    private let port = RowID(LogicalSwitchPort.table, "p")

    private func column(_ name: String) -> Int { PortGroup.table.columns.firstIndex { $0.name == name } ?? -1 }

    private func delta(_ turn: UInt64, _ rows: RowChange...) -> Delta {
        Delta(plane: PlaneName.northbound, turn: turn, rows: rows)
    }

    @Test func deltasAddUpToTheContentOfARow() {
        var table = DesiredTable()
        #expect(table.turn == nil)
        table.apply(
            delta(
                1,
                RowChange(
                    group, .inserted,
                    [
                        ColumnChange(column("name"), .scalar(.string("g"))),
                        ColumnChange(column("ports"), .set(added: [.row(port)], removed: [])),
                        ColumnChange(column("external_ids"), .map(set: ["a": "b", "c": "d"], removed: [])),
                    ])))
        table.apply(
            delta(
                2,
                RowChange(
                    group, .updated, [ColumnChange(column("external_ids"), .map(set: ["a": "x"], removed: ["c"]))])))
        #expect(table.turn == 2)
        #expect(table[group]?.columns[column("external_ids")] == .map(["a": "x"]))
        #expect(table[group]?.columns[column("name")] == .scalar(.string("g")))
        #expect(Array(table.referrers(of: port)) == [group])
    }

    @Test func aColumnThatNobodyContributesToIsAbsent() {
        var table = DesiredTable()
        table.apply(
            delta(
                1,
                RowChange(
                    group, .inserted,
                    [
                        ColumnChange(column("name"), .scalar(.string("g"))),
                        ColumnChange(column("ports"), .set(added: [.row(port)], removed: [])),
                    ])))
        table.apply(
            delta(
                2,
                RowChange(
                    group, .updated,
                    [
                        ColumnChange(column("name"), .scalar(nil)),
                        ColumnChange(column("ports"), .set(added: [], removed: [.row(port)])),
                    ])))
        #expect(table[group] == RowContent())
        #expect(table.referrers(of: port).isEmpty)
    }

    @Test func aDeletedRowIsAnsweredAndRefersToNothing() {
        var table = DesiredTable()
        let columns = [ColumnChange(column("ports"), .set(added: [.row(port)], removed: []))]
        table.apply(delta(1, RowChange(group, .inserted, columns)))
        let gone = table.apply(delta(2, RowChange(group, .deleted)))
        #expect(gone[group]?.columns == [column("ports"): .set([.row(port)])])
        #expect(table[group] == nil)
        #expect(table.referrers(of: port).isEmpty)
    }

    @Test func aRowInsertedAgainHoldsOnlyItsNewContent() {
        var table = DesiredTable()
        table.apply(delta(1, RowChange(group, .inserted, [ColumnChange(column("name"), .scalar(.string("g")))])))
        table.apply(delta(2, RowChange(group, .inserted, [])))
        #expect(table[group] == RowContent())
    }
}
