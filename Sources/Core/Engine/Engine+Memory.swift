/// How much memory the engine's data take, for metrics and budgets.
extension Engine {
    /// Bytes by what they are for; objects' bodies are not counted.
    public func memory() -> [String: Int] {
        [
            "strings": atoms.size + values.size,
            "labels": pairs.size + labelSets.size + selectors.size + programs.size,
            "bundles": bundles.size,
            "objects": slots.size + slotTable.size + spaces.size + spaceTable.size,
            "buckets": buckets.size + bucketTable.size,
            "facets": holders.size + holderTable.size + facets.reduce(0) { $0 + $1.values.size },
            "groups": groups.size + groupNames.size + anchors.size + anchorTable.size,
            "rows": rows.size + rowKeys.size + rowTable.size,
            "facts": facts.size + factTable.size,
            "columns": columns.size + columnTable.size + counters.size + counterTable.size,
            "projections": projections.size + projectionTable.size,
            "cells": cells.size + cellTable.size + edges.size + subscriptions.size,
            "lists": vecs.size,
        ]
    }
}
