#pragma once
// What the Swift module of the C library lacks. Never define _GNU_SOURCE here: it changes the layout of libc's own
// types for everything that imports this header together with other modules.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

/// Moves the calling thread into the network namespace that `fd` refers to. -1 with errno on failure.
int clinux_setns_network(int fd);

/// Gives the calling thread a new, empty network namespace. -1 with errno on failure.
int clinux_unshare_network(void);

/// An anonymous file in memory, closed on exec. -1 with errno on failure.
int clinux_memfd(const char *name);

/// Lets the new process have no open descriptor from `first` on; `actions` is a posix_spawn_file_actions_t.
int clinux_spawn_close_from(void *actions, int first);

/// A descriptor that becomes readable when the process ends. -1 with errno on failure.
int clinux_pidfd_open(int pid);

/// Binds a netlink socket of this protocol, closed on exec; `groups` are the first 32 multicast groups to join.
/// Returns its descriptor, or -1 with errno.
int clinux_netlink_socket(int protocol, unsigned int groups);

/// Sends to the kernel. Returns 0, or -1 with errno.
int clinux_netlink_send(int fd, const void *bytes, unsigned long length);

/// Whether a device of the thread's namespace has transmit checksum offload: 0, 1, or -1 with errno.
int clinux_tx_checksum(const char *device);

/// Switches transmit checksum offload of a device of the thread's namespace. -1 with errno on failure.
int clinux_set_tx_checksum(const char *device, int on);
