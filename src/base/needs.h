/* The needs of the running program: files, ports and parts, which its sandbox has to leave open. */
#ifndef NEEDS_H
#define NEEDS_H

#include <stdbool.h>
#include <stdint.h>

/* The reason why a path is needed. */
enum need {
    NEED_TREE,   /* read a directory and what is below it */
    NEED_FILE,   /* read a file again and again; another one may take its place */
    NEED_PUBLIC, /* the same, of a file that everyone may read */
    NEED_SOCKET, /* send to a Unix socket */
    NEED_REMOVE, /* remove the file of a Unix socket */
};

/* Parts of the program that make calls of their own; bits. */
enum part {
    PART_ALL = 1,
    PART_INET = 2,         /* outputs over IP */
    PART_UNIX = 4,         /* outputs to Unix sockets */
    PART_STREAM = 8,       /* outputs that are streams */
    PART_NETLINK = 16,     /* sockets are counted over netlink */
    PART_LISTEN = 32,      /* datagrams are received */
    PART_ACCEPT = 64,      /* streams are accepted */
    PART_REMOVE = 128,     /* a Unix socket's file is removed at the end */
    PART_OWNERS = 256,     /* descriptors of other processes are looked at */
    PART_PODS = 512,       /* other network namespaces are read */
    PART_ABSTRACT = 1024,  /* an output is an abstract Unix socket */
    PART_OLD_CALLS = 2048, /* the kernel lacks socket(2): set by the sandbox itself */
    PART_NOTIFY = 4096,    /* the service manager gets reports, over a socket that is open */
    PART_TERMINAL = 8192   /* a terminal is set up */
};

#define NEEDS_PATHS_MAX 40
#define NEEDS_PORTS_MAX 65

/* All texts belong to the configuration. */
struct needs {
    const char *proc; /* where procfs is mounted */
    struct {
        enum need need;
        const char *path;
    } path[NEEDS_PATHS_MAX];
    unsigned n_paths;
    uint16_t port[NEEDS_PORTS_MAX]; /* of TCP, to connect to */
    unsigned n_ports;
    unsigned parts;    /* bits of enum part */
    bool stays;        /* the user stays the same */
    uint32_t uid, gid; /* whom root becomes */
};

#endif
