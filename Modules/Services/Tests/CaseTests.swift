import Core
import Model
import ModuleHarness
import Services
import Testing

@Suite("Worked examples of services")
struct CaseTests {
    @Test("hold", arguments: try CaseFile.all())
    func hold(file: CaseFile) throws {
        let node = try NodeHarness(ServicesModule.self)
        try file.check(
            node, also: Surroundings().all,
            tables: [LoadBalancer.table, LearnedFlows.table, HTTPAnswer.table]
        ) { text in
            try text.split(separator: "\n---\n").map { manifest in
                let cursor = JSONCursor(try JSON(parsing: String(manifest)))
                let kind = try cursor["kind"].string()
                let decoder = try #require(KindDecoder.base.first { $0.kind == kind })
                return try decoder.decode(cursor)
            }
        }
    }
}
