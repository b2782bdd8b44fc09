import CNI
import Core
import Feeds
import Linux
import Model

/// Adds a manifest to a lab, or takes it out again.
public struct LabApply: Sendable {
    let paths: LabPaths

    public init(_ paths: LabPaths) { self.paths = paths }

    /// Says what it did.
    public func run(_ file: String, delete: Bool) throws -> String {
        guard ManifestReader.isManifest(file.split(separator: "/").last ?? "") else {
            throw LabFailure("\(file) is no manifest (BadName)", next: "name it .yaml, .yml or .json", exitCode: 2)
        }
        let copy = "\(paths.applied)/\(copyName(file))"
        if delete {
            guard Files.exists(copy) else {
                throw LabFailure("\(file) was not applied to lab \(paths.name) (NotFound)", exitCode: 1)
            }
            try Files.remove(copy)
            return "\(file) is taken out of lab \(paths.name)"
        }
        let bytes: [UInt8]
        do { bytes = try Descriptor(open: file).contents() } catch {
            throw LabFailure("cannot read \(file) (\(SystemError.text(of: error.code)))", exitCode: 2)
        }
        let contents = ManifestReader(decoders: KindDecoder.base).read(bytes, file: file)
        let wrong = contents.problems.filter { $0.reason != "UnknownKind" }
        guard wrong.isEmpty else {
            throw LabFailure(
                "\(file) cannot be applied (\(wrong[0].reason))",
                because: wrong.map { "\($0.source): \($0.message)" }.joined(separator: "\n    "), exitCode: 1)
        }
        try AtomicFile.write(bytes, to: copy, mode: 0o644)
        return "\(file) is in lab \(paths.name)"
    }

    /// Files of one name in two directories are two files.
    private func copyName(_ file: String) -> String {
        let parts = file.split(separator: "/").filter { $0 != "." && $0 != ".." }
        return parts.suffix(3).joined(separator: "_")
    }
}
