/* Plain GETs: a device that catches up, and the load of first boards. */
#define _GNU_SOURCE /* strcasestr */
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_ANSWER = 1 << 22, MOST_AT_ONCE = 512 };

typedef struct Getting {
    Watched watched;
    int fd;
    char path[256], *answer;
    size_t length, room;
    Answered answered;
    void *who;
    bool keeps, gzip;
    uint32_t round, number;
    double began;
    struct Getting *next;
} Getting;
static uint32_t running;
static Getting *first_waiting, *last_waiting;

static void ready(Watched *watched, uint32_t events);
static void loaded(void *who, int status, const char *body, size_t length);

static void request(Getting *get) {
    char text[640];
    bool is_known = cookie_count && get->answered != loaded; /* The load is of newcomers. */
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s%s\r\n", get->path, host,
        get->gzip ? "Accept-Encoding: gzip\r\n" : "", get->keeps ? "" : "Connection: close\r\n", is_known ? "Cookie: " : "",
        is_known ? cookies[get->number % cookie_count] : "", is_known ? "\r\n" : "");
    get->length = 0;
    get->began = now();
    if (send(get->fd, text, (size_t)length, MSG_NOSIGNAL) != length) get->length = 0;
}

static void finish(Getting *get, int status, const char *body, size_t length) {
    if (get->fd >= 0) close(get->fd);
    get->fd = -1;
    running--;
    get->answered(get->who, status, body, length);
    free(get->answer);
    free(get);
}

static bool start(Getting *get, uint32_t number) {
    get->number = number; /* of the device, whose cookie it sends */
    get->fd = connect_loopback(number, 0);
    if (get->fd < 0) return false;
    get->watched.ready = ready;
    watch(get->fd, &get->watched, EPOLLOUT, false);
    running++;
    return true;
}

bool http_get(const char *path, Answered answered, void *who, uint32_t number) {
    Getting *get = calloc(1, sizeof *get);
    snprintf(get->path, sizeof get->path, "%s", path);
    get->answered = answered, get->who = who, get->fd = -1, get->number = number;
    if (running < MOST_AT_ONCE) {
        if (start(get, number)) return true;
        free(get);
        return false;
    }
    if (last_waiting)
        last_waiting->next = get;
    else
        first_waiting = get;
    last_waiting = get;
    return true;
}

static void start_waiting(void) {
    while (first_waiting && running < MOST_AT_ONCE) {
        Getting *get = first_waiting;
        first_waiting = get->next;
        if (!first_waiting) last_waiting = NULL;
        get->next = NULL;
        if (!start(get, get->number)) {
            get->answered(get->who, 0, "", 0);
            free(get);
        }
    }
}

/* ---- the load: `n` boards by `parallel` connections, each kept or made anew */
static uint32_t round_now; /* Answers to an earlier load, which ran out of time, count for none. */
static struct {
    uint32_t wanted, asked, done, failed, parallel, started;
    bool fresh, gzip;
    char path[256];
    double began, *seconds, ended;
    uint64_t bytes;
    int status;
} load;

static void loaded(void *who, int status, const char *body, size_t length) {
    (void)who, (void)body;
    load.status = status;
    if (status == 200)
        load.bytes += length;
    else
        load.failed++;
    load.done++;
    load.ended = now();
}

static void forgotten(void *who, int status, const char *body, size_t length) { (void)who, (void)status, (void)body, (void)length; }

/* The whole answer, if it is there: its body and status. */
static bool whole(Getting *get, char **body, size_t *length, int *status) {
    get->answer[get->length] = 0;
    char *end = strstr(get->answer, "\r\n\r\n"), *said;
    if (!end) return false;
    *status = atoi(get->answer + 9);
    *body = end + 4;
    size_t head = (size_t)(*body - get->answer);
    said = strcasestr(get->answer, "\r\ncontent-length:");
    if (!said || said > end) return *status = 0, *length = 0, true; /* Nothing here sends its answers in chunks. */
    *length = strtoul(said + 17, NULL, 10);
    return get->length - head >= *length;
}

static void ready(Watched *watched, uint32_t events) {
    Getting *get = (Getting *)watched;
    if (get->fd < 0) return;
    if (get->answered == loaded && get->round != round_now) return get->answered = forgotten, finish(get, 0, "", 0);
    if (!get->answer) {
        if (events & EPOLLERR) return finish(get, 0, "", 0);
        get->answer = malloc(get->room = 65536);
        watch(get->fd, watched, EPOLLIN, true);
        return request(get);
    }
    if (get->room - get->length < 32768) get->answer = realloc(get->answer, get->room *= 2);
    ssize_t got = recv(get->fd, get->answer + get->length, get->room - get->length - 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    char *body = "";
    size_t length = 0;
    int status = 0;
    if (got > 0) get->length += (size_t)got;
    if (got <= 0 || get->length > MOST_ANSWER) return finish(get, 0, "", 0);
    if (!whole(get, &body, &length, &status)) return;
    if (get->keeps && load.asked < load.wanted) {
        load.seconds[load.done] = now() - get->began;
        loaded(NULL, status, body, length);
        load.asked++;
        return request(get);
    }
    if (get->answered == loaded) load.seconds[load.done] = now() - get->began;
    finish(get, status, body, length);
}

static bool turn(double at) {
    (void)at;
    start_waiting();
    uint32_t limit = load.fresh ? load.wanted : load.parallel;
    while (load.asked < load.wanted && running < load.parallel && load.started < limit) {
        Getting *get = calloc(1, sizeof *get);
        snprintf(get->path, sizeof get->path, "%s", load.path);
        get->answered = loaded, get->fd = -1, get->keeps = !load.fresh, get->gzip = load.gzip, get->round = round_now;
        load.asked++, load.started++;
        if (!start(get, load.started)) {
            free(get);
            load.done++, load.failed++;
        }
    }
    return load.done >= load.wanted;
}

static void report(void) {
    double seconds = (load.ended ? load.ended : now()) - load.began;
    printf("{\"done\":%u,\"failed\":%u,\"status\":%d,\"seconds\":%.6f,\"per_second\":%.1f,\"bytes\":%.0f", load.done, load.failed,
        load.status, seconds, load.done / seconds, load.done ? (double)load.bytes / load.done : 0);
    print_times("times", times_of(load.seconds, load.done));
    printf("}\n");
    round_now++;
}

Errand begin_get(const char *line) {
    round_now++;
    free(load.seconds);
    memset(&load, 0, sizeof load);
    load.wanted = (uint32_t)number_of(line, "n", 1000);
    load.parallel = (uint32_t)number_of(line, "parallel", 32);
    if (load.parallel > MOST_AT_ONCE) load.parallel = MOST_AT_ONCE;
    load.fresh = number_of(line, "fresh", 0) > 0, load.gzip = number_of(line, "gzip", 1) > 0;
    snprintf(load.path, sizeof load.path, "%s", word(line, "path", "/"));
    load.seconds = calloc(load.wanted + 1, sizeof(double));
    load.began = now();
    return (Errand){turn, report, now() + number_of(line, "seconds", 30)};
}
