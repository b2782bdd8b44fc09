// Written by generate-rows from the schema OVN_Southbound 20.27.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

extension Table {
    /// The tables of the southbound database that have row types.
    public static var southbound: [Table] {
        [
            Chassis.table,
            Encap.table,
            PortBinding.table,
        ]
    }
}
