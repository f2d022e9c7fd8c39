/* The parts of the first process of an emulated machine. */
#ifndef HELPER_H
#define HELPER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Prints `what` and errno to the console and ends, if not done. If process 1 ends, the kernel panics, and the machine
 * with it. */
void must(bool done, const char *what);

/* --- machine.c -------------------------------------------------------------------------- */

/* Loads /modules/00.ko, 01.ko …, as far as there are any. */
void load_modules(void);

/* Makes a network device of the namespace run. address and mask may both be NULL. */
void bring_up(const char *name, const char *address, const char *mask);

/* Moves a network device into the network namespace of a process. The kernel moves it back when that ends. */
void move_device(const char *name, pid_t pid);

/* Sets up eth0 for qemu's user network. */
void set_up_network(void);

/* --- sockets.c -------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

union address loopback(int family, uint16_t port);

/* Returns a bound socket. Several may be bound to one port. */
int open_bound(const union address *a, int type);

int open_listener(int family, uint16_t port, int backlog);

/* Returns a socket that connects, or is connected, to a port of the loopback interface. */
int open_client(int family, uint16_t port);

/* Waits for an event of poll(2). On a busy machine the loopback interface delivers late. */
void wait_for(int fd, short event);

/* Returns an accepted connection. */
int take(int listener);

/* Opens two sockets of each state with IPv4, three with IPv6 if the kernel has it, each state at its own port. Opens
 * listeners at another address of the same port, and connects an IPv4 client to a dual-stack listener. */
void open_known(void);

/* Opens more than 1000 connections to port 7008. Both ends of each are sockets of this machine. */
void open_many(void);

/* Makes each of the kernel's counters grow that netstat_pod has. No socket stays. */
void make_traffic(void);

/* --- pods.c ----------------------------------------------------------------------------- */

/* Makes pods, and runs sockpush as a user without any right. Ends with its status. */
_Noreturn void run_pods(void);

#endif
