import Core
import Model
import ModuleHarness
import NetworkPolicy
import Testing
import Vocabulary

@Suite("Worked examples")
struct CaseTests {
    private static let decoders = [
        KindDecoder(Namespace.self), KindDecoder(NetworkPolicy.self), KindDecoder(AdminNetworkPolicy.self),
        KindDecoder(BaselineAdminNetworkPolicy.self),
    ]

    @Test("hold", arguments: try CaseFile.all())
    func cases(file: CaseFile) throws { try check(file, World()) }

    @Test("hold where the engine has tiers", arguments: try CaseFile.all(folder: "Cases/Tiers"))
    func casesWithTiers(file: CaseFile) throws { try check(file, World(hasTiers: true)) }

    private func check(_ file: CaseFile, _ world: World) throws {
        let harness = try NodeHarness(NetworkPolicyModule.self)
        let world = world.all + [LocalNode(nodeName: "n1", datapath: .netdev)]
        let tables = [ACL.table, PortGroup.table, AddressSet.table, Meter.table, MeterBand.table]
        try file.check(harness, also: world, tables: tables) { text in
            try text.split(separator: "\n---\n").map { document in
                let cursor = JSONCursor(try JSON(parsing: String(document)))
                let kind = try cursor["kind"].string()
                let decoder = try #require(Self.decoders.first { $0.kind == kind }, "\(kind)")
                #expect(decoder.fields.unknown(in: cursor).isEmpty)
                return try decoder.decode(cursor)
            }
        }
    }
}
