import Glibc

/// Starts a program and answers its pid. It writes nowhere and takes signals.
func spawn(_ arguments: [String]) throws -> pid_t {
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    // A thread of a pool blocks signals, and a child would inherit that.
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    defer { posix_spawnattr_destroy(&attributes) }
    // Who waits for the end of the test's output must not wait for a server that outlives it.
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    for descriptor in [1, 2] as [Int32] {
        posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_WRONLY, 0)
    }
    defer { posix_spawn_file_actions_destroy(&files) }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, arguments[0], &files, &attributes, &words, environ)
    if error != 0 { throw DatabaseServer.Failed(description: "cannot start \(arguments[0]): error \(error)") }
    return pid
}
