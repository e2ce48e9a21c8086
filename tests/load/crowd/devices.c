/* One phone: the upgrade, Engine.IO and Socket.IO on top, and its board by the rules of docs/wire.md. */
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 22, NARROW = 4096 };
/* The example of RFC 6455, so that the accepting answer is known and can be checked. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==", ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Device devices[MOST_DEVICES];
Group groups[MOST_GROUPS];
uint32_t device_count, group_count;
static char heap[MOST_BYTES + 1];

Group *group_named(const char *name) {
    for (uint32_t i = 0; i < group_count; i++)
        if (!strcmp(groups[i].name, name)) return &groups[i];
    return NULL;
}

static void make_room(Device *device, uint32_t cards) {
    if (cards <= device->room) return;
    uint32_t room = cards + 64;
    device->revs = realloc(device->revs, room * sizeof(uint32_t));
    device->tallies = realloc(device->tallies, room * sizeof(uint32_t));
    device->voted = realloc(device->voted, room);
    for (uint32_t i = device->room; i < room; i++) device->revs[i] = device->tallies[i] = device->voted[i] = 0;
    device->room = room;
}

/* The file: "epoch to", then "id rev" for each card of the page that the group's devices have fetched. */
void seed(Group *group, const char *path) {
    FILE *file = fopen(path, "r");
    char id[MOST_ID];
    uint32_t rev;
    if (!file || fscanf(file, "%ld %ld", &group->epoch, &group->to) != 2) {
        say_error("the seed cannot be read");
        if (file) fclose(file);
        return;
    }
    group->seed = calloc(MOST_CARDS, sizeof(uint32_t));
    while (fscanf(file, "%31s %u", id, &rev) == 2) group->seed[card_of((Slice){id, strlen(id)})] = rev;
    group->seed_count = card_count;
    fclose(file);
}

Device *add_device(Group *group) {
    if (device_count == MOST_DEVICES) return NULL;
    if (group->count && group->start + group->count != device_count) return NULL; /* Each group is one stretch. */
    if (!group->count) group->start = device_count;
    Device *device = &devices[device_count];
    *device = (Device){.fd = -1, .group = group, .number = device_count, .live = -1};
    device_count++, group->count++;
    if (group->seed) {
        device->epoch = group->epoch, device->mine = group->to;
        make_room(device, group->seed_count);
        memcpy(device->revs, group->seed, group->seed_count * sizeof(uint32_t));
    }
    return device;
}

void close_device(Device *device, bool reset) {
    struct linger at_once = {1, 0};
    if (device->fd >= 0) {
        if (reset) setsockopt(device->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(device->fd);
    }
    free(device->rest);
    device->fd = -1, device->phase = AWAY, device->rest = NULL, device->rest_length = 0, device->live = -1;
    device->stalled = false;
}

/* Why a device is no more: kept once for each group, for the bench to tell. */
static void lose(Device *device, const char *why) {
    Group *group = device->group;
    if (device->phase != IN)
        group->refused++;
    else
        group->dropped++;
    if (!group->fault[0]) snprintf(group->fault, sizeof group->fault, "%s: %.120s", device->phase == IN ? "lost" : "not let in", why);
    close_device(device, true);
}

static bool send_frame(Device *device, int opcode, const char *text, size_t length) {
    static const unsigned char mask[4] = {0x5a, 0x17, 0xc3, 0x88};
    unsigned char frame[4096];
    size_t at = 0;
    if (length > sizeof frame - 8) return false;
    frame[at++] = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        frame[at++] = (unsigned char)(0x80 | length);
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = (unsigned char)(length >> 8);
        frame[at++] = (unsigned char)length;
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) frame[at++] = (unsigned char)text[i] ^ mask[i & 3];
    return send(device->fd, frame, at, MSG_NOSIGNAL) == (ssize_t)at;
}

bool say(Device *device, const char *text, size_t length) { return send_frame(device, 1, text, length); }

static void upgrade(Device *device) {
    char request[1024];
    const char *cookie = cookie_count ? cookies[device->number % cookie_count] : "";
    int length = snprintf(request, sizeof request,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
        host, origin, KEY, *cookie ? "Cookie: " : "", cookie, *cookie ? "\r\n" : "");
    if (send(device->fd, request, (size_t)length, MSG_NOSIGNAL) != length) return lose(device, "cannot send the upgrade");
    device->phase = UPGRADING;
}

