import Foundation

/// Writes `Sources/Model/Generated` from the installed schemas. Run it in the root of the package.
@main
struct GenerateRows {
    static func main() throws {
        for source in Source.all {
            let folder = URL(fileURLWithPath: "Sources/Model/Generated/\(source.folder)", isDirectory: true)
            try? FileManager.default.removeItem(at: folder)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let files = try Render(source: source, schema: Schema.load(source.schema)).files()
            for file in files {
                let path = folder.appendingPathComponent("\(file.name).swift")
                try file.text.write(to: path, atomically: true, encoding: .utf8)
            }
            print("wrote \(files.count) files to \(folder.relativePath)")
        }
    }
}
