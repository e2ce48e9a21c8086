/* The least that any server can do: accepts connections, and at one byte from any sends a file's bytes to all.
 *
 *   sendloop PORT FILE
 */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 60000, MOST_BYTES = 1 << 16 };
static int connections[MOST], count;
static char bytes[MOST_BYTES];

int main(int argc, char **words) {
    struct rlimit files;
    int yes = 1;
    if (argc != 3) return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poller = epoll_create1(0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 2048)) return perror("sendloop"), 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int found = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < found; i++) {
            int fd = events[i].data.fd, accepted;
            if (fd == listener) {
                while (count < MOST && (accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                    event = (struct epoll_event){.events = EPOLLIN, .data.fd = accepted};
                    epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &event);
                    connections[count++] = accepted;
                }
                continue;
            }
            char nudge[16];
            if (recv(fd, nudge, sizeof nudge, 0) <= 0) {
                for (int at = 0; at < count; at++)
                    if (connections[at] == fd) connections[at] = connections[--count];
                close(fd);
                continue;
            }
            FILE *file = fopen(words[2], "rb"); /* The bytes are those of the last change, so they are read anew. */
            size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
            if (file) fclose(file);
            for (int at = 0; at < count; at++)
                if (send(connections[at], bytes, length, MSG_NOSIGNAL) != (ssize_t)length) fprintf(stderr, "sent in part\n");
        }
    }
}
