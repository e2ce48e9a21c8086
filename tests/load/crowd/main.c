/* facetoface's crowd: thousands of devices in one thread, told what to do on stdin, answering with JSON lines.
 *
 *   crowd ADDRESS PORT ORIGIN CODE COOKIES SECONDS
 *
 * COOKIES is a file with a Cookie header in each line, or - for none; device n has line n. Only loopback addresses, at
 * most MOST_DEVICES devices, at most SECONDS (and never more than 900) until it ends by itself. Commands, name=value:
 *
 *   group name= audience= screen= format= lang= loose= plain= narrow=   seed group= file=
 *   join group= n= parallel= seconds=         how fast, each with the current board     cut group= …   all, and back
 *   call group= event= watch= seconds= body={…}       one command; until all of the group `watch` have heard a patch
 *   load group= votes= asks= for= each=       so many a second, by random devices or by each in turn
 *   get path= n= parallel= fresh= gzip=       first boards over HTTP
 *   stall group= n=   state group=   check group=   frame group=   leave group=   quit
 */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SECONDS = 900, SOURCES = 4, MOST_LINE = 65536 };

char origin[64], host[64], code[32];
char **cookies;
uint32_t cookie_count;
static int poller;
static struct sockaddr_in address;
static Errand errand;
static Watched input;
static bool is_over;

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void watch(int fd, Watched *watched, uint32_t events, bool again) {
    struct epoll_event event = {.events = events, .data.ptr = watched};
    epoll_ctl(poller, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

/* From several addresses, since one has only some 28,000 ports for us, and those of a cut are not free at once. */
int connect_loopback(uint32_t number, int room) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0) return -1;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + number % SOURCES)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (room) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room); /* Later it would be too late. */
    if (bind(fd, (struct sockaddr *)&from, sizeof from) ||
        (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    return fd;
}

void say_error(const char *what) {
    printf("{\"error\":");
    print_json((Slice){what, strlen(what)});
    printf("}\n");
}

const char *word(const char *line, const char *name, const char *otherwise) {
    static char found[8][256];
    static unsigned next;
    char wanted[40];
    snprintf(wanted, sizeof wanted, " %s=", name);
    const char *body = strstr(line, " body="), *at = strstr(line, wanted);
    if (!at || (body && at > body)) return otherwise;
    char *into = found[next++ % 8];
    at += strlen(wanted);
    size_t length = strcspn(at, " \n");
    snprintf(into, sizeof found[0], "%.*s", (int)length, at);
    return into;
}

double number_of(const char *line, const char *name, double otherwise) {
    const char *found = word(line, name, NULL);
    return found ? strtod(found, NULL) : otherwise;
}

static void make_group(const char *line) {
    if (group_count == MOST_GROUPS) return say_error("too many groups");
    Group *group = &groups[group_count++];
    memset(group, 0, sizeof *group);
    snprintf(group->name, sizeof group->name, "%s", word(line, "name", "public"));
    snprintf(group->audience, sizeof group->audience, "%s", word(line, "audience", "public"));
    snprintf(group->screen, sizeof group->screen, "%s", word(line, "screen", "families"));
    snprintf(group->format, sizeof group->format, "%s", word(line, "format", "html"));
    snprintf(group->lang, sizeof group->lang, "%s", word(line, "lang", "en"));
    group->loose = number_of(line, "loose", 0) > 0, group->plain = number_of(line, "plain", 0) > 0;
    group->narrow = number_of(line, "narrow", 0) > 0;
    printf("{\"ok\":true}\n");
}

/* What every device of a group has on its board, as hashes that phones.py makes of the server's as well. */
static void check(Group *group) {
    struct {
        uint64_t board, tallies;
        long mine;
        uint32_t count;
    } found[16] = {0};
    uint32_t kinds = 0, others = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        Device *device = &devices[group->start + i];
        if (device->phase != IN || device->stalled) continue;
        uint64_t board = 0, tallies = 0;
        for (uint32_t card = 1; card < device->room; card++) {
            if (!device->revs[card]) continue;
            board += mixed(card, device->revs[card]);
            if (device->tallies[card]) tallies += mixed(card, device->tallies[card]);
        }
        uint32_t at = 0;
        while (at < kinds && (found[at].board != board || found[at].tallies != tallies || found[at].mine != device->mine)) at++;
        if (at == 16) {
            others++;
            continue;
        }
        if (at == kinds) kinds++;
        found[at].board = board, found[at].tallies = tallies, found[at].mine = device->mine, found[at].count++;
    }
    uint64_t votes_hash, votes = votes_acked(&votes_hash);
    printf("{\"boards\":[");
    for (uint32_t i = 0; i < kinds; i++)
        printf("%s{\"hash\":\"%016llx\",\"tallies\":\"%016llx\",\"number\":%ld,\"devices\":%u}", i ? "," : "",
            (unsigned long long)found[i].board, (unsigned long long)found[i].tallies, found[i].mine, found[i].count);
    printf("],\"others\":%u,\"votes\":%llu,\"votes_hash\":\"%016llx\"}\n", others, (unsigned long long)votes, (unsigned long long)votes_hash);
}

