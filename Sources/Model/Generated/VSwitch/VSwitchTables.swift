// Written by generate-rows from the schema Open_vSwitch 8.3.1. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

extension Table {
    /// The tables of the vswitch database that have row types.
    public static var vswitch: [Table] {
        [
            OpenVSwitch.table,
            SwitchDatapath.table,
            ConntrackZone.table,
            ConntrackTimeouts.table,
            Bridge.table,
            Port.table,
            Interface.table,
            VSwitchQoS.table,
            VSwitchQueue.table,
            VSwitchMirror.table,
        ]
    }
}