static void enter(Device *device, double at) {
    device->phase = IN;
    device->joined = at;
}

static void join(Device *device) {
    char text[1024];
    Group *group = device->group;
    int length = snprintf(text, sizeof text,
        "40{\"code\":\"%s\",\"audience\":\"%s\",\"screen\":\"%s\",\"format\":\"%s\",\"lang\":\"%s\",\"epoch\":%ld,\"since\":%ld}",
        code, group->audience, group->screen, group->format, group->lang, device->epoch, device->mine);
    if (!say(device, text, (size_t)length)) return lose(device, "cannot send the connect");
    device->phase = JOINING;
}

static void caught_up(void *who, int status, const char *body, size_t length);

static void catch_up(Device *device) {
    char path[256];
    Group *group = device->group;
    if (device->catching) return;
    group->catch_ups++;
    snprintf(path, sizeof path, "/s/%s/board?since=%ld&epoch=%ld&audience=%s&screen=%s&format=%s&lang=%s", code, device->mine,
        device->epoch, group->audience, group->screen, group->format, group->lang);
    device->catching = http_get(path, caught_up, device, device->number);
}

static void caught_up(void *who, int status, const char *body, size_t length) {
    Device *device = who;
    device->catching = 0;
    if (status == 200) apply(device, read_board(body, length), false);
    if (device->phase == IN && device->live > device->mine) catch_up(device); /* More came while it was on its way. */
}

static void take_tallies(Device *device, const Told *told) {
    for (size_t i = 0; i < told->tally_count; i++) {
        make_room(device, told->tallies[i].card + 1);
        device->tallies[told->tallies[i].card] = told->tallies[i].rev;
    }
}

/* The table of docs/wire.md; `live` is what came over the socket, whose numbers must never fall. */
void apply(Device *device, const Told *told, bool live) {
    Group *group = device->group;
    bool is_other_epoch = told->epoch != device->epoch;
    if (live) {
        if (told->to < device->live) group->lower++;
        device->live = told->to;
    }
    if (is_other_epoch && told->from) {
        device->mine = device->epoch = 0;
        return catch_up(device);
    }
    if (!is_other_epoch && device->mine >= told->to) return take_tallies(device, told);
    if (told->from > device->mine) {
        if (!device->catching) group->gaps++;
        return catch_up(device);
    }
    if (told->from == 0)
        for (uint32_t i = 0; i < device->room; i++) device->revs[i] = 0;
    for (size_t i = 0; i < told->card_count; i++) {
        make_room(device, told->cards[i].card + 1);
        device->revs[told->cards[i].card] = told->cards[i].rev;
        if (group->audience[0] == 'd') desk_shows(told->cards[i].card);
    }
    take_tallies(device, told);
    device->epoch = told->epoch, device->mine = told->to;
}

static void note_heard(Device *device, double at) {
    Group *group = device->group;
    if (group->heard_since == 0 || device->heard >= group->heard_since) return;
    device->heard = at;
    if (!group->first) group->first = at;
    group->last = at;
    if (group->heard) group->heard[group->heard_count++] = at - group->heard_since;
}

static void hear(Device *device, const char *text, size_t length, double at) {
    Group *group = device->group;
    const Told *told = read_event(text, length);
    if (told->kind == PATCH) {
        group->patches++;
        if (group->frame_length != length || memcmp(group->frame, text, length)) {
            group->frame = realloc(group->frame, length);
            memcpy(group->frame, text, group->frame_length = length);
        }
        if (!group->loose) apply(device, told, true);
        if (device->phase == IN) note_heard(device, at);
    } else if (told->kind == PULSE) {
        group->pulses++;
        if (!group->loose) {
            take_tallies(device, told);
            if (told->head >= 0 && told->head < device->live) group->lower++;
            if (told->head > device->mine) {
                if (device->phase == IN && !device->catching) group->gaps++;
                catch_up(device);
            }
        }
        if (device->phase == JOINING && (told->welcomes || group->loose)) enter(device, at);
    }
}

