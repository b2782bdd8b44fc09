import Glibc

/// The contents of a file.
func readFile(_ path: String) throws -> [UInt8] {
    struct CannotRead: Error { let path: String }
    guard let file = fopen(path, "r") else { throw CannotRead(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
}
