import Core
import Feeds
import Linux
public import Model

/// The objects of a lab as text: what the manifests say, with what daemons say laid over it.
public struct LabObjects: Sendable {
    public struct Item: Sendable {
        public let kind: String
        public let namespace: String
        public let name: String
        public let file: String
        public let json: JSON
    }

    let paths: LabPaths
    let record: LabRecord

    public init(_ paths: LabPaths, _ record: LabRecord) {
        self.paths = paths
        self.record = record
    }

    /// Those of a kind (`pods`, `Pod`, `pod`), sorted; `name` is NAME or NS/NAME. Blocks.
    public func all(kind: String, name: String? = nil) throws -> [Item] {
        var found: [ObjectID: Item] = [:]
        for directory in [paths.applied, record.manifests, paths.objects] {
            for file in files(in: directory) {
                let text = try Files.read(file)
                for json in ManifestText.objects(text, isJSON: file.hasSuffix(".json")) {
                    guard let item = item(json, file), item.kind.isKind(kind) else { continue }
                    let full = "\(item.namespace)/\(item.name)"
                    if let name, name != item.name, name != full { continue }
                    let id = ObjectID(kind: item.kind, namespace: item.namespace, name: item.name)
                    if found[id] == nil { found[id] = item }
                }
            }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private func files(in directory: String) -> [String] {
        (Files.list(directory) ?? []).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            let path = "\(directory)/\(name)"
            return ManifestReader.isManifest(name) ? [path] : Files.list(path) == nil ? [] : files(in: path)
        }
    }

    private func item(_ json: JSON, _ file: String) -> Item? {
        let cursor = JSONCursor(json)
        guard let kind = try? cursor["kind"].string(), let name = try? cursor["metadata"]["name"].string() else {
            return nil
        }
        let isNamespaced = !["Node", "Namespace", "EgressIP"].contains(kind)
        let namespace = isNamespaced ? (try? cursor["metadata"]["namespace"].string()) ?? "default" : ""
        let id = ObjectID(kind: kind, namespace: namespace, name: name)
        return Item(
            kind: kind, namespace: namespace, name: name, file: file,
            json: ObjectOverlay.lay(overlays(of: id), over: json))
    }

    private func overlays(of id: ObjectID) -> [ObjectOverlay] {
        (Files.list(paths.status) ?? []).compactMap { writer in
            let path = "\(paths.status)/\(writer)/\(ObjectOverlay.fileName(of: id))"
            guard let text = try? Files.read(path), let json = try? JSON(parsing: text) else { return nil }
            return try? ObjectOverlay(JSONCursor(json))
        }
    }
}

extension String {
    /// Whether a kind is meant by a word as users write it: `pods` and `pod` are `Pod`.
    fileprivate func isKind(_ word: String) -> Bool {
        let kind = lowercased()
        let word = word.lowercased()
        return word == "all" || word == kind || word == kind + "s" || word == kind + "es"
            || (kind.hasSuffix("y") && word == kind.dropLast() + "ies")
    }
}
