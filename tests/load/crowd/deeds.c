/* What devices do: commands over the socket, each with its ack; and a load of them at a steady rate. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    double sent, acked;
    uint32_t device, card;
    char kind; /* vote, ask, or one call */
    bool is_ok;
} Deed;
static Deed deeds[MOST_DEEDS];
static uint32_t deed_count = 1; /* 0 is none */
static char *last_answer;
static double shown_at[MOST_CARDS]; /* when the desk first saw it */
static char last_refusal[200];

static uint64_t dice = 88172645463325252u;
static uint32_t roll(uint32_t sides) {
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return (uint32_t)(dice >> 33) % sides;
}

uint32_t send_deed(Device *device, const char *event, const char *body, char kind, uint32_t card) {
    static char text[4096];
    if (deed_count == MOST_DEEDS || device->phase != IN) return 0;
    int length = snprintf(text, sizeof text, "42%u[\"%s\",%s]", deed_count, event, body);
    if (length >= (int)sizeof text) return 0;
    deeds[deed_count] = (Deed){now(), 0, (uint32_t)(device - devices), card, kind, false};
    if (!say(device, text, (size_t)length)) return 0;
    return deed_count++;
}

void acked(Device *device, const char *text, size_t length) {
    char *rest;
    uint32_t number = (uint32_t)strtoul(text, &rest, 10);
    if (number == 0 || number >= deed_count || &devices[deeds[number].device] != device) return;
    Deed *deed = &deeds[number];
    deed->acked = now();
    Json json = {rest, text + length};
    if (!json_enter(&json, '[')) return;
    const char *start = json.at;
    json_skip(&json);
    Slice answer = {start, (size_t)(json.at - start)};
    if (deed->kind == 'c') {
        free(last_answer);
        last_answer = strndup(answer.at, answer.length);
    }
    Json inside = {answer.at, answer.at + answer.length};
    Slice question = {"", 0};
    if (json_enter(&inside, '{'))
        while (json_more(&inside, '}')) {
            Slice key = json_key(&inside);
            if (is(key, "ok"))
                deed->is_ok = inside.at < inside.end && *inside.at == 't', json_skip(&inside);
            else if (is(key, "question"))
                question = json_string(&inside);
            else
                json_skip(&inside);
        }
    if (deed->kind == 'a') deed->card = card_of(question);
    if (!deed->is_ok) snprintf(last_refusal, sizeof last_refusal, "%.*s", (int)answer.length, answer.at);
    if (deed->kind == 'v' && deed->is_ok && deed->card < device->room) device->voted[deed->card] = 1;
}

void desk_shows(uint32_t card) {
    if (card && !shown_at[card]) shown_at[card] = now();
}

