public import Model

/// The objects of a manifest as they are written, whatever their kinds; what cannot be read is left out.
public enum ManifestText {
    public static func objects(_ text: String, isJSON: Bool) -> [JSON] {
        let documents: [JSON] =
            isJSON
            ? [try? JSON(parsing: text)].compactMap { $0 }
            : YAML.documents(in: text).compactMap { try? $0.get().json }
        return documents.flatMap { json -> [JSON] in
            guard case .array(let items)? = json["items"] else { return [json] }
            return items
        }
    }
}
