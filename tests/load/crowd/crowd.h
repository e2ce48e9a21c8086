/* A crowd of phones in one thread: what the files of this folder share. Compiled by tests/load/phones.py. */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_DEVICES = 60000, MOST_GROUPS = 8, MOST_CARDS = 16384, MOST_ID = 32, MOST_DEEDS = 400000 };

/* ---- json.c: walks over JSON without copying any of it */
typedef struct {
    const char *at;
    size_t length;
} Slice;
typedef struct {
    const char *at, *end;
} Json;
bool json_enter(Json *json, char open);
bool json_more(Json *json, char close);
Slice json_key(Json *json);
Slice json_string(Json *json);
double json_number(Json *json);
void json_skip(Json *json);
bool is(Slice slice, const char *word);
void print_json(Slice text); /* As a JSON string. */

/* ---- told.c: what a patch or a pulse says */
typedef struct {
    uint32_t card, rev; /* rev 0: gone */
} Shown;
typedef struct {
    enum { OTHER, PATCH, PULSE } kind;
    long epoch, from, to, head; /* head -1: not told */
    Shown *cards, *tallies;     /* of tallies, `rev` is the count */
    size_t card_count, tally_count;
    bool welcomes; /* a pulse with all tallies, or a reference's: the device is in */
} Told;
const Told *read_event(const char *text, size_t length); /* ["patch",{…}] */
const Told *read_board(const char *text, size_t length); /* {"epoch":…}, over HTTP */
uint32_t card_of(Slice id);
extern char card_ids[MOST_CARDS][MOST_ID];
extern uint32_t card_count;
uint64_t mixed(uint32_t card, uint32_t number);

/* ---- main.c */
typedef struct Watched {
    void (*ready)(struct Watched *watched, uint32_t events);
} Watched;
double now(void);
void watch(int fd, Watched *watched, uint32_t events, bool again);
int connect_loopback(uint32_t number, int room); /* Non-blocking; `room` for what is not read yet, 0: as usual. */
extern char origin[64], host[64], code[32];
extern char **cookies;
extern uint32_t cookie_count;
void say_error(const char *what);
/* What is being done: `turn` goes on with it and says whether it is finished, `report` prints the line. */
typedef struct {
    bool (*turn)(double at);
    void (*report)(void);
    double deadline;
} Errand;
const char *word(const char *line, const char *name, const char *otherwise); /* name=value of a command's line */
double number_of(const char *line, const char *name, double otherwise);
Errand begin_get(const char *line);                 /* http.c */
Errand begin_join(const char *line, bool is_cut);   /* errands.c */
Errand begin_call(const char *line);                /* errands.c */
Errand begin_load(const char *line);                /* deeds.c */

/* ---- devices.c: connections, and what each has on its board */
typedef struct {
    char name[32], audience[16], screen[16], format[8], lang[8];
    bool loose, plain, narrow;  /* a reference: numbers stand still; not even a handshake; little room to receive */
    uint32_t start, count;      /* its devices */
    long epoch, to;             /* of the page that all of them have fetched */
    uint32_t *seed, seed_count; /* its cards: rev by card */
    uint64_t patches, pulses, bytes;
    uint32_t lower, gaps, dropped, catch_ups, refused;
    char *frame;
    size_t frame_length; /* the last patch, as it came */
    double *heard;       /* seconds from `heard_since` to the first patch of each device; errands.c sorts them */
    uint32_t heard_count;
    double heard_since, first, last;
    char fault[160];
} Group;
typedef struct {
    Watched watched;
    int fd;
    enum { AWAY, CONNECTING, UPGRADING, OPENING, JOINING, IN } phase;
    Group *group;
    uint32_t number, catching;
    long epoch, mine, live; /* live: the highest number this connection has heard */
    uint32_t *revs, *tallies, room;
    uint8_t *voted;
    char *rest;
    size_t rest_length;
    double began, joined, heard;
    bool stalled;
} Device;
extern Device devices[MOST_DEVICES];
extern Group groups[MOST_GROUPS];
extern uint32_t device_count, group_count;
Group *group_named(const char *name);
void seed(Group *group, const char *path);
Device *add_device(Group *group);
bool start_joining(Device *device);
void close_device(Device *device, bool reset);
void stall(Device *device);
void apply(Device *device, const Told *told, bool live);
bool say(Device *device, const char *text, size_t length);
void nudge_plain(Device *device);

/* ---- deeds.c: commands of devices, and their acks */
uint32_t send_deed(Device *device, const char *event, const char *body, char kind, uint32_t card);
void acked(Device *device, const char *text, size_t length); /* 12[{"ok":true,…}] */
void desk_shows(uint32_t card);
double deed_ack(uint32_t deed, Slice *answer); /* seconds; negative: none yet */
typedef struct {
    uint32_t count;
    double p50, p99, most;
} Times;
Times times_of(double *seconds, uint32_t count); /* sorts them */
void print_times(const char *name, Times times);
uint64_t votes_acked(uint64_t *hash);

/* ---- http.c */
typedef void (*Answered)(void *who, int status, const char *body, size_t length);
bool http_get(const char *path, Answered answered, void *who, uint32_t number);

#endif
