public import Core
public import Model

/// An object as a file has it.
public struct ManifestObject: Sendable {
    public let object: any Kind
    /// Where it stands: `web.yaml:12`.
    public let source: String
    /// The object's own text, to be read again when annotations are laid over it.
    let json: JSON
    let decoder: KindDecoder

    public var id: ObjectID { object.id }
}

/// What one file holds.
public struct ManifestContents: Sendable {
    public var objects: [ManifestObject] = []
    public var problems: [FeedFailure] = []
    /// Something could not be read: what the file held before is kept where nothing replaces it.
    public var isBroken = false
    /// Well-known kinds that nobody handles, with their number.
    public var ignored: [String: Int] = [:]

    public init() {}
}

/// Turns the text of a manifest into objects.
public struct ManifestReader: Sendable {
    private let decoders: [String: KindDecoder]
    private let byteLimit: Int

    public init(decoders: [KindDecoder], byteLimit: Int = 1 << 20) {
        self.decoders = Dictionary(decoders.map { ($0.kind, $0) }) { _, last in last }
        self.byteLimit = byteLimit
    }

    public static func isManifest(_ name: some StringProtocol) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    public func read(_ bytes: [UInt8], file: String) -> ManifestContents {
        var work = Work(file: file, decoders: decoders)
        if bytes.count > byteLimit {
            work.fail(1, "TooLarge", "has \(bytes.count) bytes; at most \(byteLimit) are read")
        } else if let text = String(validating: bytes, as: UTF8.self) {
            file.hasSuffix(".json") ? work.readJSON(text) : work.readYAML(text)
        } else {
            work.fail(1, "BadYAML", "is not UTF-8 text")
        }
        return work.contents
    }
}

private struct Work {
    let file: String
    let decoders: [String: KindDecoder]
    var contents = ManifestContents()
    private var sources: [ObjectID: String] = [:]

    init(file: String, decoders: [String: KindDecoder]) {
        self.file = file
        self.decoders = decoders
    }

    private mutating func report(_ line: Int, _ reason: String, _ message: String) {
        contents.problems.append(FeedFailure(source: "\(file):\(line)", reason: reason, message: message))
    }

    mutating func fail(_ line: Int, _ reason: String, _ message: String) {
        report(line, reason, message)
        contents.isBroken = true
    }

    mutating func readYAML(_ text: String) {
        for document in YAML.documents(in: text) {
            switch document {
            case .success(let document): read(document.json, at: "") { document.line(of: $0) }
            case .failure(let fault): fail(fault.line, "BadYAML", fault.message)
            }
        }
    }

    mutating func readJSON(_ text: String) {
        do {
            let json = try JSON(parsing: text)
            // JSON is YAML: when a line is asked for, that reader knows it. It reads the text once for all of them.
            var document: Result<YAMLDocument, YAMLFault>?
            read(json, at: "") { field in
                if field.isEmpty { return 1 }
                document = document ?? YAML.documents(in: text).first
                guard case .success(let known)? = document else { return 1 }
                return known.line(of: field)
            }
        } catch {
            let line = 1 + text.utf8.prefix(error.offset).count { $0 == UInt8(ascii: "\n") }
            fail(line, "BadJSON", error.message)
        }
    }

    /// Reads one object, or the items of a list of them; `place` is its path in the document.
    private mutating func read(_ json: JSON, at place: String, line: (String) -> Int) {
        guard json != .null else { return }
        let cursor = JSONCursor(json, at: place)
        do {
            let kind = try cursor["kind"].string()
            let apiVersion = try cursor["apiVersion"].string()
            if kind == "List" || (kind.hasSuffix("List") && json["items"] != nil && decoders[kind] == nil) {
                for item in try cursor["items"].elements() {
                    read(item.value ?? .null, at: "\(item.path)", line: line)
                }
            } else if let decoder = decoders[kind], decoder.apiVersion == apiVersion {
                decode(json, decoder, at: place, line: line)
            } else if decoders[kind] == nil, WellKnownKinds.contains(kind, apiVersion) {
                contents.ignored[kind, default: 0] += 1
            } else {
                unknown(kind, apiVersion, at: line("\(cursor["kind"].path)"))
            }
        } catch {
            fail(line(error.field), error.reason, error.description)
        }
    }

    private mutating func unknown(_ kind: String, _ apiVersion: String, at line: Int) {
        if let decoder = decoders[kind] {
            fail(line, "UnknownKind", "\(kind) of \(apiVersion) is not known; its apiVersion is \(decoder.apiVersion)")
        } else {
            let hint = nearest(to: kind, in: decoders.keys).map { "; did you mean \($0)?" } ?? ""
            fail(line, "UnknownKind", "no enabled module reads \(kind) of \(apiVersion)\(hint)")
        }
    }

    private mutating func decode(_ json: JSON, _ decoder: KindDecoder, at place: String, line: (String) -> Int) {
        let cursor = JSONCursor(json)
        // Paths begin at the object; in a list the item's place comes before them.
        func position(_ field: String) -> Int {
            line(place.isEmpty || field.isEmpty || field.hasPrefix("[") ? place + field : "\(place).\(field)")
        }
        do {
            let object = try decoder.decode(cursor)
            // Of JSON the line is known only to those who read it again: the place will do.
            let isPlace = file.hasSuffix(".json") && !place.isEmpty
            let source = isPlace ? "\(file) \(place)" : "\(file):\(position(""))"
            if let other = sources[object.id] {
                report(
                    position("metadata.name"), "DuplicateObject", "\(object.id) is already in \(other), which counts")
                return
            }
            sources[object.id] = source
            contents.objects.append(ManifestObject(object: object, source: source, json: json, decoder: decoder))
            for unknown in decoder.fields.unknown(in: cursor) {
                report(position(unknown.field), unknown.reason, "\(object.id): \(unknown)")
            }
        } catch {
            let name = (try? cursor["metadata"]["name"].string()).map { name in
                let namespace = (try? cursor["metadata"]["namespace"].string()) ?? "default"
                return ObjectID(kind: decoder.kind, namespace: decoder.isNamespaced ? namespace : "", name: name)
                    .description
            }
            fail(position(error.field), error.reason, "\(name ?? decoder.kind): \(error)")
        }
    }
}

/// Kinds of Kubernetes that a manifest may hold and that need no handler here.
enum WellKnownKinds {
    private static let core: Set<String> = [
        "Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume",
        "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "Service",
        "ServiceAccount",
    ]

    /// The groups of Kubernetes itself have no dot or end in `.k8s.io`.
    static func contains(_ kind: String, _ apiVersion: String) -> Bool {
        guard let slash = apiVersion.firstIndex(of: "/") else { return apiVersion == "v1" && core.contains(kind) }
        let group = apiVersion[..<slash]
        return ["apps", "autoscaling", "batch", "extensions", "policy"].contains(group) || group.hasSuffix(".k8s.io")
            || group == "k8s.cni.cncf.io"
    }
}