double deed_ack(uint32_t deed, Slice *answer) {
    if (!deeds[deed].acked) return -1;
    *answer = (Slice){last_answer, last_answer ? strlen(last_answer) : 0};
    return deeds[deed].acked - deeds[deed].sent;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Times times_of(double *seconds, uint32_t count) {
    if (!count) return (Times){0};
    qsort(seconds, count, sizeof(double), by_size);
    return (Times){count, seconds[count / 2], seconds[(uint32_t)(count * 0.99)], seconds[count - 1]};
}

void print_times(const char *name, Times times) {
    printf(",\"%s\":{\"count\":%u,\"p50\":%.6f,\"p99\":%.6f,\"most\":%.6f}", name, times.count, times.p50, times.p99, times.most);
}

/* How many different (device, card) votes were acked; `hash` is over the tallies that follow from them. */
uint64_t votes_acked(uint64_t *hash) {
    static uint32_t tallies[MOST_CARDS];
    uint64_t count = 0;
    memset(tallies, 0, sizeof tallies);
    for (uint32_t i = 0; i < device_count; i++)
        for (uint32_t card = 1; card < devices[i].room; card++)
            if (devices[i].voted[card]) count++, tallies[card]++;
    *hash = 0;
    for (uint32_t card = 1; card < card_count; card++)
        if (tallies[card]) *hash += mixed(card, tallies[card]);
    return count;
}

/* ---- the load */
static struct {
    Group *group;
    double votes, asks, began, ends;
    uint32_t first, voted, asked, in_turn;
    uint64_t patches, pulses;
    bool each;
} load;

static void vote(void) {
    Device *device = &devices[load.group->start + (load.each ? load.in_turn++ : roll(load.group->count)) % load.group->count];
    uint32_t card = 0;
    char body[160];
    for (int tries = 0; tries < 64 && !card && device->room; tries++) {
        uint32_t found = roll(device->room);
        if (device->revs[found]) card = found;
    }
    load.voted++;
    if (!card) return;
    snprintf(body, sizeof body, "{\"key\":\"crowd-%d-%u\",\"question\":\"%s\"}", getpid(), deed_count, card_ids[card]);
    send_deed(device, "question.vote", body, 'v', card);
}

static void ask(void) {
    Device *device = &devices[load.group->start + roll(load.group->count)];
    char body[240];
    snprintf(body, sizeof body, "{\"key\":\"crowd-%d-%u\",\"words\":\"Does bus %u stop at corner %u on early days?\",\"lang\":\"en\"}", getpid(),
        deed_count, load.asked, roll(100000));
    send_deed(device, "question.ask", body, 'a', 0);
    load.asked++;
}

static bool turn(double at) {
    if (at < load.ends) {
        while (load.voted < (at - load.began) * load.votes) vote();
        while (load.asked < (at - load.began) * load.asks) ask();
        return false;
    }
    for (uint32_t i = load.first; i < deed_count; i++)
        if (!deeds[i].acked || (deeds[i].kind == 'a' && load.asks && deeds[i].is_ok && group_named("desk") && !shown_at[deeds[i].card])) return false;
    return at > load.ends + 0.5; /* The last of the tallies are on their way. */
}

static void report_kind(const char *name, char kind) {
    uint32_t sent = 0, count = 0, refused = 0;
    double *seconds = calloc(deed_count, sizeof(double));
    for (uint32_t i = load.first; i < deed_count; i++) {
        if (deeds[i].kind != kind) continue;
        sent++;
        if (!deeds[i].acked) continue;
        seconds[count++] = deeds[i].acked - deeds[i].sent;
        refused += !deeds[i].is_ok;
    }
    printf("\"%s\":{\"sent\":%u,\"acked\":%u,\"refused\":%u", name, sent, count, refused);
    print_times("times", times_of(seconds, count));
    printf("},");
    free(seconds);
}

static void report(void) {
    uint32_t count = 0, missing = 0;
    double *seconds = calloc(deed_count, sizeof(double));
    for (uint32_t i = load.first; i < deed_count; i++)
        if (deeds[i].kind == 'a' && deeds[i].is_ok) {
            if (shown_at[deeds[i].card])
                seconds[count++] = shown_at[deeds[i].card] - deeds[i].sent;
            else
                missing++;
        }
    printf("{");
    report_kind("votes", 'v');
    report_kind("asks", 'a');
    printf("\"unseen\":%u,\"patches\":%llu,\"pulses\":%llu", missing, (unsigned long long)(load.group->patches - load.patches),
        (unsigned long long)(load.group->pulses - load.pulses));
    print_times("held", times_of(seconds, count));
    printf(",\"refusal\":");
    print_json((Slice){last_refusal, strlen(last_refusal)});
    printf("}\n");
    free(seconds);
}

Errand begin_load(const char *line) {
    Group *group = group_named(word(line, "group", ""));
    if (!group || !group->count) return (Errand){0};
    memset(&load, 0, sizeof load);
    load.group = group;
    load.votes = number_of(line, "votes", 0), load.asks = number_of(line, "asks", 0);
    load.each = number_of(line, "each", 0) > 0;
    load.first = deed_count, load.patches = group->patches, load.pulses = group->pulses;
    load.began = now();
    load.ends = load.began + number_of(line, "for", 5);
    return (Errand){turn, report, load.ends + number_of(line, "seconds", 20)};
}