static void state(Group *group) {
    uint32_t in = 0, stalled = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        in += devices[group->start + i].phase == IN;
        stalled += devices[group->start + i].stalled;
    }
    printf("{\"devices\":%u,\"in\":%u,\"stalled\":%u,\"lower\":%u,\"gaps\":%u,\"catch_ups\":%u,\"dropped\":%u,\"refused\":%u,"
           "\"patches\":%llu,\"pulses\":%llu,\"bytes\":%llu,\"fault\":",
        group->count, in, stalled, group->lower, group->gaps, group->catch_ups, group->dropped, group->refused,
        (unsigned long long)group->patches, (unsigned long long)group->pulses, (unsigned long long)group->bytes);
    print_json((Slice){group->fault, strlen(group->fault)});
    printf("}\n");
}

static void leave(Group *group) {
    for (uint32_t i = 0; i < group->count; i++) close_device(&devices[group->start + i], true);
    printf("{\"ok\":true}\n");
}

static void stall_some(Group *group, uint32_t wanted) {
    for (uint32_t i = 0; i < group->count && wanted; i++)
        if (devices[group->start + i].phase == IN && !devices[group->start + i].stalled) stall(&devices[group->start + i]), wanted--;
    printf("{\"ok\":true}\n");
}

static void tell_frame(Group *group) {
    printf("{\"frame\":");
    print_json((Slice){group->frame ? group->frame : "", group->frame_length});
    printf("}\n");
}

static void obey(const char *line) {
    char name[16] = "";
    sscanf(line, "%15s", name);
    Group *group = group_named(word(line, "group", ""));
    Errand begun = {0};
    if (!strcmp(name, "quit")) is_over = true;
    else if (!strcmp(name, "group")) make_group(line);
    else if (!strcmp(name, "get")) begun = begin_get(line);
    else if (!group) say_error("no such group or command");
    else if (!strcmp(name, "join") || !strcmp(name, "cut")) begun = begin_join(line, name[0] == 'c');
    else if (!strcmp(name, "call")) begun = begin_call(line);
    else if (!strcmp(name, "load")) begun = begin_load(line);
    else if (!strcmp(name, "check")) check(group);
    else if (!strcmp(name, "state")) state(group);
    else if (!strcmp(name, "leave")) leave(group);
    else if (!strcmp(name, "frame")) tell_frame(group);
    else if (!strcmp(name, "stall")) stall_some(group, (uint32_t)number_of(line, "n", 1));
    else if (!strcmp(name, "seed")) seed(group, word(line, "file", "")), printf("{\"ok\":true}\n");
    else say_error("no such command");
    bool is_errand = !strcmp(name, "get") || (group && (!strcmp(name, "join") || !strcmp(name, "cut") || !strcmp(name, "call") || !strcmp(name, "load")));
    if (is_errand && !begun.turn) say_error("this cannot be done now");
    errand = begun;
}

static void read_input(Watched *watched, uint32_t events) {
    static char text[MOST_LINE + 1];
    static size_t have;
    (void)watched, (void)events;
    ssize_t got = read(0, text + have, MOST_LINE - have);
    if (got <= 0) {
        is_over = true; /* Whoever started us is gone. */
        return;
    }
    have += (size_t)got;
    text[have] = 0;
    for (char *end; (end = strchr(text, '\n'));) { /* One at a time: the bench waits for each answer. */
        *end = 0;
        obey(text);
        have -= (size_t)(end + 1 - text);
        memmove(text, end + 1, have + 1);
    }
    fflush(stdout);
}

static void read_cookies(const char *path) {
    char line[1024];
    FILE *file = strcmp(path, "-") ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file) && cookie_count < MOST_DEVICES) {
        line[strcspn(line, "\n")] = 0;
        if (!(cookie_count & (cookie_count - 1))) cookies = realloc(cookies, (cookie_count ? cookie_count * 2 : 1) * sizeof(char *));
        cookies[cookie_count++] = strdup(line);
    }
    if (file) fclose(file);
}

int main(int count, char **words) {
    if (count != 7) return fprintf(stderr, "crowd ADDRESS PORT ORIGIN CODE COOKIES SECONDS\n"), 2;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
    if (inet_pton(AF_INET, words[1], &address.sin_addr) != 1 || ntohl(address.sin_addr.s_addr) >> 24 != 127)
        return fprintf(stderr, "the crowd goes to this machine alone, an address 127.x.x.x\n"), 2;
    snprintf(host, sizeof host, "%s:%s", words[1], words[2]);
    snprintf(origin, sizeof origin, "%s", words[3]);
    snprintf(code, sizeof code, "%s", words[4]);
    read_cookies(words[5]);
    double seconds = atof(words[6]), ends = now() + (seconds < MOST_SECONDS ? seconds : MOST_SECONDS);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    input.ready = read_input;
    watch(0, &input, EPOLLIN, false);
    printf("{\"ready\":true}\n");
    fflush(stdout);
    static struct epoll_event events[512];
    while (!is_over && now() < ends) {
        int found = epoll_wait(poller, events, 512, errand.turn ? 1 : 100);
        for (int i = 0; i < found; i++) ((Watched *)events[i].data.ptr)->ready(events[i].data.ptr, events[i].events);
        if (!errand.turn) continue;
        double at = now();
        if (!errand.turn(at) && at < errand.deadline) continue;
        errand.report();
        errand.turn = NULL;
        fflush(stdout);
    }
    return 0;
}
