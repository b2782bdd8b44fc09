// Written by generate-rows from the schema OVN_Northbound 7.0.0. Do not edit:
// change Sources/generate-rows/Selection.swift and run `swift run generate-rows`.

import Core

extension Table {
    /// The tables of the northbound database that have row types.
    public static var northbound: [Table] {
        [
            NBGlobal.table,
            LogicalSwitch.table,
            LogicalSwitchPort.table,
            LogicalRouter.table,
            LogicalRouterPort.table,
            LogicalRouterPolicy.table,
            LogicalRouterStaticRoute.table,
            NAT.table,
            StaticMACBinding.table,
            GatewayChassis.table,
            Copp.table,
            Meter.table,
            MeterBand.table,
            LoadBalancer.table,
            LoadBalancerGroup.table,
            ACL.table,
            QoS.table,
            PortGroup.table,
            AddressSet.table,
            DHCPOptions.table,
            DNS.table,
        ]
    }
}
