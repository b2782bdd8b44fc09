import CLinux

/// Offload settings of devices in the thread's namespace.
public enum Ethtool {
    /// Whether the kernel leaves the checksums of sent packets to the device.
    public static func transmitChecksumOffload(_ device: String) throws(SystemError) -> Bool {
        try check("read the offloads of \(device)") { clinux_tx_checksum(device) } != 0
    }

    public static func setTransmitChecksumOffload(_ device: String, _ on: Bool) throws(SystemError) {
        try check("switch checksum offload of \(device)") { clinux_set_tx_checksum(device, on ? 1 : 0) }
    }
}
