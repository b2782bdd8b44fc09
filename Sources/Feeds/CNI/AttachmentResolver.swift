public import CNI
public import Model

/// What knows how far the network of an attachment is: the daemon, by its core and planes.
public protocol AttachmentResolver: Sendable {
    /// Waits until the pod's network is in force and says what it is. Throws when the pod is gone or its network cannot
    /// be made. When the task is cancelled it ends at once, with an error that says what was still missing.
    func ready(_ attachment: Attachment) async throws(CNIError) -> CNIResult
    /// Throws when the network is not in force any more.
    func check(_ attachment: Attachment) async throws(CNIError)
    /// Throws when no ADD can be served now.
    func status() async throws(CNIError)
}
