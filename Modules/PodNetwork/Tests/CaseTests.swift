import Core
import Feeds
import Model
import ModuleHarness
import PodNetwork
import Testing

@Test("gives the rows of each case", arguments: try CaseFile.all())
func cases(file: CaseFile) throws {
    let world = Surroundings()
    let reader = ManifestReader(decoders: KindDecoder.base)
    try file.check(
        try NodeHarness(PodNetworkModule.self), also: [world.cluster, world.local, world.system]
    ) { manifests in
        let contents = reader.read(Array(manifests.utf8), file: file.description)
        #expect(contents.problems.isEmpty)
        return contents.objects.map(\.object)
    }
}
