import CNI
import LocalHTTP
import Model

/// The node daemon, as the plugin sees it.
struct Daemon {
    static let defaultSocket = "/var/run/ovenbird/cni.sock"
    let socket: String

    /// What the daemon says: a result, or an error object.
    func answer(to request: CNIRequest, within seconds: Int) throws(LocalHTTP.Failure) -> (JSON, Bool) {
        let http = LocalHTTP(socket: socket, deadlineSeconds: seconds)
        let answer = try http.ask("POST", "/cni", body: Array(request.json.text().utf8))
        let isError = answer.status != 200
        if let json = try? JSON(parsing: answer.body), !isError || CNIError(json) != nil { return (json, isError) }
        if answer.body.isEmpty, !isError { return (.null, false) }
        let error = CNIError(
            .failed, "the node daemon answered something else than CNI",
            details: "status \(answer.status): \(answer.text.prefix(200))")
        return (error.json(for: request.configuration.version), true)
    }
}