/* One Engine.IO packet. */
static void take(Device *device, const char *text, size_t length, double at) {
    if (length == 1 && text[0] == '2') {
        if (!say(device, "3", 1)) lose(device, "cannot answer a ping");
    } else if (text[0] == '0' && device->phase == OPENING) {
        join(device);
    } else if (length > 1 && text[0] == '4' && text[1] == '2') {
        hear(device, text + 2, length - 2, at);
    } else if (length > 1 && text[0] == '4' && text[1] == '3') {
        acked(device, text + 2, length - 2);
    } else if (length > 1 && text[0] == '4' && (text[1] == '4' || text[1] == '1')) {
        char why[100];
        snprintf(why, sizeof why, "%.*s", (int)length, text);
        lose(device, why);
    }
}

static size_t take_frames(Device *device, char *data, size_t length, double at) {
    size_t done = 0;
    while (device->fd >= 0 && length - done >= 2) {
        unsigned char *head = (unsigned char *)data + done;
        size_t size = head[1] & 127, start = 2;
        if (size == 126) {
            if (length - done < 4) break;
            size = (size_t)head[2] << 8 | head[3], start = 4;
        } else if (size == 127) {
            if (length - done < 10) break;
            size = 0, start = 10;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
        }
        if (size > MOST_BYTES / 2) return lose(device, "a frame too large"), length;
        if (length - done < start + size) break;
        char *text = data + done + start;
        done += start + size;
        device->group->bytes += start + size;
        if ((head[0] & 0xf0) != 0x80 || head[1] & 0x80)
            lose(device, "a frame that is compressed, masked or in parts");
        else if ((head[0] & 15) == 1)
            take(device, text, size, at);
        else if ((head[0] & 15) == 8)
            lose(device, "closed by the server");
        else if ((head[0] & 15) == 9)
            send_frame(device, 10, text, size);
    }
    return done;
}

static size_t take_upgrade(Device *device, char *data, size_t length) {
    data[length] = 0;
    char *end = strstr(data, "\r\n\r\n");
    if (!end) return 0;
    if (strncmp(data, "HTTP/1.1 101", 12) || !strstr(data, ACCEPT)) {
        data[64 < length ? 64 : length] = 0;
        lose(device, data);
        return length;
    }
    device->phase = OPENING;
    return (size_t)(end + 4 - data);
}

static void read_device(Device *device) {
    size_t have = device->rest_length;
    if (have) memcpy(heap, device->rest, have);
    ssize_t got = recv(device->fd, heap + have, MOST_BYTES - have, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return lose(device, got ? strerror(errno) : "closed");
    if (got < 0) return;
    double at = now();
    size_t length = have + (size_t)got, done = 0;
    if (device->phase == UPGRADING) done = take_upgrade(device, heap, length);
    if (device->phase > UPGRADING) done += take_frames(device, heap + done, length - done, at);
    if (device->fd < 0) return;
    free(device->rest);
    device->rest = NULL, device->rest_length = length - done;
    if (device->rest_length) {
        device->rest = malloc(device->rest_length);
        memcpy(device->rest, heap + done, device->rest_length);
    }
}

static void ready(Watched *watched, uint32_t events) {
    Device *device = (Device *)watched;
    if (device->fd < 0) return; /* Closed earlier in this very turn. */
    if (device->stalled) return lose(device, "let go while it did not read");
    if (device->phase == CONNECTING) {
        if (events & EPOLLERR) return lose(device, "no connection");
        if (!(events & EPOLLOUT)) return;
        watch(device->fd, watched, EPOLLIN, true);
        if (device->group->plain)
            enter(device, now());
        else
            upgrade(device);
        return;
    }
    read_device(device);
}

bool start_joining(Device *device) {
    device->began = now();
    device->fd = connect_loopback(device->number, device->group->narrow ? NARROW : 0);
    if (device->fd < 0) {
        device->group->refused++;
        return false;
    }
    device->phase = CONNECTING;
    device->watched.ready = ready;
    watch(device->fd, &device->watched, EPOLLIN | EPOLLOUT, false);
    return true;
}

/* It stays connected and reads nothing more, as a phone in a tunnel; only its end is noticed. */
void stall(Device *device) {
    watch(device->fd, &device->watched, 0, true);
    device->stalled = true;
}

void nudge_plain(Device *device) {
    if (send(device->fd, "!", 1, MSG_NOSIGNAL) != 1) lose(device, "cannot nudge");
}
