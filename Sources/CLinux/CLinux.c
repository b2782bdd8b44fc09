#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

int clinux_setns_network(int fd) { return setns(fd, CLONE_NEWNET); }

int clinux_unshare_network(void) { return unshare(CLONE_NEWNET); }

int clinux_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int clinux_spawn_close_from(void *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int clinux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static void set_option(int fd, int option) {
    int on = 1;
    setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
}

int clinux_netlink_socket(int protocol, unsigned int groups) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -1;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    set_option(fd, NETLINK_EXT_ACK);
    set_option(fd, NETLINK_GET_STRICT_CHK);
    int size = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return fd;
}

int clinux_netlink_send(int fd, const void *bytes, unsigned long length) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

static int ethtool(const char *device, struct ethtool_value *value) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request = {0};
    strncpy(request.ifr_name, device, sizeof request.ifr_name - 1);
    request.ifr_data = (void *)value;
    int result = ioctl(fd, SIOCETHTOOL, &request);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int clinux_tx_checksum(const char *device) {
    struct ethtool_value value = {.cmd = ETHTOOL_GTXCSUM};
    return ethtool(device, &value) < 0 ? -1 : value.data != 0;
}

int clinux_set_tx_checksum(const char *device, int on) {
    struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = on != 0};
    return ethtool(device, &value);
}
